"""A Docker engine of this project's own, for machines where none answers: Debian's dockerd, run without systemd.

Everything of it lies under one folder of the user's cache: socket, data, process id, log. It has a bridge of its own,
so that it can run beside another engine, and listens on its socket alone. All clones of a user share it: it runs from
the first one's set-up until the last one's `make clean`.
"""

import fcntl
import hashlib
import ipaddress
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tools.command import Failed, output
from tools.places import CACHE, path_without_venv

HOME = CACHE / "engine"
SOCKET = HOME / "docker.sock"
HOST = f"unix://{SOCKET}"
OWN = {"DOCKER_HOST": HOST, "PATH": path_without_venv()}
"""What the docker command needs in its environment to speak to it."""
PID = HOME / "docker.pid"
LOG = HOME / "docker.log"
USERS = HOME / "users"
"""A link for each clone that was set up to use the engine, to the file that says so there; dangling once it is gone."""
BRIDGE = f"fon-{hashlib.sha256(str(HOME).encode()).hexdigest()[:8]}"
SUBNETS = [ipaddress.IPv4Network(f"172.31.{third}.0/24") for third in range(255, 223, -1)]
"""Where the bridge may lie: at the far end of what Docker itself hands out last."""


def answers(environment: Mapping[str, str]) -> bool:
    """Whether an engine answers the docker command with these variables added to the environment."""
    return bool(output("docker", "version", "--format", "{{.Server.Version}}", env=environment))


def knows(record: Path) -> bool:
    """Whether the clone whose file this is was set up to use the engine, so that no other clone stops it."""
    return _user(record).exists()


def start(root: list[str] | None, record: Path) -> None:
    """Start the engine unless it runs, and wait until it answers. Raises Failed with the end of its log.

    `root` goes before commands that root must run, None if nobody can be root. `record` is the file that says in a
    clone that it uses the engine; its address is written there.
    """
    with _alone():
        record.write_text(HOST)
        USERS.mkdir(exist_ok=True)
        _user(record).unlink(missing_ok=True)
        _user(record).symlink_to(record)
        if answers(OWN):
            return
        if root is None:
            raise Failed("no Docker engine answers, and only root can start one")
        if len(str(SOCKET)) > 100:
            raise Failed(f"{SOCKET} is too long for a socket's name", "set XDG_CACHE_HOME to a shorter folder")
        _make_bridge(root)
        with LOG.open("ab") as log:
            process = subprocess.Popen(
                [*root, "env", f"PATH={path_without_venv()}", "dockerd", *_options()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
            )
        if not _wait(lambda: answers(OWN) or process.poll() is not None, seconds=60) or not answers(OWN):
            raise Failed(f"dockerd does not answer:\n{_last_lines(LOG)}\n(all of it: {LOG})")


def stop(root: list[str], record: Path) -> str:
    """Forget the clone that has this record; stop the engine if it runs and nobody else uses it. Says what was done.

    Containers that run in it are this clone's where there is no other: its tests', for instance. Then nothing is done.
    """
    with _alone():
        pid = _pid()
        if pid is None:
            record.unlink(missing_ok=True)
            return "the project's own Docker engine does not run"
        others = [user.readlink() for user in sorted(USERS.glob("*")) if user.exists() and user.readlink() != record]
        running = (output("docker", "ps", "--quiet", env=OWN) or "").split()
        if running and not others:
            return f"the project's own Docker engine stays: {len(running)} containers run in it"
        record.unlink(missing_ok=True)
        if others:
            clones = ", ".join(str(other.parents[1]) for other in others)
            return f"the project's own Docker engine stays, for {clones} (`make clean` there lets it go)"
        _run(root, "sh", "-c", f"kill {pid}")
        if not _wait(lambda: _pid() is None, seconds=60):
            raise Failed(f"dockerd (process {pid}) does not stop; see {LOG}")
        output(*root, "ip", "link", "delete", BRIDGE)
        return f"stopped the project's own Docker engine; its images stay in {HOME}"


def _user(record: Path) -> Path:
    return USERS / hashlib.sha256(str(record).encode()).hexdigest()[:12]


@contextmanager
def _alone() -> Iterator[None]:
    """Let no other clone start or stop the engine meanwhile."""
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _options() -> list[str]:
    group = ["--group", str(os.getgid())] if os.geteuid() else []
    return [
        *("--host", HOST),
        *("--data-root", f"{HOME}/data"),
        *("--exec-root", f"{HOME}/run"),
        *("--pidfile", str(PID)),
        *("--bridge", BRIDGE),
        *group,
    ]


def _make_bridge(root: list[str]) -> None:
    """A bridge of our own: Docker's usual one, docker0, may belong to another engine, which would lose its network."""
    if output("ip", "link", "show", BRIDGE) is not None:
        return
    subnet = free_subnet(json.loads(output("ip", "-json", "-4", "route", "show", "table", "all") or "[]"))
    _run(root, "ip", "link", "add", "name", BRIDGE, "type", "bridge")
    _run(root, "ip", "address", "add", f"{subnet[1]}/{subnet.prefixlen}", "dev", BRIDGE)


def free_subnet(routes: list[dict[str, str]]) -> ipaddress.IPv4Network:
    """The first of SUBNETS that no route of this machine touches; `routes` as `ip -json route` gives them."""
    taken = [ipaddress.IPv4Network(route["dst"], strict=False) for route in routes if route["dst"] != "default"]
    for subnet in SUBNETS:
        if not any(subnet.overlaps(network) for network in taken):
            return subnet
    raise Failed(f"no subnet is free for Docker between {SUBNETS[-1]} and {SUBNETS[0]}", "free one of these routes")


def _pid() -> int | None:
    """The process id of the running engine. A pid file may outlive its process, and the number be another's by now."""
    try:
        pid = int(PID.read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except (OSError, ValueError):
        return None
    return pid if str(PID) in command else None


def _run(root: list[str], *argv: str) -> None:
    ended = subprocess.run([*root, *argv], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if ended.returncode:
        raise Failed(f"`{' '.join(argv)}` as root: {ended.stderr.strip()}")


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def _last_lines(file: Path, lines: int = 10) -> str:
    return "\n".join(file.read_text(errors="replace").splitlines()[-lines:])
