"""Running commands into a log, and ending them with their children."""

import os
import threading
from pathlib import Path

import pytest

from tools.command import Failed, Shell, Stopped, output


def test_what_a_command_prints_goes_to_the_log_and_what_it_makes_to_the_file(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "log")
    shell.run("sh", "-c", "echo made; echo said >&2", stdout=tmp_path / "file")
    assert (tmp_path / "file").read_text() == "made\n"
    assert shell.tail(1) == "said"


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="no-such-program"):
        Shell(tmp_path / "log").run("no-such-program")


def test_stop_ends_a_command_with_its_children(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "log")
    pipe = tmp_path / "alive"
    os.mkfifo(pipe)
    ended: list[type[BaseException]] = []

    def run() -> None:
        try:
            shell.run("sh", "-c", f"sh -c 'exec >{pipe}; sleep 60' & wait")
        except (Stopped, Failed) as error:
            ended.append(type(error))

    thread = threading.Thread(target=run)
    thread.start()
    with pipe.open() as reader:  # opened once the child writes, at its end once no process holds it any more
        shell.stop()
        assert reader.read() == ""
    thread.join(10)
    assert ended == [Stopped]


def test_after_stop_no_command_starts(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "log")
    shell.stop()
    with pytest.raises(Stopped):
        shell.run("touch", tmp_path / "made")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("command", "answer"),
    [(["echo", " yes "], "yes"), (["false"], None), (["no-such-program"], None), (["sleep", "60"], None)],
    ids=["answers", "fails", "is missing", "hangs"],
)
def test_asking_a_command_gives_its_answer_or_none(command: list[str], answer: str | None) -> None:
    assert output(*command, seconds=0.2 if command[0] == "sleep" else 10) == answer
