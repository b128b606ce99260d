"""A SuperNode: one site's training, on the site's machine, over the site's data."""

from __future__ import annotations

import json

import pulumi

from infra.catalogue import Catalogue
from infra.container import Container
from infra.image import ContainerImage
from infra.machine import Machine, MachineSpec
from infra.network import PrivateNetwork
from infra.sample_data import SampleData
from infra.scripts import ContainerSpec, Mount
from infra.settings import Settings, Site
from infra.ssh import Access
from infra.superlink import SYSTEM_MEMORY

CLIENTAPP_IO_PORT = 9094
CACHE = Mount("/var/lib/flower/cache", "/cache", writable=True)


class SuperNode(pulumi.ComponentResource):
    """Nothing on it depends on who else takes part: adding and removing sites leaves it alone."""

    def __init__(
        self,
        site: Site,
        settings: Settings,
        *,
        superlink: str,
        catalogue: Catalogue,
        network: PrivateNetwork,
        image: ContainerImage,
        access: Access,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("flower:infra:SuperNode", site.name, None, opts)
        data = Mount(site.data_dir, "/data")
        self.machine = Machine(
            site.name,
            MachineSpec(
                name=f"flower-{site.name}",
                address=site.address,
                cpu=site.cpu,
                vcpu=site.vcpu,
                memory=site.memory,
                mounts=(data, CACHE),
                disks=() if site.data_image is None else ((site.data_image, site.data_dir),),
                cluster=site.cluster,
                host=site.host,
            ),
            settings=settings.machine,
            catalogue=catalogue,
            network_id=network.id,
            groups=[network.base, network.supernode],
            access=access,
            opts=pulumi.ResourceOptions(parent=self),
        )
        after: list[pulumi.Resource] = [image.deliver_to(site.name, self.machine, self)]
        if settings.federation.sample_data is not None:
            after.append(SampleData(site, settings.federation.sample_data, machine=self.machine, parent=self).copied)
        self.container = Container(
            site.name,
            supernode_container(site, data, superlink, image.tag),
            machine=self.machine,
            after=after,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.outputs = {
            "name": f"flower-{site.name}",
            "site": site.name,
            "ip": self.machine.address,
            "vmId": self.machine.vm.id,
            "imageDigest": self.container.image_digest,
        }
        self.register_outputs(self.outputs)


def supernode_container(site: Site, data: Mount, superlink: str, image: str) -> ContainerSpec:
    """Flower's SuperNode: the site's data read-only in /data, what it downloads in /cache."""
    return ContainerSpec(
        name="flower-supernode",
        image=image,
        arguments=(
            "--insecure",
            f"--superlink={superlink}",
            "--host=127.0.0.1",
            f"--port={CLIENTAPP_IO_PORT}",
            f"--node-config=site={json.dumps(site.name)} partition-id={site.partition}",
        ),
        mounts=(data, CACHE),
        # A thread more than the machine has cores makes training slower.
        environment=(
            ("HOME", CACHE.target),
            ("HF_HOME", f"{CACHE.target}/huggingface"),
            ("OMP_NUM_THREADS", str(site.vcpu)),
        ),
        memory=site.memory - SYSTEM_MEMORY,
        ready_port=CLIENTAPP_IO_PORT,
    )
