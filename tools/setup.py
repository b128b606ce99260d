"""`make setup`: from a machine with Python to all that the project needs, each step only where it is missing.

Steps run side by side where none needs the other. Whatever stops set-up, running it again goes on from there.
"""

import fcntl
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from tools.command import Failed, Shell
from tools.places import CACHE, LOCAL
from tools.progress import Progress
from tools.steps import (
    Step,
    base_image,
    command_plugin,
    docker_engine,
    pulumi_cli,
    sample_data,
    system_packages,
    venv,
)

STEPS = (
    system_packages.STEP,
    venv.STEP,
    venv.PACKAGES,
    pulumi_cli.STEP,
    docker_engine.STEP,
    base_image.STEP,
    sample_data.STEP,
    command_plugin.STEP,
)


def main() -> int:
    """Exit status: 0 when all is there, 1 when a step failed, 130 when it was stopped."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    progress = Progress()
    begun = time.monotonic()
    try:
        with _alone(progress):
            carried = carry_out(STEPS, progress)
    except KeyboardInterrupt:
        progress.say("set-up stopped; `make setup` goes on from here")
        return 130
    if carried:
        progress.say(f"set-up is complete ({time.monotonic() - begun:.1f} s). Next: . .venv/bin/activate")
    return 0 if carried else 1


def carry_out(steps: Sequence[Step], progress: Progress) -> bool:
    """Carry the steps out, each after those that it names; False, told why, as soon as one fails."""
    waiting = list(steps)
    finished: set[str] = set()
    running: dict[Future[str], Step] = {}
    shells: dict[str, Shell] = {}
    with ThreadPoolExecutor(max_workers=len(steps)) as pool:
        try:
            while waiting or running:
                for step in [step for step in waiting if finished.issuperset(step.after)]:
                    waiting.remove(step)
                    shells[step.name] = _shell(step, progress)
                    progress.begin(step.name)
                    running[pool.submit(_carry_out, step, shells[step.name])] = step
                ended, _ = wait(running, timeout=0.15, return_when=FIRST_COMPLETED)
                progress.tick({step.name: shells[step.name].tail(1) for step in running.values()})
                for future in ended:
                    step = running.pop(future)
                    progress.end(step.name, future.result())
                    finished.add(step.name)
        except Failed as failure:
            progress.end(step.name, "FAILED")
            progress.say(f"\n{failure.cause}\n\nWhat to do: {failure.remedy or step.remedy}\nThen: make setup")
            return False
        finally:
            for shell in shells.values():
                shell.stop()
    return True


def _shell(step: Step, progress: Progress) -> Shell:
    log = LOCAL / "log" / f"{step.name.replace(' ', '-')}.log"
    return Shell(log, say=lambda text: progress.say(f"{step.name} ... {text}"))


def _carry_out(step: Step, shell: Shell) -> str:
    if step.done():
        return "already there"
    try:
        return step.run(shell)
    except OSError as error:
        raise Failed(str(error)) from error


@contextmanager
def _alone(progress: Progress) -> Iterator[None]:
    """Hold the cache, which clones share, for one set-up at a time."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("another set-up of this user is running; waiting for its end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())
