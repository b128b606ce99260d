"""Where a VM goes: requirements and capacity of hosts, and the beginning of its stay there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sandbox.oned.infrastructure import Datastore, Host, HostState
from sandbox.oned.states import Lcm, State
from sandbox.oned.store import Transaction
from sandbox.oned.vm import Record, Vm

TOKEN = re.compile(r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<sign>[()&|]|!=|<=|>=|[!=<>])|(?P<word>[^\s()&|!=<>"]+))')


def choose(tx: Transaction, vm: Vm) -> Host | str:
    """The enabled host that meets the requirements, has room, and has fewest VMs; or why the VM has to wait."""
    vms = tx.all(Vm, live=True)
    hosts = [host for host in tx.all(Host) if host.state == HostState.MONITORED and _meets(host, vm)]
    for host in hosts:
        host.occupy(vms)
    fitting = [host for host in hosts if not host.shortage(vm)]
    if not hosts:
        return "No host meets SCHED_REQUIREMENTS"
    if not fitting:
        return f"No host with enough capacity to deploy the VM. {hosts[0].name}: {hosts[0].shortage(vm)}"
    return min(fitting, key=lambda host: (len(host.vms), -host.id))


def dispatch(tx: Transaction, vm: Vm, host: Host, datastore: Datastore, *, scheduled: bool) -> None:
    """The VM is the host's from now on; the worker boots it."""
    vm.move(State.ACTIVE, Lcm.LCM_INIT)
    vm.history.append(
        Record(
            seq=len(vm.history),
            host=host.id,
            hostname=host.name,
            cluster=host.cluster,
            datastore=datastore.id,
            vm_mad=host.vm_mad,
            tm_mad=datastore.template.text("TM_MAD"),
            plan=-1 if scheduled else -2,
        )
    )
    vm.template.set("TM_MAD_SYSTEM", datastore.template.text("TM_MAD"))
    vm.open_graphics()
    tx.put(vm)


def matches(expression: str, attributes: dict[str, str]) -> bool:
    """Whether a host with these attributes meets a requirement, e.g. `NAME = "a*" & !(CLUSTER_ID = 0 | ID > 3)`.

    An expression that oned could not read is met by no host.
    """
    try:
        tokens = _Tokens(expression)
        met = _any_of(tokens, attributes)
        return met and tokens.peek() is None
    except ValueError:
        return False


def _meets(host: Host, vm: Vm) -> bool:
    attributes = {name: value for name, value in host.template.items if isinstance(value, str)}
    attributes |= {"ID": str(host.id), "NAME": host.name, "HOSTNAME": host.name, "CLUSTER": host.cluster_name}
    attributes |= {
        "CLUSTER_ID": str(host.cluster),
        "TOTAL_CPU": str(host.total_cpu),
        "TOTAL_MEM": str(host.total_memory),
    }
    wanted = [vm.template.text("AUTOMATIC_REQUIREMENTS"), vm.user_template.text("SCHED_REQUIREMENTS")]
    return all(matches(expression, attributes) for expression in wanted if expression)


class _Tokens:
    """A requirement's tokens, one to look ahead."""

    def __init__(self, text: str) -> None:
        self._rest = self._split(text.strip())
        self._next = next(self._rest, None)

    def peek(self) -> str | None:
        return self._next

    def take(self) -> str:
        if self._next is None:
            raise ValueError("the expression ends too early")
        token, self._next = self._next, next(self._rest, None)
        return token

    @staticmethod
    def _split(text: str) -> Iterator[str]:
        at = 0
        while at < len(text):
            match = TOKEN.match(text, at)
            if match is None:
                raise ValueError(f"no token at {text[at:]!r}")
            at = match.end()
            yield match[0].strip()


def _any_of(tokens: _Tokens, attributes: dict[str, str]) -> bool:
    met = _all_of(tokens, attributes)
    while tokens.peek() == "|":
        tokens.take()
        met = _all_of(tokens, attributes) or met
    return met


def _all_of(tokens: _Tokens, attributes: dict[str, str]) -> bool:
    met = _term(tokens, attributes)
    while tokens.peek() == "&":
        tokens.take()
        met = _term(tokens, attributes) and met
    return met


def _term(tokens: _Tokens, attributes: dict[str, str]) -> bool:
    first = tokens.take()
    if first == "!":
        return not _term(tokens, attributes)
    if first == "(":
        met = _any_of(tokens, attributes)
        if tokens.take() != ")":
            raise ValueError("a parenthesis is not closed")
        return met
    sign, value = tokens.take(), tokens.take().strip('"')
    return _compare(attributes.get(first.upper().strip('"'), ""), sign, value)


def _compare(actual: str, sign: str, wanted: str) -> bool:
    if sign in ("=", "!="):
        pattern = ".*".join(re.escape(part) for part in wanted.split("*"))
        return (re.fullmatch(pattern, actual) is not None) == (sign == "=")
    try:
        left, right = float(actual or 0), float(wanted)
    except ValueError:
        return False
    return {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[sign]
