"""The API's process: `python -m sandbox.front_end FOLDER`, started, found and ended by the functions here.

It is found by its command line, which names the state folder: no file can lie about it, and none can get lost.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
import xmlrpc.client
from pathlib import Path

from sandbox.engine import EngineError
from sandbox.place import Place, locate

MODULE = "sandbox.front_end"
START_SECONDS = 30
STOP_SECONDS = 60  # calls to Docker that are under way come to their end
_PACKAGE_ROOT = Path(__file__).parent.parent


def ensure(place: Place) -> bool:
    """Have the API answering at the place's port. Returns whether it was started. Raises EngineError with its log."""
    if is_running(place) and answers(place):
        return False
    stop(place)
    with place.api_log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", MODULE, str(place.folder)],
            cwd=_PACKAGE_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a Ctrl-C meant for `up` or for another program of the terminal does not end it
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise EngineError(f"the API ended as soon as it was started:\n{_last_lines(place)}")
        if answers(place):
            return True
        time.sleep(0.05)
    raise EngineError(f"the API does not answer after {START_SECONDS} s:\n{_last_lines(place)}")


def is_running(place: Place) -> bool:
    """Whether there is a process."""
    return bool(processes(place))


def answers(place: Place) -> bool:
    """Whether the API knows its own user at the place's port."""
    try:
        session = place.one_auth.read_text().strip()
        with xmlrpc.client.ServerProxy(place.endpoint) as api:
            answer = api.one.system.version(session)
        return isinstance(answer, list) and answer[0] is True
    except (OSError, xmlrpc.client.Error, ValueError):
        return False


def stop(place: Place) -> int:
    """End the process, asking first; how many there were."""
    pids = processes(place)
    for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 5)):
        for pid in processes(place):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while processes(place) and time.monotonic() < deadline:
            time.sleep(0.05)
    return len(pids)


def processes(place: Place) -> list[int]:
    """Process ids of the API; one, or none."""
    tail = ["-m", MODULE, str(place.folder)]
    proc = Path("/proc")
    if (proc / "self" / "cmdline").exists():
        return [
            int(entry.name) for entry in proc.iterdir() if entry.name.isdecimal() and _arguments(entry)[-3:] == tail
        ]
    listed = subprocess.run(["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True).stdout
    lines = (line.strip() for line in listed.splitlines())
    return [int(line.split()[0]) for line in lines if line.endswith(" ".join(tail))]


def _arguments(process: Path) -> list[str]:
    try:
        if (process / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return []
        return (process / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return []  # it ended meanwhile


def _last_lines(place: Place) -> str:
    return "\n".join(place.api_log.read_text(errors="replace").splitlines()[-15:])


def _serve(folder: Path) -> None:
    from sandbox import engine, guest_images
    from sandbox.containers import ContainerDriver
    from sandbox.oned import server

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    place = locate(folder.name, folder.parent)
    driver = ContainerDriver(engine.connect(), place)
    server.run(place.folder, place.api_port, driver, list(guest_images.SEEDS))


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
