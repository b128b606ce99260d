"""`pulumi destroy`, also of a federation with a dead machine, leaves nothing in the cloud."""

from __future__ import annotations

from tests.e2e.federation.workspace import Workspace


def test_destroy_with_a_dead_vm_leaves_nothing(federation: Workspace) -> None:
    assert federation.cloud()["networks"], "there is a network to lose"
    federation.kill_machine("flower-supernode-2")
    federation.pulumi("destroy", "--yes", "--skip-preview")
    cloud = federation.cloud()
    assert (cloud["vms"], cloud["networks"]) == ([], [])
    assert cloud["groups"] == ["default"]
    assert federation.resources() == {}


def test_training_on_a_destroyed_stack_says_what_to_do(federation: Workspace) -> None:
    said = federation.refused("python", "scripts/train.py", "--stack", "e2e")
    assert "pulumi up" in said
    assert "Traceback" not in said
