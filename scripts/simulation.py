"""The same training without a cloud: Flower's simulation runtime in a container of the SuperNode image.

The container sees the app and the sample data, both read-only, and no network. It ends with our end of a pipe, so that
it cannot outlive this process.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from flower import Flower, RunSettings, tool_environment
from outputs import PROJECT
from problem import Problem

SAMPLE_DATA = PROJECT / ".tools" / "sample-data" / "fashion-mnist"
APP = "/app"


class Simulation:
    """A container with `supernodes` simulated SuperNodes; entering starts it, leaving removes it."""

    target = "local-sim"

    def __init__(self, supernodes: int, app: Path, hub: bool, say: Callable[[str], None]) -> None:
        """`hub` lets the container reach the network, for a data set that comes from there."""
        self.supernodes = supernodes
        self.federation: RunSettings = {"num-supernodes": supernodes, "client-resources-num-cpus": 1}
        self._name = f"flower-local-sim-{os.getpid()}"
        self._app = app
        self._hub = hub
        self._environment = tool_environment()
        self._say = say

    def __enter__(self) -> Self:
        if not SAMPLE_DATA.is_dir():
            raise Problem(f"{SAMPLE_DATA}: no sample data", "`make setup` puts it there.")
        self._docker("version", "--format", "{{.Server.Version}}")
        image = self._image()
        self._digest = self._docker("image", "inspect", "--format", "{{.Id}}", image)
        self._process = subprocess.Popen(
            run_command(self._name, image, self._app, self._hub),
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            print("ready", file=self._process.stdin, flush=True)
            if next(iter(self._process.stdout or ()), "") != "ready\n":
                raise Problem(f"the container did not start: {self._process.communicate()[1].strip()}")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.flower = Flower(["docker", "exec", self._name, "flwr"], "local", self._environment)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        removed = ["docker", "rm", "--force", self._name]
        subprocess.run(removed, env=self._environment, capture_output=True, check=False, start_new_session=True)
        self._process.communicate()

    def reconnect(self) -> None:
        """Say that a container which is gone takes its run with it."""
        if self._process.poll() is not None:
            raise Problem("the container of the simulation is gone", "Was it removed, or out of memory? Train again.")

    def app(self, path: Path) -> str:
        """Return where `flower` finds the app."""
        return APP

    def digests(self) -> dict[str, str]:
        """Return the id of the image."""
        return {self.target: self._digest}

    def wait_online(self, wanted: int, step: Callable[[str], None], say: Callable[[str], None]) -> None:
        """Nothing to wait for: the runtime makes its SuperNodes itself."""
        say(f"{self.supernodes} simulated SuperNodes")

    def _image(self) -> str:
        tag = subprocess.run(
            [PROJECT / "images" / "tag", "supernode"], capture_output=True, text=True, check=True
        ).stdout.strip()
        found = subprocess.run(
            ["docker", "image", "inspect", tag], env=self._environment, capture_output=True, check=False
        )
        if found.returncode:
            self._say(f"building {tag}, once, some minutes ...")
            started = time.monotonic()
            built = subprocess.run(
                [PROJECT / "images" / "build", "supernode", tag],
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if built.returncode:
                tail = "\n  ".join(built.stdout.splitlines()[-10:])
                raise Problem(f"{tag} cannot be built:\n  {tail}", f"Try `images/build supernode {tag}` on its own.")
            self._say(f"built {tag} in {time.monotonic() - started:.0f} s")
        return tag

    def _docker(self, *arguments: str) -> str:
        try:
            done = subprocess.run(
                ["docker", *arguments], env=self._environment, capture_output=True, text=True, check=False
            )
        except FileNotFoundError:
            raise Problem("docker: command not found", "`make setup` brings one.") from None
        if done.returncode:
            raise Problem(f"docker: {done.stderr.strip()}", "Is the engine up? `make setup` starts one.")
        return done.stdout.strip()


def run_command(name: str, image: str, app: Path, hub: bool) -> list[str]:
    """Return the `docker run` of the container; it does nothing until `flwr` is executed in it."""
    command = ["docker", "run", "--rm", "--init", "--interactive", "--name", name, "--entrypoint", "cat"]
    command += ["--user", f"{os.getuid()}:{os.getgid()}"]  # who can read the app's files here can there
    command += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--read-only"]
    command += ["--tmpfs", "/tmp:exec", "--shm-size", "1g"]  # noqa: S108  (Ray's sockets and object store)
    command += ["--network", "bridge" if hub else "none"]
    command += ["--env", "HOME=/tmp"]
    command += ["--volume", f"{app}:{APP}:ro", "--volume", f"{SAMPLE_DATA}:/data:ro"]
    return [*command, image]
