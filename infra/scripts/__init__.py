"""What happens on machines, and on the deployer for them, as shell scripts: pure functions from arguments to text.

The templates beside this file hold the shell; values enter them quoted. A shell reads them from its standard input
(`REMOTE_SHELL`, POSIX, on machines; `LOCAL_SHELL` on the deployer), so that an error quotes what a script printed and
not the script. All are idempotent: running one again is how a deployment goes on after it was interrupted.
tests/unit/infra/golden/ has each as it comes out.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import jinja2

CONTAINER_USER = 49999
REMOTE_SHELL = "sh -s"
LOCAL_SHELL = "bash -s"
START_LOG = "/var/log/flower-start.log"


@dataclass(frozen=True)
class DataDisk:
    """A persistent disk: the device `target` (such as vdb) is mounted at `folder`."""

    target: str
    folder: str


@dataclass(frozen=True)
class Mount:
    """A folder of the machine that a container sees. Its user owns writable ones; the others it can only read."""

    source: str
    target: str
    writable: bool = False

    @property
    def option(self) -> str:
        """As `docker run --mount` wants it."""
        return f"type=bind,source={self.source},target={self.target}{'' if self.writable else ',readonly'}"


@dataclass(frozen=True)
class ContainerSpec:
    """A container as it is to run. `memory` is in MiB; it is ready when something listens on TCP `ready_port`."""

    name: str
    image: str
    arguments: tuple[str, ...]
    mounts: tuple[Mount, ...]
    environment: tuple[tuple[str, str], ...]
    memory: int
    ready_port: int

    @property
    def options(self) -> tuple[str, ...]:
        """Arguments of `docker run` before the image: everything but the image, one option each."""
        return (
            f"--name={self.name}",
            "--network=host",
            "--restart=unless-stopped",
            "--stop-timeout=30",
            f"--user={CONTAINER_USER}:{CONTAINER_USER}",
            "--read-only",
            "--tmpfs=/tmp:rw,nosuid,nodev,size=512m",
            "--cap-drop=ALL",
            "--security-opt=no-new-privileges",
            "--pids-limit=512",
            f"--memory={self.memory}m",
            "--log-opt=max-size=10m",
            "--log-opt=max-file=3",
            *(f"--env={name}={value}" for name, value in self.environment),
            *(f"--mount={mount.option}" for mount in self.mounts),
        )

    @property
    def digest(self) -> str:
        """Changes with anything that the container is made of."""
        return sha256("\0".join((*self.options, self.image, *self.arguments)).encode()).hexdigest()[:16]


def start_machine(disks: Sequence[DataDisk], package_mirror: str | None) -> str:
    """The machine's start script: mounts `disks`, formatting blank ones, and brings Docker where the image lacks it."""
    return _render("start_machine.sh.j2", disks=disks, mirror=package_mirror, log=START_LOG)


def read_host_key(address: str, key_types: Sequence[str], *, minutes: int = 10) -> str:
    """Waits for SSH at `address` and prints its host key, `type base64`, of the first of `key_types` that it has."""
    return _command("read_host_key.sh.j2", address=address, key_types=key_types, seconds=minutes * 60)


def await_machine(mounts: Sequence[Mount], *, minutes: int = 15) -> str:
    """Waits until the start script is through and Docker answers, then sees to the folders of `mounts`."""
    return _command("await_machine.sh.j2", mounts=mounts, seconds=minutes * 60, log=START_LOG, user=CONTAINER_USER)


def build_image(name: str, tag: str) -> str:
    """Builds images/`name` as `tag` on the deployer, unless it is there, and prints its id. Bash."""
    return _command("build_image.sh.j2", name=name, tag=tag)


def ssh_config(*, address: str, user: str, key_file: str, bastion: tuple[str, int, str] | None) -> str:
    """A client configuration that knows the hosts `machine` and `bastion` (host, port, user); no other key is used."""
    return _render("ssh_config.j2", address=address, user=user, key_file=key_file, bastion=bastion)


def deliver_image(name: str, tag: str, *, address: str, config: str, known_hosts: str) -> str:
    """Brings the image to the host `machine` of the SSH `config`, unless it is there, and prints its id there. Bash.

    `address` names the machine in messages; `known_hosts` is all that is trusted.
    """
    return _command("deliver_image.sh.j2", **locals())


def container(spec: ContainerSpec, *, seconds: int = 180) -> str:
    """Makes `spec` run, waits until it does, and prints its image's id; one that runs as it should is left alone."""
    return _command("container.sh.j2", spec=spec, seconds=seconds)


def _command(template: str, **values: object) -> str:
    """A script for a shell's standard input: nothing of it runs before all has come, and nothing in it reads on."""
    return f'main() {{\n{_render(template, **values)}}}\nmain "$@" </dev/null\n'


def _render(template: str, **values: object) -> str:
    return _templates.get_template(template).render(values)


# Braces in pairs belong to Docker's own --format, so values stand in {= =}. Shell is not HTML: nothing is escaped but
# by the filter `quoted`.
_templates = jinja2.Environment(  # noqa: S701
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    variable_start_string="{=",
    variable_end_string="=}",
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    undefined=jinja2.StrictUndefined,
)
_templates.filters["quoted"] = lambda value: shlex.quote(str(value))
