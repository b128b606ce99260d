"""A virtual machine that is ready to run containers."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

import pulumi
import pulumi_command as command
import pulumi_opennebula as opennebula

from infra import scripts
from infra.catalogue import Catalogue
from infra.scripts import DataDisk, Mount
from infra.settings import MachineSettings
from infra.ssh import KEY_TYPES, Access, known_hosts_name


@dataclass(frozen=True)
class MachineSpec:
    """What a machine is to be. `memory` is in MiB; `mounts` are the folders that its containers will want.

    `disks` are persistent images by name, attached in this order, and where each is mounted.
    """

    name: str
    address: IPv4Address
    cpu: float
    vcpu: int
    memory: int
    mounts: tuple[Mount, ...]
    disks: tuple[tuple[str, str], ...] = ()
    cluster: str | None = None
    host: str | None = None


class Machine(pulumi.ComponentResource):
    """A VM whose start script brought its disks and Docker, and whose SSH host key is pinned.

    What lives on it is made with `on_it()` as its options: after `ready`, and gone with the VM.
    """

    def __init__(
        self,
        name: str,
        spec: MachineSpec,
        *,
        settings: MachineSettings,
        catalogue: Catalogue,
        network_id: pulumi.Input[int],
        groups: Sequence[opennebula.SecurityGroup],
        access: Access,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("flower:infra:Machine", name, None, opts)
        self.address = str(spec.address)
        self.access = access
        disks = [DataDisk(f"vd{'bcdefgh'[place]}", folder) for place, (_, folder) in enumerate(spec.disks)]

        self.vm = opennebula.VirtualMachine(
            f"{name}-vm",
            name=spec.name,
            description="Flower federation",
            template_id=catalogue.template,
            cpu=spec.cpu,
            vcpu=spec.vcpu,
            memory=spec.memory,
            disks=_disks(settings, catalogue, [image for image, _ in spec.disks], [disk.target for disk in disks]),
            nics=[
                opennebula.NicArgs(
                    network_id=network_id, ip=self.address, security_groups=[group.id.apply(int) for group in groups]
                )
            ],
            context={
                "NETWORK": "YES",
                "SET_HOSTNAME": spec.name,
                "SSH_PUBLIC_KEY": access.key.public,
                "START_SCRIPT_BASE64": b64encode(
                    scripts.start_machine(disks, settings.package_mirror).encode()
                ).decode(),
            },
            sched_requirements=_requirements(spec),
            # Another VM cannot have the address before this one gives it back.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.host_key = self._read_host_key(name)
        self.connection = access.to_machine(self.address, self.host_key)
        self.ready = command.remote.Command(
            f"{name}-ready",
            connection=self.connection,
            create=scripts.REMOTE_SHELL,
            stdin=scripts.await_machine(spec.mounts),
            add_previous_output_in_env=False,
            triggers=[self.vm.id],
            opts=pulumi.ResourceOptions(parent=self, deleted_with=self.vm),
        )
        self.known_host = self.host_key.apply(lambda key: f"{known_hosts_name(self.address)} {key}\n")
        self.register_outputs({"address": self.address, "vmId": self.vm.id, "hostKey": self.host_key})

    def on_it(self, parent: pulumi.Resource, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of what lives on this machine: made when it is ready and `after` is done, gone when it is gone."""
        return pulumi.ResourceOptions(parent=parent, depends_on=[self.ready, *after], deleted_with=self.vm)

    def _read_host_key(self, name: str) -> pulumi.Output[str]:
        """Once for each VM, from where it is nearest: the bastion, or the deployer where there is none."""
        options = pulumi.ResourceOptions(parent=self, deleted_with=self.vm)
        arguments: dict[str, Any] = {
            "stdin": scripts.read_host_key(self.address, KEY_TYPES),
            "add_previous_output_in_env": False,
            "triggers": [self.vm.id],
        }
        found: command.local.Command | command.remote.Command
        if self.access.bastion is None:
            found = command.local.Command(f"{name}-host-key", create=scripts.LOCAL_SHELL, opts=options, **arguments)
        else:
            found = command.remote.Command(
                f"{name}-host-key",
                connection=self.access.to_bastion(),
                create=scripts.REMOTE_SHELL,
                opts=options,
                **arguments,
            )
        key: pulumi.Output[str] = found.stdout
        return key


def _disks(
    settings: MachineSettings, catalogue: Catalogue, images: Sequence[str], targets: Sequence[str]
) -> list[opennebula.DiskArgs] | None:
    """The system disk and the persistent images; None leaves the disks to the template.

    Persistent images are attached, never owned: no deployment makes one, replaces it or deletes it.
    """
    if catalogue.image is None:
        return None
    system = opennebula.DiskArgs(image_id=catalogue.image, size=settings.disk_size)
    persistent = (catalogue.persistent[image] for image in images)
    return [
        system,
        *(opennebula.DiskArgs(image_id=id, target=target) for id, target in zip(persistent, targets, strict=True)),
    ]


def _requirements(spec: MachineSpec) -> str | None:
    wanted = [("CLUSTER", spec.cluster), ("NAME", spec.host)]
    return " & ".join(f'{attribute} = "{value}"' for attribute, value in wanted if value is not None) or None
