"""How Flower's command line is called."""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path

import pytest

from flower import error_message, tool_environment, write_home


def test_programs_beside_this_python_come_first_and_nothing_calls_home() -> None:
    environment = tool_environment(FLWR_HOME="/h")
    assert environment["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert environment["FLWR_TELEMETRY_ENABLED"] == "0"
    assert environment["FLWR_DISABLE_UPDATE_CHECK"] == "1"
    assert environment["FLWR_HOME"] == "/h"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            "Using SuperLink: opennebula (127.0.0.1:1)\n Stopping...\n[code: 16] Run ID\n not found.",
            "[code: 16] Run ID",
        ),
        ("no pyproject.toml\n\n", "no pyproject.toml"),
    ],
    ids=["with a code", "without"],
)
def test_an_error_of_flowers_comes_without_what_was_printed_before(said: str, message: str) -> None:
    assert error_message(said).splitlines()[0] == message


@pytest.mark.parametrize("variable", ["no_proxy", "NO_PROXY"])
def test_loopback_never_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "hospital.example,127.0.0.1")
    assert tool_environment()["no_proxy"] == "hospital.example,127.0.0.1,localhost"


def test_the_private_home_is_for_its_owner_alone_and_leads_to_the_tunnel(tmp_path: Path) -> None:
    write_home(tmp_path / "home", "127.0.0.1:40000")
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700
    config = tomllib.loads((tmp_path / "home" / "config.toml").read_text())
    assert config["superlink"][config["superlink"]["default"]]["address"] == "127.0.0.1:40000"
