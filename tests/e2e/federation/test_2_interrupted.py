"""Ctrl-C at four moments: the next `pulumi up` goes on from there, with nothing twice and nothing left over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.federation.workspace import Workspace

TWO = {"flower-superlink", "flower-supernode-1", "flower-supernode-2"}
THREE = TWO | {"flower-supernode-3"}


def line_with(*parts: str) -> Callable[[str], bool]:
    """True of the line that has all of `parts`."""
    return lambda line: all(part in line for part in parts)


def converged(federation: Workspace, machines: set[str]) -> None:
    """`up` reaches `machines`, each once, with its container running, and a second `up` has nothing to do."""
    federation.up()
    vms = federation.vms()
    assert set(vms) == machines
    state = {str(r["id"]) for r in federation.resources().values() if r["type"].endswith(":VirtualMachine")}
    assert state == {str(vm["id"]) for vm in vms.values()}, "a VM runs that the state does not know"
    for node in federation.outputs()["supernodes"]:
        assert federation.inspect(node["name"], "{{.State.Running}}") == "true"
    federation.up_finds_nothing_to_do()


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(line_with("supernode-3-vm", "creating"), id="in a VM's wait"),
        pytest.param(line_with("supernode-3-image-delivery", "creating"), id="in an image's delivery"),
        pytest.param(line_with("supernode-3-container-run", "creating"), id="in a remote command"),
    ],
)
def test_an_interrupted_up_converges(federation: Workspace, moment: Callable[[str], bool]) -> None:
    federation.pulumi("config", "set", "supernodes", "3")
    federation.interrupt_up(moment)
    converged(federation, THREE)
    federation.pulumi("config", "set", "supernodes", "2")
    federation.up()
    assert set(federation.vms()) == TWO


def test_an_interrupted_delete_converges(federation: Workspace) -> None:
    federation.pulumi("config", "set", "supernodes", "3")
    federation.up()
    federation.pulumi("config", "set", "supernodes", "2")
    federation.interrupt_up(line_with("supernode-3-vm", "deleting"))
    converged(federation, TWO)
