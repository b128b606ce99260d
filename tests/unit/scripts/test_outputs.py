"""The stack's outputs, and what is said where they cannot be used."""

from __future__ import annotations

from typing import Any

import pytest

from outputs import PROJECT, Bastion, parse_outputs
from problem import Problem

OUTPUTS: dict[str, Any] = {
    "superlinkEndpoint": "172.16.100.3:9092",
    "controlEndpoint": "127.0.0.1:9093",
    "superlink": {"name": "superlink", "ip": "172.16.100.3", "vmId": "1", "imageDigest": "sha256:a"},
    "supernodes": [
        {"name": "supernode-1", "site": "Bonn", "ip": "172.16.100.4", "vmId": "2", "imageDigest": "sha256:b"}
    ],
    "bastion": {"host": "127.0.0.1", "port": 2222, "user": "root"},
    "ssh": {"user": "root", "privateKeyFile": ".sandbox/dev/id_ed25519"},
    "sshKnownHosts": "127.0.0.1 ssh-ed25519 AAAA",
    "images": {"superlink": "flower-superlink:1", "supernode": "flower-supernode:2"},
}


def test_outputs_are_typed_and_relative_paths_are_the_projects() -> None:
    outputs = parse_outputs(OUTPUTS)
    assert outputs.private_key_file == PROJECT / ".sandbox/dev/id_ed25519"
    assert outputs.bastion == Bastion("127.0.0.1", 2222, "root")
    assert [(node.site, node.image_digest) for node in outputs.supernodes] == [("Bonn", "sha256:b")]


def test_a_deployment_without_a_bastion_is_fine() -> None:
    assert parse_outputs({**OUTPUTS, "bastion": None}).bastion is None


def test_numbers_that_pulumi_gives_as_floats_are_read() -> None:
    bastion = parse_outputs({**OUTPUTS, "bastion": {**OUTPUTS["bastion"], "port": 2222.0}}).bastion
    assert bastion and bastion.port == 2222


def test_a_destroyed_stack_is_told_apart() -> None:
    with pytest.raises(Problem, match="stack dev has nothing deployed: it was destroyed") as problem:
        parse_outputs({}, "dev")
    assert "pulumi up" in problem.value.remedy


@pytest.mark.parametrize("missing", ["controlEndpoint", "superlink", "supernodes", "bastion", "ssh", "sshKnownHosts"])
def test_a_missing_output_is_named(missing: str) -> None:
    partial = {key: value for key, value in OUTPUTS.items() if key != missing}
    with pytest.raises(Problem, match=f"no usable output '{missing}'"):
        parse_outputs(partial)
