"""The whole: one SuperLink, a SuperNode for each site, and what is to be known about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi

from infra import ssh
from infra.catalogue import look_up
from infra.image import ContainerImage
from infra.network import PrivateNetwork
from infra.settings import Settings
from infra.superlink import CONTROL_ENDPOINT, SuperLink
from infra.supernode import SuperNode


class Federation(pulumi.ComponentResource):
    """A federation by `settings`. Files that those name, and images/, are found relative to `folder`."""

    def __init__(self, settings: Settings, folder: Path, opts: pulumi.ResourceOptions | None = None) -> None:
        access = ssh.access(settings, folder)
        catalogue = look_up(settings)
        super().__init__("flower:infra:Federation", "federation", None, opts)
        within = pulumi.ResourceOptions(parent=self)
        self.settings = settings
        self._bastion_known_host = access.bastion_known_host()

        network = PrivateNetwork("network", settings, catalogue.network, within)
        superlink_image = ContainerImage("superlink", folder=folder, opts=within)
        supernode_image = ContainerImage("supernode", folder=folder, opts=within)
        self.images = {"superlink": superlink_image.tag, "supernode": supernode_image.tag}
        self.superlink = SuperLink(
            settings, catalogue=catalogue, network=network, image=superlink_image, access=access, opts=within
        )
        self.supernodes = [
            SuperNode(
                site,
                settings,
                superlink=self.superlink.endpoint,
                catalogue=catalogue,
                network=network,
                image=supernode_image,
                access=access,
                opts=within,
            )
            for site in settings.sites
        ]
        self.register_outputs({})

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, which scripts/ read. Nothing in them is secret: keys are named by their files."""
        bastion = self.settings.bastion
        machines = [self.superlink.machine, *(node.machine for node in self.supernodes)]
        return {
            "superlinkEndpoint": self.superlink.endpoint,
            "controlEndpoint": CONTROL_ENDPOINT,
            "superlink": self.superlink.outputs,
            "supernodes": [node.outputs for node in self.supernodes],
            "bastion": bastion and {"host": bastion.host, "port": bastion.port, "user": bastion.user},
            "ssh": {"user": ssh.MACHINE_USER, "privateKeyFile": self.settings.ssh.private_key_file},
            "sshKnownHosts": pulumi.Output.concat(
                self._bastion_known_host, *(machine.known_host for machine in machines)
            ),
            "images": self.images,
        }
