"""How a script ends when something outside it is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from problem import Problem, run_script


def raising(error: BaseException) -> Callable[[], int]:
    def main() -> int:
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (Problem("no stack", "Make one."), 1, "error: no stack\n  Make one.\n"),
        (ModuleNotFoundError("No module named 'rich'", name="rich"), 1, ". .venv/bin/activate"),
        (KeyboardInterrupt(), 130, "stopped\n"),
    ],
    ids=["a problem", "not .venv's Python", "Ctrl-C"],
)
def test_the_cause_and_the_exit_code(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    assert run_script(raising(error)) == code
    assert said in capsys.readouterr().err
