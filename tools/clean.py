"""`make clean`: destroy the dev stack, remove its cloud, let the Docker engine go, prove that nothing is left.

Says what it does, and exits with 1 if anything of ours still runs. What is only stored stays: Pulumi's state, reports,
`.venv`, and the caches that make the next set-up quick.
"""

import argparse
import contextlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox.place import LABEL, Place, locate
from tools import engine
from tools.command import Failed, output
from tools.places import CACHE, PYTHON, ROOT, VENV_BIN
from tools.root import as_root
from tools.steps import docker_engine


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Destroy the stack of the cloud on this machine, and that cloud.")
    parser.add_argument("--stack", default="dev", help="the stack, and the sandbox that it is deployed on")
    stack: str = parser.parse_args().stack
    place = locate(stack, ROOT / ".sandbox")
    environment = docker_engine.environment()

    if engine.answers(environment):
        if VENV_BIN.is_dir():
            _remove(stack)
        left = leftovers(place, environment)
    else:
        print("no Docker engine answers: nothing runs in it")
        left = []
    left += processes(str(place.folder))
    for thing in left:
        print(f"LEFT: {thing}")
    if left:
        return 1

    try:
        print(engine.stop(as_root() or [], docker_engine.RECORD))
    except Failed as failure:
        print(failure)
        return 1
    print(f"nothing of the sandbox '{stack}' is left: no container, network, volume or process")
    print(f"kept: .venv, .tools, .pulumi-local, runs, and the cache in {CACHE}")
    return 0


def leftovers(place: Place, environment: Mapping[str, str]) -> list[str]:
    """What Docker still has of this sandbox."""
    label = ("--filter", f"label={LABEL}={place.id}", "--format")
    found = []
    for kind, arguments in {
        "container": ("ps", "--all", *label, "{{.Names}}"),
        "network": ("network", "ls", *label, "{{.Name}}"),
        "volume": ("volume", "ls", *label, "{{.Name}}"),
    }.items():
        names = output("docker", *arguments, env=environment)
        if names is None:
            found.append(f"Docker does not say which {kind}s there are")
        found += [f"{kind} {name}" for name in (names or "").split()]
    return found


def processes(marker: str) -> list[str]:
    """The processes whose command line has the marker, like "process 4711 python -m sandbox ..."."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it may have ended just now
            command = file.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            if marker in command:
                found.append(f"process {file.parent.name} {command}")
    return found


def forget_salt(settings: Path) -> None:
    """Drop the salt of the forgotten stack's passphrase, which would fit no other one. Secrets that need it keep it."""
    lines = settings.read_text().splitlines(keepends=True)
    if not any(line.lstrip().startswith("secure:") for line in lines):
        settings.write_text("".join(line for line in lines if not line.startswith("encryptionsalt:")))


def _remove(stack: str) -> None:
    """Destroy what the stack has, then the cloud; forget the stack. One whose cloud is gone first is only forgotten."""
    pulumi = str(VENV_BIN / "pulumi")
    exported = output(pulumi, "stack", "export", "--stack", stack, seconds=60)
    if exported is None:
        print(f"there is no stack '{stack}'")
    else:
        if not json.loads(exported)["deployment"].get("resources"):
            print(f"the stack '{stack}' is empty")
        elif _call(pulumi, "destroy", "--stack", stack, "--yes", "--skip-preview"):
            print(f"that failed; the cloud goes with all that is in it, so the stack '{stack}' is forgotten")
        if not _call(pulumi, "stack", "rm", stack, "--force", "--yes", "--preserve-config"):
            forget_salt(ROOT / f"Pulumi.{stack}.yaml")
    _call(str(PYTHON), "-m", "sandbox", "down", "--name", stack)


def _call(*argv: str) -> int:
    print(f"$ {' '.join(argv)}", flush=True)
    return subprocess.run(argv, cwd=ROOT, stdin=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    sys.exit(main())
