"""Waits as state machines: fed with what oned reports, on a clock of their own."""

from collections.abc import Iterable

import pytest
from opennebula_provider.client import NotFound, OneError, WrongState
from opennebula_provider.document import Document
from opennebula_provider.vm_waits import VmWait, why_pending
from opennebula_provider.waits import reason, removed
from pulumi_provider_kit import Cancelled, DeadlineExceeded, UserError
from pulumi_provider_kit.operation import Cancellation, Operation

PENDING, HOLD, ACTIVE, DONE, OFF, CLONING = 1, 2, 3, 6, 8, 10
PROLOG, BOOT, RUN, EPILOG, SHUTDOWN, SHUTDOWN_POWEROFF, BOOT_FAILURE = 1, 2, 3, 11, 12, 18, 36


class Timeless(Operation):
    """An operation whose sleeps take no time but move its clock."""

    def __init__(self, limit: float = 600.0, cancel_after: float | None = None) -> None:
        self.lines: list[str] = []
        super().__init__("urn:pulumi:dev::t::opennebula:index:VirtualMachine::vm", self._note, Cancellation())
        self.now, self.limit, self.cancel_after = 0.0, limit, cancel_after

    def _note(self, urn: str, message: str, severity: str, ephemeral: bool) -> None:
        self.lines.append(message)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.cancel_after is not None and self.now >= self.cancel_after:
            raise Cancelled("interrupted")
        if self.now >= self.limit:
            raise DeadlineExceeded(f"not done within {self.limit:g} s")

    def clock(self) -> float:
        return self.now


class Oned:
    """Reports one state after the other, the last one for ever, and notes what it is asked to do."""

    def __init__(self, states: Iterable[tuple[int, int] | None], error: str = "", refuse: Iterable[int] = ()) -> None:
        self.states, self.error, self.refuse = list(states), error, set(refuse)
        self.calls: list[tuple[object, ...]] = []
        self.state: tuple[int, int] | None = None

    def info(self, kind: str, id: int) -> Document:
        self.state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if self.state is None:
            raise NotFound("vm.info", "Error getting virtual machine [7].", 1024)
        state, lcm = self.state
        return Document.parse(
            f"<VM><ID>7</ID><STATE>{state}</STATE><LCM_STATE>{lcm}</LCM_STATE>"
            f"<TEMPLATE><CPU>2</CPU><MEMORY>1024</MEMORY></TEMPLATE>"
            f"<USER_TEMPLATE><ERROR>{self.error}</ERROR></USER_TEMPLATE></VM>"
        )

    def call(self, method: str, *arguments: object, again: bool = False) -> object:
        self.calls.append((method, *arguments))
        if self.state and self.state[1] in self.refuse:
            raise WrongState(method, "Could not terminate VM 7, wrong state BOOT.", 2048)
        return 7

    def document(self, method: str, *arguments: object) -> Document:
        share = "<MAX_CPU>400</MAX_CPU><CPU_USAGE>350</CPU_USAGE><MAX_MEM>8388608</MAX_MEM><MEM_USAGE>0</MEM_USAGE>"
        return Document.parse(
            f"<HOST_POOL><HOST><NAME>h1</NAME><STATE>2</STATE><HOST_SHARE>{share}</HOST_SHARE></HOST></HOST_POOL>"
        )


def wait(oned: Oned, operation: Timeless) -> VmWait:
    return VmWait(operation, oned, 7, "web", operation.clock)  # type: ignore[arg-type]


def test_running_is_reached_through_the_states_of_a_start() -> None:
    oned, operation = Oned([(PENDING, 0), (CLONING, 0), (ACTIVE, PROLOG), (ACTIVE, BOOT), (ACTIVE, RUN)]), Timeless()
    assert wait(oned, operation).running().number("LCM_STATE") == RUN
    shown = [line.partition(" (0 s)")[0] for line in operation.lines]
    assert shown == [
        f"waiting for VM 7 (web): {state}" for state in ("PENDING", "CLONING", "ACTIVE/PROLOG", "ACTIVE/BOOT")
    ]


def test_the_old_state_right_after_an_action_is_waited_out() -> None:
    oned, operation = Oned([(OFF, 0)] * 4 + [(ACTIVE, BOOT), (ACTIVE, RUN)]), Timeless()
    wait(oned, operation).running()
    oned = Oned([(ACTIVE, BOOT_FAILURE)] * 3 + [(ACTIVE, BOOT), (ACTIVE, RUN)])
    wait(oned, operation).running(recovering=True)


def test_a_failure_ends_the_wait_at_once_with_oneds_own_reason() -> None:
    operation = Timeless()
    with pytest.raises(UserError, match=r"VM 7 \(web\).*BOOT_FAILURE: no such disk"):
        wait(
            Oned([(ACTIVE, BOOT), (ACTIVE, BOOT_FAILURE)], "Tue Nov 24 03:35:32 2026 : no such disk"), operation
        ).running()
    assert operation.now < 2


def test_a_machine_that_stays_off_is_told_from_one_that_is_about_to_start() -> None:
    operation = Timeless()
    with pytest.raises(UserError, match="stays POWEROFF instead of RUNNING"):
        wait(Oned([(OFF, 0)]), operation).running()
    assert 10 < operation.now < 20


def test_a_change_that_oned_takes_back_in_silence_is_noticed() -> None:
    with pytest.raises(UserError, match="went back without a word"):
        wait(Oned([(ACTIVE, 25), (ACTIVE, RUN)]), Timeless()).running(met=lambda _: False)


def test_a_machine_terminated_by_someone_else_ends_the_wait() -> None:
    with pytest.raises(UserError, match="terminated by someone else"):
        wait(Oned([(ACTIVE, BOOT), (DONE, 0)]), Timeless()).running()


def test_pending_for_long_names_the_likely_reason_in_the_progress_and_at_the_deadline() -> None:
    operation = Timeless(limit=60)
    with pytest.raises(
        DeadlineExceeded, match=r"no host has room for 2 CPU and 1024 MiB; free: h1 0\.5 CPU and 8192 MiB"
    ):
        wait(Oned([(PENDING, 0)]), operation).running()
    assert "no host" not in operation.lines[0]


ROOM = {"MAX_CPU": 400, "CPU_USAGE": 0, "MAX_MEM": 8388608, "MEM_USAGE": 0}
FULL = {**ROOM, "MEM_USAGE": 8000000}


@pytest.mark.parametrize(
    ("hosts", "requirements", "says"),
    [
        ([], "", "no host that this user can see"),
        ([(8, ROOM), (3, ROOM)], "", "none of the 2 hosts is monitored and enabled"),
        ([(2, FULL), (8, ROOM)], "", "no host has room for 2 CPU and 1024 MiB; free: h0 4 CPU and 379 MiB"),
        ([(2, ROOM)], "CLUSTER_ID = 100", "perhaps no host with room fulfils CLUSTER_ID = 100"),
        ([(2, ROOM)], "", "a host has room; is the scheduler running"),
    ],
    ids=["no host", "disabled", "full", "requirements", "scheduler"],
)
def test_the_likely_reason_of_pending_is_found_among_the_hosts(
    hosts: list[tuple[int, dict[str, int]]], requirements: str, says: str
) -> None:
    class Hosts(Oned):
        def document(self, method: str, *arguments: object) -> Document:
            listed = ""
            for index, (state, share) in enumerate(hosts):
                numbers = "".join(f"<{name}>{value}</{name}>" for name, value in share.items())
                listed += f"<HOST><NAME>h{index}</NAME><STATE>{state}</STATE><HOST_SHARE>{numbers}</HOST_SHARE></HOST>"
            return Document.parse(f"<HOST_POOL>{listed}</HOST_POOL>")

    vm = Document.parse(
        "<VM><TEMPLATE><CPU>2</CPU><MEMORY>1024</MEMORY></TEMPLATE>"
        f"<USER_TEMPLATE><SCHED_REQUIREMENTS>{requirements}</SCHED_REQUIREMENTS></USER_TEMPLATE></VM>"
    )
    assert says in why_pending(Hosts([]), vm)  # type: ignore[arg-type]


def test_hosts_that_the_user_may_not_list_are_no_error() -> None:
    class Forbidden(Oned):
        def document(self, method: str, *arguments: object) -> Document:
            raise OneError(method, "Not authorized to perform INFO HOST.", 512)

    vm = Document.parse("<VM><TEMPLATE><CPU>2</CPU><MEMORY>1024</MEMORY></TEMPLATE></VM>")
    assert "no host that this user can see" in why_pending(Forbidden([]), vm)  # type: ignore[arg-type]


class Busy(Oned):
    """Refuses the first calls, because the change before is still under way."""

    def __init__(self, refusals: int) -> None:
        super().__init__([(ACTIVE, RUN)])
        self.refusals = refusals

    def call(self, method: str, *arguments: object, again: bool = False) -> object:
        self.calls.append((method, *arguments))
        if len(self.calls) <= self.refusals:
            raise WrongState(method, "This action is not available for state HOTPLUG_NIC", 2048)
        return 7


def test_a_change_waits_for_the_one_before() -> None:
    oned, operation = Busy(3), Timeless()
    wait(oned, operation).ask("vm.attachnic", 7, "NIC=[]")
    assert oned.calls == [("vm.attachnic", 7, "NIC=[]")] * 4


def test_a_change_that_stays_refused_is_told_with_oneds_reason() -> None:
    with pytest.raises(WrongState, match="not available for state HOTPLUG_NIC"):
        wait(Busy(10**6), Timeless()).ask("vm.attachnic", 7, "NIC=[]")


def test_a_cancel_ends_the_wait_and_says_for_what() -> None:
    with pytest.raises(Cancelled, match=r"VM 7 \(web\) \(now ACTIVE/BOOT\)"):
        wait(Oned([(ACTIVE, BOOT)]), Timeless(cancel_after=3)).running()


def test_terminating_ends_when_the_machine_is_done() -> None:
    oned = Oned([(ACTIVE, RUN), (ACTIVE, RUN), (ACTIVE, SHUTDOWN), (ACTIVE, EPILOG), (DONE, 0)])
    wait(oned, Timeless()).gone()
    assert oned.calls == [("vm.action", "terminate", 7)]


def test_a_guest_that_ignores_the_power_button_is_switched_off() -> None:
    oned = Oned([(ACTIVE, RUN), *[(ACTIVE, SHUTDOWN_POWEROFF)] * 200, (OFF, 0)])
    wait(oned, Timeless()).off()
    assert [call[1] for call in oned.calls] == ["poweroff", "poweroff-hard"]


@pytest.mark.parametrize("last", [(DONE, 0), None])
def test_a_machine_that_is_gone_already_needs_no_call(last: tuple[int, int] | None) -> None:
    oned = Oned([last])
    wait(oned, Timeless()).gone()
    assert oned.calls == []


def test_terminating_in_boot_is_refused_and_waits_for_the_next_state() -> None:
    oned = Oned([(ACTIVE, BOOT)] * 3 + [(ACTIVE, RUN), (ACTIVE, SHUTDOWN), (DONE, 0)], refuse=[BOOT])
    wait(oned, Timeless()).gone()
    assert oned.calls[-1] == ("vm.action", "terminate", 7)


def test_a_guest_that_ignores_the_shutdown_is_switched_off() -> None:
    oned, operation = Oned([(ACTIVE, RUN), *[(ACTIVE, SHUTDOWN)] * 200, (DONE, 0)]), Timeless()
    wait(oned, operation).gone()
    assert [call[1] for call in oned.calls] == ["terminate", "terminate-hard"]


def test_a_termination_that_oned_takes_back_in_silence_is_repeated_and_then_told() -> None:
    oned = Oned([(ACTIVE, RUN)])
    with pytest.raises(UserError, match=r"stays ACTIVE/RUNNING although .*onevm recover --delete 7"):
        wait(oned, Timeless()).gone()
    assert [call[1] for call in oned.calls] == ["terminate", *["terminate-hard"] * 3]


def test_a_failed_machine_that_cannot_be_terminated_is_recovered_by_delete() -> None:
    oned = Oned([*[(ACTIVE, BOOT_FAILURE)] * 60, (DONE, 0)])
    wait(oned, Timeless()).gone()
    assert oned.calls == [("vm.action", "terminate", 7), ("vm.recover", 7, 3)]


def look(answers: list[Document | Exception]) -> Document:
    answer = answers.pop(0) if len(answers) > 1 else answers[0]
    if isinstance(answer, Exception):
        raise answer
    return answer


def test_a_removal_is_verified_and_waits_for_others_to_let_go() -> None:
    there = Document.parse("<VNET><ID>3</ID></VNET>")
    gone = NotFound("vn.info", "Error getting virtual network [3].", 1024)
    refusals = [WrongState("vn.delete", "Can not remove a virtual network with leases in use", 2048)] * 3
    asked: list[int] = []

    def remove() -> None:
        asked.append(1)
        if refusals:
            raise refusals.pop()

    answers: list[Document | Exception] = [there, there, there, there, there, gone]
    operation = Timeless()
    removed(operation, "network 3 (net)", remove, lambda: look(answers), operation.clock)
    assert len(asked) == 4


def test_a_removal_of_what_stays_in_use_says_so_and_by_what() -> None:
    there = Document.parse("<VNET><ID>3</ID></VNET>")

    def remove() -> None:
        raise WrongState("vn.delete", "Can not remove a virtual network with leases in use", 2048)

    operation = Timeless()
    with pytest.raises(UserError, match=r"cannot remove network 3 \(net\): .*leases in use"):
        removed(operation, "network 3 (net)", remove, lambda: there, operation.clock)
    assert 30 < operation.now < 60


@pytest.mark.parametrize(
    ("xml", "says"),
    [
        (
            "<VM><USER_TEMPLATE><ERROR>Tue Nov 24 03:33:34 2026 : no disk : really</ERROR></USER_TEMPLATE></VM>",
            "no disk : really",
        ),
        ("<IMAGE><TEMPLATE><ERROR>Tue Nov 24 03:33:34 2026 : not allowed</ERROR></TEMPLATE></IMAGE>", "not allowed"),
        ("<VM><USER_TEMPLATE><ERROR>plain words</ERROR></USER_TEMPLATE></VM>", "plain words"),
        ("<VM/>", ""),
    ],
)
def test_the_reason_is_oneds_without_the_date(xml: str, says: str) -> None:
    assert reason(Document.parse(xml)) == says
