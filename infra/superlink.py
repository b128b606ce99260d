"""The SuperLink: Flower's coordinator, on a machine of its own."""

from __future__ import annotations

import pulumi

from infra.catalogue import Catalogue
from infra.container import Container
from infra.image import ContainerImage
from infra.machine import Machine, MachineSpec
from infra.network import FLEET_PORT, PrivateNetwork
from infra.scripts import ContainerSpec, Mount
from infra.settings import Settings
from infra.ssh import Access

CONTROL_ENDPOINT = "127.0.0.1:9093"
SERVERAPP_IO_PORT = 9091
STATE = Mount("/var/lib/flower/state", "/state", writable=True)
SYSTEM_MEMORY = 384  # MiB left to the machine's own programs, Docker among them


class SuperLink(pulumi.ComponentResource):
    """Fleet API on the private address; Control API, which starts runs, on the machine's loopback alone."""

    def __init__(
        self,
        settings: Settings,
        *,
        catalogue: Catalogue,
        network: PrivateNetwork,
        image: ContainerImage,
        access: Access,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("flower:infra:SuperLink", "superlink", None, opts)
        wanted = settings.superlink
        self.name = "flower-superlink"
        self.endpoint = f"{settings.superlink_address}:{FLEET_PORT}"
        self.machine = Machine(
            "superlink",
            MachineSpec(
                name=self.name,
                address=settings.superlink_address,
                cpu=wanted.cpu,
                vcpu=wanted.vcpu,
                memory=wanted.memory,
                mounts=(STATE,),
                disks=() if wanted.state_image is None else ((wanted.state_image, STATE.source),),
            ),
            settings=settings.machine,
            catalogue=catalogue,
            network_id=network.id,
            groups=[network.base, network.superlink],
            access=access,
            opts=pulumi.ResourceOptions(parent=self),
        )
        delivered = image.deliver_to("superlink", self.machine, self)
        self.container = Container(
            "superlink",
            superlink_container(self.endpoint, image.tag, wanted.memory - SYSTEM_MEMORY),
            machine=self.machine,
            after=[delivered],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.outputs = {
            "name": self.name,
            "ip": self.machine.address,
            "vmId": self.machine.vm.id,
            "imageDigest": self.container.image_digest,
        }
        self.register_outputs(self.outputs)


def superlink_container(endpoint: str, image: str, memory: int) -> ContainerSpec:
    """Flower's SuperLink, its database in /state. `memory` is in MiB."""
    return ContainerSpec(
        name="flower-superlink",
        image=image,
        arguments=(
            "--insecure",
            f"--fleet-api-address={endpoint}",
            f"--control-api-address={CONTROL_ENDPOINT}",
            "--host=127.0.0.1",
            f"--port={SERVERAPP_IO_PORT}",
            f"--database={STATE.target}/superlink.db",
            "--disable-runtime-dependency-installation",
        ),
        mounts=(STATE,),
        environment=(("HOME", STATE.target),),
        memory=memory,
        ready_port=FLEET_PORT,
    )
