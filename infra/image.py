"""A container image: built once on the deployer, delivered to each machine that runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pulumi
import pulumi_command as command

from infra import scripts
from infra.machine import Machine
from infra.ssh import MACHINE_USER


class ContainerImage(pulumi.ComponentResource):
    """The image of a folder of images/, named by the hash of what is in it: unchanged, nothing is done about it."""

    def __init__(self, name: str, *, folder: Path, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("flower:infra:ContainerImage", f"{name}-image", None, opts)
        self.name = name
        self.tag = content_tag(name, folder)
        self.built = command.local.Command(
            f"{name}-image-build",
            create=scripts.LOCAL_SHELL,
            stdin=scripts.build_image(name, self.tag),
            add_previous_output_in_env=False,
            triggers=[self.tag],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"tag": self.tag, "id": self.built.stdout})

    def deliver_to(self, name: str, machine: Machine, parent: pulumi.Resource) -> command.local.Command:
        """Bring the image to `machine`, through the deployer's SSH; its `stdout` is the image's id there."""
        access = machine.access
        bastion = access.bastion
        config = scripts.ssh_config(
            address=machine.address,
            user=MACHINE_USER,
            key_file=access.key_file,
            bastion=None if bastion is None else (bastion.host, bastion.port, bastion.user),
        )
        return command.local.Command(
            f"{name}-image-delivery",
            create=scripts.LOCAL_SHELL,
            stdin=machine.known_host.apply(
                lambda known: scripts.deliver_image(
                    self.name,
                    self.tag,
                    address=machine.address,
                    config=config,
                    known_hosts=access.bastion_known_host() + known,
                )
            ),
            add_previous_output_in_env=False,
            triggers=[machine.vm.id],
            opts=machine.on_it(parent, self.built),
        )


def content_tag(name: str, folder: Path) -> str:
    """`flower-NAME:<hash>`, by the one rule for it, images/tag."""
    done = subprocess.run(
        [sys.executable, "images/tag", name], cwd=folder, text=True, stdout=subprocess.PIPE, check=True
    )
    return done.stdout.strip()
