"""Where a sandbox is: its name, its state folder, its ports, and the names of all that it has in Docker."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

LABEL = "flower-on-opennebula.sandbox"  # on every Docker object of a sandbox; its value is the sandbox's id
DEFAULT_API_PORT = 2633
DEFAULT_BASTION_PORT = 2222


@dataclass(frozen=True)
class Place:
    """A sandbox's coordinates. `folder` is absolute; no two sandboxes share it, so `id` derives from it."""

    name: str
    folder: Path
    api_port: int
    bastion_port: int

    @property
    def id(self) -> str:
        """What marks this sandbox's Docker objects, e.g. `dev-3f9a1c`."""
        return f"{self.name}-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:6]}"

    @property
    def prefix(self) -> str:
        """What the names of its Docker objects start with."""
        return f"one-{self.id}"

    @property
    def labels(self) -> dict[str, str]:
        """The labels of its Docker objects."""
        return {LABEL: self.id}

    @property
    def bastion(self) -> str:
        """The bastion's container and uplink. Sorts before `network`: by that Docker chooses the default route."""
        return f"{self.prefix}-bastion"

    @property
    def datastore(self) -> str:
        """The volume with the disks of VMs and images."""
        return f"{self.prefix}-datastore"

    def network(self, network_id: int) -> str:
        """The Docker network of a virtual network."""
        return f"{self.prefix}-net-{network_id}"

    def vm(self, vm_id: int) -> str:
        """The container of a VM."""
        return f"{self.prefix}-vm-{vm_id}"

    def vm_docker_data(self, vm_id: int) -> str:
        """The volume of a VM's own Docker."""
        return f"{self.prefix}-vm-{vm_id}-docker"

    @property
    def endpoint(self) -> str:
        """The API's address."""
        return f"http://127.0.0.1:{self.api_port}/RPC2"

    @property
    def one_auth(self) -> Path:
        """File `oneadmin:password`."""
        return self.folder / "one_auth"

    @property
    def private_key(self) -> Path:
        """The deployer's key; its public half is beside it in `.pub`."""
        return self.folder / "id_ed25519"

    @property
    def bastion_key(self) -> Path:
        """The bastion's host key."""
        return self.folder / "bastion_host_ed25519"

    @property
    def known_hosts(self) -> Path:
        """The bastion's host key, as OpenSSH pins it."""
        return self.folder / "known_hosts"

    @property
    def api_log(self) -> Path:
        """What the API's process writes."""
        return self.folder / "api.log"

    def save(self) -> None:
        """Keep the ports: later commands find the sandbox by name and folder alone."""
        ports = {"api_port": self.api_port, "bastion_port": self.bastion_port}
        part = _ports_file(self.folder).with_suffix(".part")
        part.write_text(json.dumps(ports))
        part.replace(_ports_file(self.folder))


def locate(name: str, state_dir: Path) -> Place:
    """The sandbox `name` under `state_dir`, with the ports it has; 0 for ports that are not known (yet, or any more).

    Raises ValueError on a name that cannot be part of a container's name.
    """
    if not re.fullmatch(r"[a-z0-9](-?[a-z0-9]){0,23}", name):
        raise ValueError(f"--name {name!r}: use up to 24 lower-case letters, digits and single hyphens, e.g. dev")
    folder = (state_dir / name).absolute()
    try:
        ports = json.loads(_ports_file(folder).read_text())
        return Place(name, folder, int(ports["api_port"]), int(ports["bastion_port"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Place(name, folder, 0, 0)


def _ports_file(folder: Path) -> Path:
    return folder / "ports.json"
