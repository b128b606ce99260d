"""How set-up carries out steps: order, skipping, failing, resuming."""

import io
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import setup
from tools.command import Failed, Shell, Stopped
from tools.progress import Progress
from tools.steps import Step


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(setup, "LOCAL", tmp_path)
    return tmp_path / "log"


def step(name: str, run: Callable[[Shell], str], *, done: Callable[[], bool] = lambda: False, after: str = "") -> Step:
    return Step(name, done, run, remedy=f"mend {name}", after=tuple(after.split()))


def carry_out(*steps: Step) -> tuple[bool, str]:
    screen = io.StringIO()
    carried = setup.carry_out(steps, Progress(screen))
    return carried, screen.getvalue()


def test_a_step_that_is_done_is_not_run() -> None:
    def run(shell: Shell) -> str:
        raise AssertionError("was run")

    carried, screen = carry_out(step("one", run, done=lambda: True))
    assert carried
    assert "one ... already there" in screen


def test_a_step_waits_for_those_that_it_names() -> None:
    order: list[str] = []

    def named(name: str, after: str) -> Step:
        def run(shell: Shell) -> str:
            order.append(name)
            return "made"

        return step(name, run, after=after)

    carry_out(named("last", "middle first"), named("middle", "first"), named("first", ""))
    assert order == ["first", "middle", "last"]


def test_steps_that_do_not_need_each_other_run_side_by_side() -> None:
    together = threading.Barrier(2, timeout=10)

    def run(shell: Shell) -> str:
        together.wait()
        return "made"

    assert carry_out(step("one", run), step("other", run))[0]


def test_a_failing_command_is_told_with_its_last_words_and_the_remedy(logs: Path) -> None:
    def run(shell: Shell) -> str:
        shell.run("sh", "-c", "echo no space left; exit 3")
        return "made"

    carried, screen = carry_out(step("one", run))
    assert not carried
    assert "ended with status 3" in screen
    assert "no space left" in screen
    assert "What to do: mend one" in screen
    assert str(logs / "one.log") in screen


def test_a_failure_that_knows_better_gives_its_own_remedy() -> None:
    def run(shell: Shell) -> str:
        raise Failed("too old", "take a newer one")

    _, screen = carry_out(step("one", run))
    assert "What to do: take a newer one" in screen
    assert "mend one" not in screen


def test_after_a_failure_the_next_run_goes_on_from_there(tmp_path: Path) -> None:
    made = tmp_path / "made"
    broken = [True]
    runs: list[str] = []

    def first(shell: Shell) -> str:
        runs.append("first")
        made.touch()
        return "made"

    def second(shell: Shell) -> str:
        runs.append("second")
        if broken:
            raise Failed("the connection was lost")
        return "made"

    steps = step("first", first, done=made.exists), step("second", second, after="first")
    assert not carry_out(*steps)[0]
    broken.clear()
    assert carry_out(*steps)[0]
    assert runs == ["first", "second", "second"]


def test_a_failure_ends_the_commands_of_the_other_steps() -> None:
    started = threading.Event()
    stopped: list[bool] = []

    def long(shell: Shell) -> str:
        started.set()
        try:
            shell.run("sh", "-c", "sleep 60 & wait")
        except Stopped:
            stopped.append(True)
            raise
        return "made"

    def failing(shell: Shell) -> str:
        started.wait(10)
        raise Failed("no")

    assert not carry_out(step("long", long), step("failing", failing))[0]
    assert stopped == [True]


def test_every_step_waits_only_for_steps_that_there_are() -> None:
    names = {step.name for step in setup.STEPS}
    assert len(names) == len(setup.STEPS)
    assert all(names.issuperset(step.after) for step in setup.STEPS)
