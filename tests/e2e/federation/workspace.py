"""A copy of the project with a cloud, a stack and a state of its own, driven by the commands a user types.

Nothing in it meets a developer's dev stack: the folder, the sandbox (its name, ports and networks), the Pulumi backend,
`PULUMI_HOME`, the stack and the subnet are the workspace's alone. The Docker engine and the images in it are shared,
because an image's tag is the hash of what it was built from.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from outputs import parse_outputs
from sandbox.place import locate
from ssh import write_ssh_config
from tests.project_copy import ROOT, copy_project, environment_of_its_own

STACK = "e2e"


class CommandFailed(AssertionError):
    """A command ended with another exit code than expected; the message holds all it printed."""


@dataclass
class Workspace:
    """One isolated copy of the project in `folder`."""

    folder: Path
    subnet: str  # CIDR of the private network
    env: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        copy_project(self.folder)
        self.env = environment_of_its_own(self.folder.parent)

    # -- commands -----------------------------------------------------------------------------------------------------
    def run(self, *argv: str, expect: int | None = 0, timeout: float = 900) -> str:
        """Run a command in the workspace and return its standard output; `expect=None` accepts any exit code."""
        done = self._run(argv, timeout)
        if expect is not None and done.returncode != expect:
            raise CommandFailed(f"{' '.join(argv)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def refused(self, *argv: str) -> str:
        """Run a command that must fail, and return all that it said."""
        done = self._run(argv, timeout=300)
        said = done.stdout + done.stderr
        assert done.returncode != 0, f"{' '.join(argv)} succeeded\n{said}"
        return said

    def _run(self, argv: tuple[str, ...], timeout: float) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv,
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def pulumi(self, *argv: str) -> str:
        """Run `pulumi` without questions."""
        return self.run("pulumi", *argv, "--non-interactive")

    def up(self, *argv: str) -> str:
        """Bring the stack to what the program says."""
        return self.pulumi("up", "--yes", "--skip-preview", *argv)

    def up_finds_nothing_to_do(self) -> None:
        """`pulumi up` must leave everything as it is."""
        self.up("--expect-no-changes")

    def interrupt_up(self, moment: Callable[[str], bool]) -> str:
        """Start `pulumi up`, press Ctrl-C once `moment` is true of its output so far; return all output.

        As in a terminal, the signal goes to the whole process group. The moment must come, and the command must fail,
        or the test would prove nothing.
        """
        process = subprocess.Popen(
            ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive"],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
            start_new_session=True,
        )
        assert process.stdout is not None
        seen: list[str] = []
        interrupted = False
        for line in process.stdout:
            seen.append(line)
            if not interrupted and moment(line):
                interrupted = True
                os.killpg(process.pid, signal.SIGINT)
        output = "".join(seen)
        if not interrupted:
            raise CommandFailed(f"pulumi up ended before the moment to interrupt it came\n{output}")
        if process.wait(timeout=60) == 0:
            raise CommandFailed(f"pulumi up succeeded although it was interrupted\n{output}")
        return output

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets in clear."""
        outputs: dict[str, Any] = json.loads(self.pulumi("stack", "output", "--json", "--show-secrets"))
        return outputs

    def resources(self) -> dict[str, dict[str, Any]]:
        """The resources of the stack's state, by URN."""
        state = json.loads(self.pulumi("stack", "export"))
        return {r["urn"]: r for r in state["deployment"].get("resources", [])}

    # -- the cloud ----------------------------------------------------------------------------------------------------
    def sandbox(self, *argv: str, expect: int | None = 0) -> str:
        """`python -m sandbox ...` on this workspace's cloud."""
        return self.run("python", "-m", "sandbox", *argv, "--name", STACK, expect=expect)

    def cloud(self) -> dict[str, Any]:
        """What `sandbox status --json` tells."""
        status: dict[str, Any] = json.loads(self.sandbox("status", "--json"))
        return status

    def vms(self) -> dict[str, dict[str, Any]]:
        """The VMs that are not gone, by name. A name that occurs twice is a duplicate, and fails."""
        found: dict[str, dict[str, Any]] = {}
        for vm in self.cloud()["vms"]:
            assert vm["name"] not in found, f"two VMs are named {vm['name']}"
            found[vm["name"]] = vm
        return found

    def kill_machine(self, name: str) -> None:
        """End a VM at once, behind OpenNebula's back, as a host that loses power would."""
        self.run("docker", "kill", locate(STACK, self.folder / ".sandbox").vm(int(self.vms()[name]["id"])))

    def on(self, machine: str, command: str) -> str:
        """Run a command on a machine as root, by the way in that the scripts take."""
        outputs = parse_outputs(self.outputs(), STACK)
        key = self.folder / outputs.private_key_file.relative_to(ROOT)  # relative paths of the stack are the copy's
        config = write_ssh_config(self.folder.parent, replace(outputs, private_key_file=key))
        return self.run("ssh", "-F", str(config), machine, command)

    def inspect(self, machine: str, template: str) -> str:
        """One field of the machine's container, by a Go template of `docker inspect`."""
        container = "flower-superlink" if machine == "flower-superlink" else "flower-supernode"
        return self.on(machine, f"docker inspect --format '{template}' {container}").strip()


@contextmanager
def workspace(parent: Path, subnet: str) -> Iterator[Workspace]:
    """A workspace with its cloud up and its stack made; afterwards the cloud is gone, whatever happened in between."""
    place = Workspace(parent / "project", subnet)
    try:
        place.sandbox("up", "--api-port", "0", "--bastion-port", "0")
        cloud = place.cloud()
        settings_file = place.folder / f"Pulumi.{STACK}.yaml"
        settings_file.write_text(
            "".join(
                line.replace(".sandbox/dev/", f".sandbox/{STACK}/")
                for line in (place.folder / "Pulumi.dev.yaml").read_text().splitlines(keepends=True)
                if not line.startswith("encryptionsalt:")  # of a developer's own passphrase
            )
        )
        place.pulumi("stack", "init", STACK)
        for key, value in {
            "opennebula:endpoint": cloud["endpoint"],
            "bastion:port": cloud["bastion"].rpartition(":")[2],
            "network:cidr": subnet,
        }.items():
            place.pulumi("config", "set", key, value)
        yield place
    finally:
        place.sandbox("down", expect=None)
