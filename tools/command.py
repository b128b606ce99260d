"""Running other programs: quietly, into a log, and never left behind."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

TAIL = 15
"""Lines of a failed command's output that are shown."""


class Failed(Exception):
    """A step cannot be done: `cause` says why, `remedy` (if not empty) what to do, instead of the step's own."""

    def __init__(self, cause: str, remedy: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy


class Stopped(Exception):
    """Set-up is being stopped, by Ctrl-C or because another step failed."""


class Shell:
    """Runs the commands of one step, one after another. What they print goes to `log`; `say` prints on the screen.

    Every command is the leader of a session of its own, so that `stop` ends it with all its children, and a Ctrl-C
    at the terminal reaches set-up alone, which decides what to end.
    """

    def __init__(self, log: Path, say: Callable[[str], None] = print) -> None:
        self.log = log
        self.say = say
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._stopped = False
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")

    def run(
        self,
        *argv: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: Path | None = None,
        stdout: Path | None = None,
    ) -> None:
        """Run a command to its end.

        `env` is added to the environment; `stdin` and `stdout` name files. Raises Failed with the end of what it
        printed if its exit status is not 0 or there is no such program, Stopped if `stop` was called.
        """
        words = [str(word) for word in argv]
        with (
            self.log.open("ab") as log,
            (stdin or Path(os.devnull)).open("rb") as source,
            stdout.open("wb") if stdout else log as sink,
        ):
            log.write(f"$ {' '.join(words)}\n".encode())
            log.flush()
            with self._lock:
                if self._stopped:
                    raise Stopped
                self._running = _start(words, cwd=cwd, env=env, stdin=source, stdout=sink, stderr=log)
            status = self._running.wait()
        with self._lock:
            self._running = None
            if self._stopped:
                raise Stopped
        if status:
            raise Failed(f"`{' '.join(words)}` ended with status {status}:\n{self.tail()}\n(all of it: {self.log})")

    def go_on(self) -> None:
        """Raise Stopped if `stop` was called: for loops that run no command."""
        if self._stopped:
            raise Stopped

    def stop(self) -> None:
        """End the running command and its children, and let no other start."""
        with self._lock:
            self._stopped = True
            process = self._running
        if process is None:
            return
        _signal(process, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)

    def tail(self, lines: int = TAIL) -> str:
        """The last lines of the log that are not empty."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 16_384))
            text = log.read().decode(errors="replace").replace("\r", "\n")
        return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])


def output(*argv: str | Path, env: Mapping[str, str] | None = None, seconds: float = 20) -> str | None:
    """What a quick command prints, or None if it fails, hangs or does not exist: for asking how things are."""
    try:
        ended = subprocess.run(
            [str(word) for word in argv],
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return ended.stdout.strip()


def _start(
    words: Sequence[str],
    *,
    cwd: Path | None,
    env: Mapping[str, str] | None,
    stdin: object,
    stdout: object,
    stderr: object,
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            words,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise Failed(f"there is no program `{words[0]}` on PATH") from error


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
