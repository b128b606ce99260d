"""The recorded session: what happened between its recordings, and what of it the sandbox leaves out, with the reasons.

Not every call of that session was recorded. INTERLUDES holds what the recordings imply, so that ids and addresses go on
as they did; a recording that is left out has an interlude in its place where later ones build on it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    """A call that was not recorded. `parameters` without the session."""

    method: str
    parameters: tuple[object, ...]


@dataclass(frozen=True)
class Wait:
    """Until the VM is in the state and at rest."""

    vm: int
    state: str


@dataclass(frozen=True)
class Restart:
    """The process is stopped and started again."""


@dataclass(frozen=True)
class Driver:
    """From here on the driver behaves like that for the VM of that name."""

    vm: str
    failures: frozenset[str] = frozenset()
    delay: float = 0.0


Step = Call | Wait | Restart | Driver


def _terminated(vm: int, action: str) -> list[Step]:
    """VMs 34 to 37 were brought into a state, from which the recorded call then terminates them."""
    state = {"poweroff": "POWEROFF", "suspend": "SUSPENDED", "stop": "STOPPED", "undeploy": "UNDEPLOYED"}[action]
    return [
        Call("one.vm.deploy", (vm, 0, False, -1, "")),
        Wait(vm, "RUNNING"),
        Call("one.vm.action", (action, vm)),
        Wait(vm, state),
    ]


def _vm(name: str, *more: str, hold: bool = True) -> Call:
    return Call("one.vm.allocate", ("\n".join([f'NAME="{name}"', 'CPU="0.1"', 'MEMORY="64"', *more]), hold))


def _image(name: str, *more: str, datastore: int = 1) -> Call:
    return Call("one.image.allocate", ("\n".join([f'NAME="{name}"', *more]), datastore))


ALWAYS_FAILING = frozenset({"deploy", "shutdown", "attach_nic"})

INTERLUDES: dict[int, list[Step]] = {}
OUT_OF_SCOPE: dict[int, str] = {}
# Right after the call before, while something is still going on; everywhere else the replay waits for rest.
RACING = {260, 507, *range(547, 559), 561, 562}
