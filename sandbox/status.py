"""`status`: what is in the sandbox, asked of its API as any client would."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import pyone
from rich.console import Console
from rich.table import Table

from sandbox import bastion, engine, front_end
from sandbox.oned.states import Lcm, State
from sandbox.place import Place

ANY_OWNER = -2
ALL = -1
ANY_STATE_BUT_DONE = -1


@dataclass(frozen=True)
class VmLine:
    """A VM: `age` in seconds, `memory` in MiB."""

    id: int
    name: str
    state: str
    addresses: list[str]
    age: int
    cpu: float
    vcpu: int
    memory: int
    error: str


@dataclass(frozen=True)
class NetworkLine:
    """A virtual network and how many of its addresses are leased."""

    id: int
    name: str
    ranges: list[str]
    leases: int
    error: str


@dataclass(frozen=True)
class Status:
    """The sandbox as it is now. Without a running API its contents are not known."""

    name: str
    endpoint: str
    api: bool
    bastion: str
    bastion_runs: bool
    vms: list[VmLine] = field(default_factory=list)
    networks: list[NetworkLine] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    images: int = 0


def show(place: Place, as_json: bool) -> None:
    """Print the status, for people or for programs. Raises EngineError when Docker does not answer."""
    status = read(place)
    if as_json:
        print(json.dumps(asdict(status), indent=2))
    else:
        _print(status)


def read(place: Place) -> Status:
    """The status. An API that does not answer is a finding, not an error."""
    client = engine.connect()
    api = front_end.is_running(place) and front_end.answers(place)
    empty = Status(
        name=place.name,
        endpoint=place.endpoint,
        api=api,
        bastion=f"127.0.0.1:{place.bastion_port}",
        bastion_runs=bastion.has_port(client, place),
    )
    if not api:
        return empty
    one = pyone.OneServer(place.endpoint, session=place.one_auth.read_text().strip())
    everything = (ANY_OWNER, ALL, ALL)
    return Status(
        **{
            **asdict(empty),
            "vms": [_vm(vm) for vm in reversed(one.vmpool.infoextended(*everything, ANY_STATE_BUT_DONE).VM)],
            "networks": [_network(network) for network in one.vnpool.info(*everything).VNET],
            "groups": [group.NAME for group in one.secgrouppool.info(*everything).SECURITY_GROUP],
            "images": len(one.imagepool.info(*everything).IMAGE),
        }
    )


def _vm(vm: Any) -> VmLine:
    template = vm.TEMPLATE
    state = State(vm.STATE)
    return VmLine(
        id=vm.ID,
        name=vm.NAME,
        state=Lcm(vm.LCM_STATE).name if state is State.ACTIVE else state.name,
        addresses=[nic["IP"] for nic in _vectors(template, "NIC") if "IP" in nic],
        age=int(time.time()) - vm.STIME,
        cpu=float(template["CPU"]),
        vcpu=int(template.get("VCPU", 1)),
        memory=int(template["MEMORY"]),
        error=vm.USER_TEMPLATE.get("ERROR", "") if vm.USER_TEMPLATE else "",
    )


def _network(network: Any) -> NetworkLine:
    ranges = network.AR_POOL.AR if network.AR_POOL else []
    return NetworkLine(
        id=network.ID,
        name=network.NAME,
        ranges=[f"{ar.IP} +{ar.SIZE}" for ar in ranges if ar.IP],
        leases=network.USED_LEASES,
        error=network.TEMPLATE.get("ERROR", "") if network.TEMPLATE else "",
    )


def _vectors(template: Any, name: str) -> list[Any]:
    found = template.get(name, [])
    return found if isinstance(found, list) else [found]


def _print(status: Status) -> None:
    console = Console(highlight=False)
    with console.capture() as text:
        _render(console, status)
    print(text.get(), end="")


def _render(console: Console, status: Status) -> None:
    console.print(f"sandbox {status.name}")
    console.print(f"  API      {status.endpoint if status.api else 'does not run'}")
    console.print(f"  bastion  {status.bastion if status.bastion_runs else 'does not run'}")
    if not (status.api and status.bastion_runs):
        console.print("  `python -m sandbox up` starts what is missing")
    if not status.api:
        return
    console.print(f"  groups   {', '.join(status.groups) or 'none'}")
    console.print(f"  images   {status.images}")
    vms = _table("VM", "name", "state", "address", "age", "CPU", "memory")
    for vm in status.vms:
        vms.add_row(
            str(vm.id), vm.name, vm.state, " ".join(vm.addresses), _age(vm.age), f"{vm.vcpu}", f"{vm.memory} MiB"
        )
    networks = _table("net", "name", "addresses", "leased")
    for network in status.networks:
        networks.add_row(str(network.id), network.name, " ".join(network.ranges), str(network.leases))
    for table, none in ((vms, "no VMs"), (networks, "no networks")):
        console.print(table if table.row_count else f"  {none}")
    errors = {f"VM {vm.id}": vm.error for vm in status.vms} | {f"net {net.id}": net.error for net in status.networks}
    for thing, error in errors.items():
        if error:
            console.print(f"  {thing}: {error}", style="red")


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="bold", pad_edge=True)
    for column in columns:
        table.add_column(column, justify="left" if column in ("name", "state", "address", "addresses") else "right")
    return table


def _age(seconds: int) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
