"""Waits for virtual machines: state machines over oned's two states of a machine.

oned tells the old state for a moment after an action succeeded, and with a failing driver it rolls back in silence; so
a wait looks for the wanted state, not for a change, and time tells an action that had no effect from one under way.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pulumi_provider_kit import Operation, Pending, UserError
from pyone import LCM_STATE, VM_STATE

from .client import Client, NotFound, OneError, WrongState
from .document import Document
from .waits import PATIENCE, SETTLING, Clock, reason

_PENDING_IS_LONG = 15.0  # seconds; the scheduler looks every 10 s by default

RUNNING = (VM_STATE.ACTIVE, LCM_STATE.RUNNING)
POWEROFF = (VM_STATE.POWEROFF, LCM_STATE.LCM_INIT)
STOPPED = (VM_STATE.STOPPED, VM_STATE.SUSPENDED, VM_STATE.POWEROFF, VM_STATE.UNDEPLOYED)


@dataclass(frozen=True)
class VmState:
    """A virtual machine's two states."""

    state: int
    lcm: int

    @classmethod
    def of(cls, document: Document) -> VmState:
        """The states in a VM's document."""
        return cls(document.number("STATE"), document.number("LCM_STATE"))

    @property
    def state_name(self) -> str:
        """Such as `ACTIVE`."""
        return VM_STATE(self.state).name if self.state in set(VM_STATE) else str(self.state)

    @property
    def lcm_name(self) -> str:
        """Such as `RUNNING`."""
        return LCM_STATE(self.lcm).name if self.lcm in set(LCM_STATE) else str(self.lcm)

    @property
    def failed(self) -> bool:
        """Whether it stays like this until somebody recovers it."""
        if self.state == VM_STATE.ACTIVE:
            return self.lcm_name.endswith("FAILURE")
        return self.state == int(VM_STATE.CLONING_FAILURE)

    @property
    def is_done(self) -> bool:
        """Whether it is gone for good; oned answers for it all the same."""
        return self.state == int(VM_STATE.DONE)

    def __str__(self) -> str:
        return f"{self.state_name}/{self.lcm_name}" if self.state == VM_STATE.ACTIVE else self.state_name


@dataclass
class VmWait:
    """Waits for one virtual machine.

    Args:
        operation: on whose behalf; its cancel and deadline end every wait.
        client: the connection.
        id: of the machine.
        name: of the machine.
        clock: seconds, for tests.
    """

    operation: Operation
    client: Client
    id: int
    name: str
    clock: Clock = time.monotonic
    _hint: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self._started = self.clock()

    @property
    def what(self) -> str:
        """How the machine is called in messages."""
        return f"VM {self.id} ({self.name})"

    def look(self) -> Document:
        """Its document now: the one place where all waits for machines ask oned."""
        return self.client.info("vm", self.id)

    def running(self, met: Callable[[Document], bool] = lambda _: True, recovering: bool = False) -> Document:
        """Wait until it is RUNNING; its document.

        Args:
            met: what else must be true of the document.
            recovering: whether it was in a failed state just now, and may still seem so.

        Raises:
            UserError: it failed, was terminated, stays stopped, or stays RUNNING without what must be true.
        """
        return self._state(RUNNING, met, recovering)

    def ask(self, method: str, *arguments: object, again: bool = False) -> None:
        """Call a method that changes it; while it is busy with the change before, wait."""
        started = self.clock()

        def probe() -> bool | Pending:
            try:
                self.client.call(method, *arguments, again=again)
            except OneError as error:
                # Right after a change oned may still tell the state before it, so that nobody can know it is busy.
                if "state" not in error.reason or self.clock() - started > SETTLING:
                    raise
                return Pending(error.reason)
            return True

        self.operation.wait_for(self.what, probe)

    def off(self) -> None:
        """Power it off, and wait until it is. At once where the guest does not obey. Raises as `running`."""
        started = self.clock()
        self.ask("vm.action", "poweroff", self.id)
        hard = False

        def met(document: Document) -> bool:
            nonlocal hard
            if not hard and self.clock() - started > PATIENCE and VmState.of(document).state == VM_STATE.ACTIVE:
                self.client.call("vm.action", "poweroff-hard", self.id)
                hard = True
            return True

        self._state(POWEROFF, met, False)

    def steady(self) -> Document:
        """Wait until nothing is under way; its document, be it RUNNING, waiting for a host, stopped, failed or gone."""

        def probe() -> Document | Pending:
            document = self.look()
            state = VmState.of(document)
            under_way = state.state == VM_STATE.ACTIVE and state.lcm != LCM_STATE.RUNNING and not state.failed
            return Pending(str(state)) if under_way or state.state == VM_STATE.CLONING else document

        return self.operation.wait_for(self.what, probe)

    def gone(self) -> None:
        """Terminate it, and wait until that is done.

        Gracefully first; at once where the guest does not obey, where oned rolled back, or where only that is possible.

        Raises:
            UserError: it cannot be terminated.
        """
        started = self.clock()
        asked: float | None = None
        attempts = 0

        def probe() -> bool | Pending:
            nonlocal asked, attempts
            try:
                state = VmState.of(self.look())
            except NotFound:
                return True
            if state.is_done:
                return True
            now = self.clock()
            at_rest = state.state != VM_STATE.ACTIVE or state.lcm == LCM_STATE.RUNNING or state.failed
            # At rest long after it was asked: oned rolled back without a word.
            overdue = asked is not None and now - asked > (SETTLING if at_rest else PATIENCE)
            if asked is None or overdue:
                if attempts >= 4:
                    raise UserError(
                        f"{self.what} stays {state} although OpenNebula accepted to terminate it; "
                        f"see its log on the front end and try `onevm recover --delete {self.id}`"
                    )
                try:
                    self._terminate(state, hard=now - started > PATIENCE or attempts > 0)
                except WrongState:
                    # Not in this state, such as BOOT: wait for the next one.
                    return Pending(str(state))
                asked, attempts = now, attempts + 1
            return Pending(str(state))

        self.operation.wait_for(self.what, probe)

    def _terminate(self, state: VmState, hard: bool) -> None:
        if state.failed and hard:
            self.client.call("vm.recover", self.id, 3, again=True)
        else:
            self.client.call("vm.action", "terminate-hard" if hard else "terminate", self.id, again=True)

    def _state(self, wanted: tuple[int, int], met: Callable[[Document], bool], recovering: bool) -> Document:
        rest_since: float | None = None

        def probe() -> Document | Pending:
            nonlocal rest_since
            document = self.look()
            state = VmState.of(document)
            if met(document) and (state.state, state.lcm) == wanted:
                return document
            if state.is_done:
                raise UserError(f"{self.what} was terminated by someone else; run `pulumi refresh`")
            now = self.clock()
            at_rest = state.state in STOPPED or (state.state, state.lcm) == RUNNING or state.failed
            rest_since = (now if rest_since is None else rest_since) if at_rest else None
            settled = rest_since is not None and now - rest_since > SETTLING
            if settled or (state.failed and not recovering):
                raise UserError(self._stuck(state, wanted, document))
            if state.state == VM_STATE.PENDING and now - self._started > _PENDING_IS_LONG:
                self._hint = self._hint or why_pending(self.client, document)
                return Pending(f"{state}, {self._hint}")
            return Pending(str(state))

        return self.operation.wait_for(self.what, probe)

    def _stuck(self, state: VmState, wanted: tuple[int, int], document: Document) -> str:
        why = reason(document)
        log = f"see its log on the front end, /var/log/one/{self.id}.log"
        if state.failed:
            return f"{self.what} is in state {state}: {why or 'OpenNebula gives no reason'}; {log}"
        if (state.state, state.lcm) == wanted:
            return f"{self.what}: OpenNebula accepted the change and went back without a word; {log}"
        return (
            f"{self.what} stays {state} instead of {_NAMES[wanted]}: somebody else changed it, or the hypervisor "
            f"failed and OpenNebula went back{f' ({why})' if why else ''}; {log}"
        )


_NAMES = {RUNNING: "RUNNING", POWEROFF: "POWEROFF"}


def why_pending(client: Client, vm: Document) -> str:
    """The likely reason why the scheduler does not place a machine; oned itself gives none."""
    cpu, memory = float(vm.text("TEMPLATE/CPU") or 0), int(vm.text("TEMPLATE/MEMORY") or 0)
    requirements = vm.text("USER_TEMPLATE/SCHED_REQUIREMENTS")
    try:
        hosts = list(client.document("hostpool.info").each("HOST"))
    except OneError:
        hosts = []
    if not hosts:
        return "no host that this user can see; is there one, and is the scheduler running?"
    room = {host.name: _free(host) for host in hosts if host.number("STATE") == 2}
    if not room:
        return f"none of the {len(hosts)} hosts is monitored and enabled"
    if not any(cpu <= free_cpu and memory <= free_memory for free_cpu, free_memory in room.values()):
        free = ", ".join(f"{name} {cpus:g} CPU and {mib} MiB" for name, (cpus, mib) in sorted(room.items()))
        return f"no host has room for {cpu:g} CPU and {memory} MiB; free: {free}"
    if requirements:
        return f"perhaps no host with room fulfils {requirements}"
    return "a host has room; is the scheduler running, and do clusters of network, image and host fit?"


def _free(host: Document) -> tuple[float, int]:
    share = "HOST_SHARE/"
    cpu = host.number(share + "MAX_CPU") - host.number(share + "CPU_USAGE")
    memory = host.number(share + "MAX_MEM") - host.number(share + "MEM_USAGE")
    return cpu / 100, memory // 1024
