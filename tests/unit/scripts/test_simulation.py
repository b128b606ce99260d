"""The container of local-sim: what it may do, before any Docker engine is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation import run_command


@pytest.mark.parametrize(("hub", "network"), [(False, "none"), (True, "bridge")])
def test_only_a_data_set_from_a_hub_needs_the_network(hub: bool, network: str) -> None:
    command = run_command("name", "image", Path("/app"), hub)
    assert command[command.index("--network") + 1] == network


def test_the_container_is_hardened_and_sees_app_and_data_read_only() -> None:
    command = run_command("name", "image", Path("/my app"), hub=False)
    text = " ".join(command)
    assert all(word in text for word in ("--cap-drop ALL", "no-new-privileges", "--read-only", "--rm"))
    volumes = [command[index + 1] for index, word in enumerate(command) if word == "--volume"]
    assert volumes[0] == "/my app:/app:ro"
    assert len(volumes) == 2 and volumes[1].endswith(":/data:ro")
    assert command[-1] == "image"
