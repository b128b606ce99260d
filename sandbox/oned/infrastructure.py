"""What the cloud stands on: clusters, hosts, datastores, the zone."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import ClassVar

from pydantic import Field

from sandbox.oned.document import Document
from sandbox.oned.template import Template
from sandbox.oned.vm import Vm
from sandbox.oned.xml import cdata, element, group, ids

# What a datastore does by its transfer driver (oned.conf's TM_MAD_CONF and DS_MAD_CONF).
TM_MADS = {
    "local": {"ALLOW_ORPHANS": "FORMAT", "CLONE_TARGET": "SYSTEM", "LN_TARGET": "SYSTEM", "SHARED": "NO"},
    "dummy": {"ALLOW_ORPHANS": "NO", "CLONE_TARGET": "SYSTEM", "LN_TARGET": "NONE", "SHARED": "YES"},
}
GROUP_USE = (1, 1, 0, 1, 0, 0, 0, 0, 0)


class Cluster(Document):
    """Hosts, datastores and networks that work together."""

    pool: ClassVar[str] = "cluster"
    called: ClassVar[str] = "cluster"
    kind: ClassVar[str] = "CLUSTER"
    root: ClassVar[str] = "CLUSTER"
    first_id: ClassVar[int] = 100

    hosts: list[int] = Field(default_factory=list)
    datastores: list[int] = Field(default_factory=list)
    networks: list[int] = Field(default_factory=list)

    def xml(self) -> str:
        """Its members are those that name it."""
        return group(
            self.root,
            element("ID", self.id),
            element("NAME", self.name),
            ids("HOSTS", self.hosts),
            ids("DATASTORES", self.datastores),
            ids("VNETS", self.networks),
            self.template.xml("TEMPLATE"),
        )


class HostState(IntEnum):
    """STATE of a host."""

    INIT = 0
    MONITORED = 2
    DISABLED = 4
    OFFLINE = 8


class Host(Document):
    """A hypervisor. `total_cpu` counts hundredths of a core, memory is in KiB, disk in MiB."""

    pool: ClassVar[str] = "host"
    called: ClassVar[str] = "host"
    kind: ClassVar[str] = "HOST"
    root: ClassVar[str] = "HOST"

    state: HostState = HostState.INIT
    cluster: int = 0
    cluster_name: str = "default"
    im_mad: str
    vm_mad: str
    total_cpu: int = 0
    total_memory: int = 0
    disk_total: int = 0
    disk_free: int = 0
    # What VMs use is told by themselves (`occupy`), never kept.
    vms: list[int] = Field(default_factory=list)
    cpu_usage: int = 0
    memory_usage: int = 0

    def occupy(self, vms: Iterable[Vm]) -> None:
        """See which of the VMs are here, and what they take of the host."""
        here = [vm for vm in vms if vm.host_id == self.id]
        self.vms = [vm.id for vm in here]
        self.cpu_usage = sum(round(vm.cpu * 100) for vm in here)
        self.memory_usage = sum(vm.memory * 1024 for vm in here)

    def shortage(self, vm: Vm) -> str:
        """Why the VM does not fit beside those that are here, in oned's words; "" when it does."""
        cpu, memory = round(vm.cpu * 100), vm.memory * 1024
        if cpu > self.total_cpu - self.cpu_usage:
            return f"Not enough CPU: {cpu}/{self.total_cpu - self.cpu_usage}"
        if memory > self.total_memory - self.memory_usage:
            return f"Not enough memory: {memory}/{self.total_memory - self.memory_usage}"
        return ""

    def xml(self) -> str:
        """With what its VMs use."""
        disk = [
            cdata("DISK_USAGE", 0),
            cdata("FREE_DISK", self.disk_free),
            cdata("MAX_DISK", self.disk_total),
            cdata("USED_DISK", self.disk_total - self.disk_free),
        ]
        return group(
            self.root,
            element("ID", self.id),
            element("NAME", self.name),
            element("STATE", self.state.value),
            element("PREV_STATE", self.state.value),
            cdata("IM_MAD", self.im_mad),
            cdata("VM_MAD", self.vm_mad),
            element("CLUSTER_ID", self.cluster),
            element("CLUSTER", self.cluster_name),
            group(
                "HOST_SHARE",
                element("MEM_USAGE", self.memory_usage),
                element("CPU_USAGE", self.cpu_usage),
                element("TOTAL_MEM", self.total_memory),
                element("TOTAL_CPU", self.total_cpu),
                element("MAX_MEM", self.total_memory),
                element("MAX_CPU", self.total_cpu),
                element("RUNNING_VMS", len(self.vms)),
                element("VMS_THREAD", 1),
                group("DATASTORES", *disk),
                group("PCI_DEVICES"),
                group("NUMA_NODES"),
            ),
            ids("VMS", self.vms),
            self.template.xml("TEMPLATE"),
            "<MONITORING/>",
        )


class Datastore(Document):
    """A place for images (TYPE 0), running disks (1) or files (2). Sizes are in MiB, 0 before the first monitoring."""

    pool: ClassVar[str] = "datastore"
    called: ClassVar[str] = "datastore"
    kind: ClassVar[str] = "DATASTORE"
    root: ClassVar[str] = "DATASTORE"
    first_id: ClassVar[int] = 100
    TYPES: ClassVar[dict[str, int]] = {"IMAGE_DS": 0, "SYSTEM_DS": 1, "FILE_DS": 2}

    clusters: list[int] = Field(default_factory=lambda: [0])
    base_path: str
    total: int = 0
    free: int = 0
    images: list[int] = Field(default_factory=list)

    @property
    def type(self) -> int:
        """0 images, 1 system, 2 files."""
        return self.TYPES[self.template.text("TYPE")]

    def complete_template(self) -> None:
        """Fill in what follows from TM_MAD."""
        traits = TM_MADS[self.template.text("TM_MAD")]
        for name in {1: ("ALLOW_ORPHANS", "SHARED")}.get(self.type, ("ALLOW_ORPHANS", "CLONE_TARGET", "LN_TARGET")):
            self.template.set(name, traits[name])

    def xml(self) -> str:
        """With its images."""
        return group(
            self.root,
            self.head_xml(),
            cdata("DS_MAD", self.template.text("DS_MAD", "-")),
            cdata("TM_MAD", self.template.text("TM_MAD")),
            cdata("BASE_PATH", self.base_path),
            element("TYPE", self.type),
            element("DISK_TYPE", 0),
            element("STATE", 0),
            ids("CLUSTERS", self.clusters),
            element("TOTAL_MB", self.total),
            element("FREE_MB", self.free),
            element("USED_MB", self.total - self.free),
            ids("IMAGES", self.images),
            self.template.xml("TEMPLATE"),
        )


class Zone(Document):
    """The one zone."""

    pool: ClassVar[str] = "zone"
    called: ClassVar[str] = "zone"
    kind: ClassVar[str] = "ZONE"
    root: ClassVar[str] = "ZONE"

    def xml(self) -> str:
        """With its endpoint in the template."""
        return group(
            self.root,
            element("ID", self.id),
            element("NAME", self.name),
            element("STATE", 0),
            self.template.xml("TEMPLATE"),
            group("SERVER_POOL"),
        )


def new_datastore(object_id: int, name: str, template: dict[str, str], base: str) -> Datastore:
    """A datastore with what oned fills in."""
    defaults = {"PERSISTENT_SNAPSHOTS": "YES", "RESTRICTED_DIRS": "/", "SAFE_DIRS": "/var/tmp"}  # noqa: S108 (oned's)
    datastore = Datastore(
        id=object_id,
        name=name,
        permissions=GROUP_USE,
        base_path=f"{base}/datastores/{object_id}",
        template=Template(items=[*defaults.items(), *template.items()]),
    )
    if datastore.type != Datastore.TYPES["FILE_DS"]:
        datastore.template.set("DISK_TYPE", "FILE")
    datastore.complete_template()
    return datastore


def new_host(object_id: int, name: str, im_mad: str, vm_mad: str, cluster: Cluster) -> Host:
    """A host that is not monitored yet."""
    template = {"IM_MAD": im_mad, "RESERVED_CPU": "", "RESERVED_MEM": "", "VM_MAD": vm_mad}
    return Host(
        id=object_id,
        name=name,
        im_mad=im_mad,
        vm_mad=vm_mad,
        cluster=cluster.id,
        cluster_name=cluster.name,
        template=Template(items=list(template.items())),
    )
