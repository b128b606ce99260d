"""The program under the real Pulumi CLI, in a copy of the project, on the sandbox's API with a dummy driver."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import yaml
from opennebula_provider.client import Client

from sandbox.oned.cloud import Settings
from sandbox.oned.driver import SeedImage
from sandbox.oned.dummy import Dummy
from sandbox.oned.server import Oned
from tests.project_copy import copy_project, environment_of_its_own

PASSWORD = "a-password-to-look-for"
POOLS = {"vn": (-2, -1, -1), "secgroup": (-2, -1, -1), "image": (-2, -1, -1), "vm": (-2, -1, -1, -1)}


@dataclass
class Program:
    """The project in `folder`, and the cloud that its settings name."""

    folder: Path
    environment: Mapping[str, str]
    cloud: Client

    def settings(self, example: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Those of Pulumi.`example`.yaml with these changes; None removes a key."""
        config: dict[str, Any] = yaml.safe_load((self.folder / f"Pulumi.{example}.yaml").read_text())["config"]
        return {key: value for key, value in {**config, **changes}.items() if value is not None}

    def write(self, stack: str, settings: Mapping[str, Any]) -> None:
        (self.folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": dict(settings)}))

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """How a command ended, and all that it said in `stdout`."""
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )

    def objects(self) -> dict[str, list[tuple[int, str]]]:
        """Ids and names of all that is in the cloud, by kind."""
        return {
            kind: [(found.id, found.name) for found in self.cloud.document(f"{kind}pool.info", *which).each("*")]
            for kind, which in POOLS.items()
        }


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A cloud with images to boot from."""
    folder = tmp_path_factory.mktemp("oned")
    (folder / "one_auth").write_text(f"oneadmin:{PASSWORD}")
    images = [SeedImage(name, "/dev/null", 2048) for name in ("debian-13", "debian-13-docker")]
    oned = Oned(folder, Dummy(), images=images, settings=Settings(window=0.1, latency=0.0, poll=0.2))
    oned.start()
    yield Client(oned.endpoint, "oneadmin", PASSWORD)
    oned.stop()


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory, cloud: Client) -> Program:
    """A copy of the project with the files that its settings name: a key, a bastion's host key, credentials."""
    parent = tmp_path_factory.mktemp("program")
    folder = parent / "project"
    copy_project(folder)
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(folder / "id")
    host_key = key.export_public_key().decode()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:2222 {host_key}one.example.org {host_key}")
    (folder / "auth").write_text(f"oneadmin:{PASSWORD}")
    return Program(folder, environment_of_its_own(parent), cloud)


@pytest.fixture(scope="session")
def ours(program: Program) -> Callable[..., dict[str, Any]]:
    """The laptop's settings, or another example's, with the files of this test's folder, and changes."""

    def ours(example: str = "dev", /, **changes: Any) -> dict[str, Any]:
        mine = {
            "opennebula:endpoint": program.cloud.endpoint,
            "opennebula:authFile": "auth",
            "ssh:privateKeyFile": "id",
            "bastion:knownHosts": "known_hosts",
        }
        return program.settings(example, {**mine, **changes})

    return ours
