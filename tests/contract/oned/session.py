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
class Refused(Call):
    """The same, of one that failed."""


@dataclass(frozen=True)
class Wait:
    """Until the VM is in the state and at rest."""

    vm: int
    state: str


@dataclass(frozen=True)
class Monitored:
    """The host and the datastores are monitored for the first time."""


@dataclass(frozen=True)
class Restart:
    """The process is stopped and started again."""


@dataclass(frozen=True)
class Driver:
    """From here on the driver behaves like that for the VM of that name."""

    vm: str
    failures: frozenset[str] = frozenset()
    delay: float = 0.0


@dataclass(frozen=True)
class RunsByHand:
    """Somebody started the VM behind the driver's back, and tells oned so."""

    vm: int


Step = Call | Wait | Monitored | RunsByHand | Restart | Driver


def _in_state(vm: int, action: str) -> list[Step]:
    """VMs 34 to 37 were brought into a state from which the recorded call then terminates them."""
    state = {"poweroff": "POWEROFF", "suspend": "SUSPENDED", "stop": "STOPPED", "undeploy": "UNDEPLOYED"}[action]
    return [
        *_deployed(vm),
        Call("one.vm.action", (action, vm)),
        Wait(vm, state),
    ]


def _template(name: str, *more: str) -> str:
    return "\n".join([f'NAME="{name}"', 'CPU="0.1"', 'MEMORY="64"', *more])


def _vm(name: str, *more: str, hold: bool = True) -> Call:
    return Call("one.vm.allocate", (_template(name, *more), hold))


def _network(name: str, *more: str) -> Call:
    return Call("one.vn.allocate", ("\n".join([f'NAME="{name}"', 'VN_MAD="dummy"', 'BRIDGE="b"', *more]), -1))


def _deployed(vm: int) -> list[Step]:
    return [Call("one.vm.deploy", (vm, 0, False, -1, "")), Wait(vm, "RUNNING")]


def _resized(vm: int, times: int) -> list[Step]:
    return [Call("one.vm.resize", (vm, 'CPU="0.1"', False))] * times


def _terminated(vm: int, action: str = "terminate") -> list[Step]:
    return [Call("one.vm.action", (action, vm)), Wait(vm, "DONE")]


def _image(name: str, *more: str, datastore: int = 1) -> Call:
    return Call("one.image.allocate", ("\n".join([f'NAME="{name}"', *more]), datastore))


# What the VM with an alias took: two addresses of network 0, one of network 4.
_THREE_NICS = ('NIC=[NETWORK="net1"]', 'NIC=[NETWORK_ID="4"]', 'NIC=[NETWORK="net1"]')
# In the order in which the twenty came.
_PARALLEL = (0, 2, 13, 12, 14, 7, 8, 1, 3, 11, 5, 6, 15, 9, 10, 4, 16, 17, 18, 19)

INTERLUDES: dict[int, list[Step]] = {
    46: [Monitored()],
    125: [_image("imgdummy", 'PATH="/dummy/x.img"', datastore=100)],
    157: [_image("img1clone", 'PATH="/srv/one/images/small.raw"')],
    282: [Refused("one.vm.allocate", (_template("vm-2nic", *_THREE_NICS, 'CONTEXT=[TOKEN="YES"]'), True))],
    389: [_vm("vm-2nic", *_THREE_NICS, 'CONTEXT=[NETWORK="YES"]')],
    392: [_vm("vm-auto", 'NIC=[NETWORK_ID="5"]'), *_deployed(18), *_terminated(18, "terminate-hard")],
    351: [Wait(0, "RUNNING")],
    354: [Wait(0, "RUNNING")],
    418: [Driver("vm-fail", frozenset({"deploy", "shutdown", "attach_nic"}))],
    424: [RunsByHand(25)],
    431: [Driver(name, frozenset({"deploy"})) for name in ("vm-fail2", "vm-fail3", "vm-fail4")],
    441: [Wait(28, "BOOT_FAILURE"), Driver("vm-fail")],
    489: _in_state(34, "poweroff"),
    491: _in_state(35, "suspend"),
    493: _in_state(36, "stop"),
    495: _in_state(37, "undeploy"),
    # A VM with a long history; it was used to read right after each action.
    496: [_vm("race"), *_deployed(38), *_resized(38, times=8), *_terminated(38)],
    # Twenty VMs at once.
    497: [
        *(_vm(f"par{number}", 'NIC=[NETWORK="par"]') for number in _PARALLEL),
        *(Call("one.vm.action", ("terminate", vm)) for vm in range(39, 59)),
    ],
    499: [_network("fast", 'AR=[TYPE="IP4",IP="172.22.0.1",SIZE="5"]')],
    503: [
        Call("one.vm.action", ("terminate", 59)),
        _image("fastimg", 'PATH="/srv/one/images/small.raw"'),
    ],
    506: [*_terminated(60, "terminate-hard")],
    507: [Call("one.vn.delete", (9,))],
    511: [Call("one.vm.action", ("terminate", 61))],
    547: [
        Driver("slow", delay=0.6),
        _vm("slow", 'NIC=[NETWORK="net2"]'),
        Call("one.vm.deploy", (66, 0, False, -1, "")),
    ],
    563: [Wait(66, "DONE"), _vm("rel")],
    564: [Wait(67, "RUNNING")],
    565: [
        *_terminated(67, "terminate-hard"),
        _vm("lookup-me"),
        _vm("pyvm", 'NIC=[NETWORK="net2",IP="192.168.77.14"]'),
        Call("one.vm.action", ("terminate", 69)),
        Restart(),
    ],
    570: [Monitored(), _image("first", 'TYPE="DATABLOCK"', 'SIZE="1"')],
}
OUT_OF_SCOPE: dict[int, str] = {
    14: "access rules beyond the initial ones are not here",
    125: "a datastore of the dummy driver gives any path a size; the interlude allocates the image by another path",
    126: "as 125",
    157: "images are not cloned",
    166: "lists the clone of 157",
    167: "lists the clone of 157",
    282: "NICs have no aliases; the interlude takes the same addresses",
    389: "as 282",
    390: "as 282",
    392: "networks are not chosen by the scheduler (NETWORK_MODE=auto); the interlude takes the same address",
    393: "as 392",
    394: "as 392",
    395: "as 392",
    309: "an instant of oned in which the VM is in none of the group's four lists",
    466: "no quotas",
    467: "as 466",
    468: "as 466",
    473: "no login tokens",
    478: "no introspection of the XML-RPC library",
    479: "as 478",
    480: "as 478",
    516: "no reservations of address ranges",
    517: "as 516",
    518: "networks are not recovered: they are deleted and made again",
    574: "no IPv6 addresses",
    575: "as 574",
    576: "as 574",
    234: "a bad call of the recorder",
    283: "a bad call of the recorder",
}
# Right after the call before, while something is still going on; everywhere else the replay waits for rest.
RACING = {260, 503, 504, 507, *range(548, 559), 561, 562}
# Differences of recordings that are played nevertheless: where, and why.
ACCEPTED: dict[int, dict[str, str]] = {
    539: {"/HOST[1]/TEMPLATE": "the dummy driver's invented hardware"},
    541: {
        "/HOST_POOL/HOST[1]/TEMPLATE": "the dummy driver's invented hardware",
        "/HOST_POOL/HOST[0]/TEMPLATE": "the dummy driver's invented hardware",
    },
    567: {
        "/VM_POOL/VM[29]/USER_TEMPLATE": "the VM waited 4 s: the sandbox says why after 5",
        "/VM_POOL/VM[28]/USER_TEMPLATE/ERROR": "the driver's text names the other host",
        "/VM_POOL/VM[18]/TEMPLATE/NIC": "of the interlude at 392",
    },
}
