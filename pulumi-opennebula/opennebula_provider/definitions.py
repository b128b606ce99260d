"""Every resource, look-up and setting of the provider: names, types, documentation, defaults, secrets, replace rules.

This is the one place where they stand. The package schema (`schema.py`) and the Python SDK (`sdk.py`) are derived from
these classes, and the resources read their inputs as instances of them.

Names are Python's (`vn_mad`); on the wire and in other languages they are camel case (`vnMad`).
"""

# ruff: noqa: RUF009 (`prop` gives each instance a list of its own)

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rule:
    """What is known of a property beyond its type."""

    doc: str
    replace: bool = False  # a change of it cannot be carried out on the existing object
    secret: bool = False
    env: tuple[str, ...] = ()  # environment variables that supply it where it is not set


def prop(doc: str, *, default: Any = dataclasses.MISSING, **rule: Any) -> Any:
    """Declare a property; without `default` it is required."""
    if isinstance(default, list | dict):
        return dataclasses.field(default_factory=default.copy, metadata={"rule": Rule(doc, **rule)})
    return dataclasses.field(default=default, metadata={"rule": Rule(doc, **rule)})


@dataclass(frozen=True)
class Definition:
    """A resource or look-up: its name, what the user gives, and what OpenNebula answers."""

    name: str
    inputs: type
    outputs: type

    @property
    def token(self) -> str:
        """Its name in the Pulumi package."""
        return f"opennebula:index:{self.name}"


# --- settings of the provider -----------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Provider:
    """OpenNebula, reached by its XML-RPC interface.

    Credentials are taken from `username` and `password`, else from `authFile`, else from the file named by `ONE_AUTH`,
    else from `~/.one/one_auth`. They are tried out before anything is planned.
    """

    endpoint: str | None = prop(
        "Address of the XML-RPC interface, such as `http://frontend:2633/RPC2`. Default: `ONE_XMLRPC`.",
        default=None,
        env=("ONE_XMLRPC",),
    )
    username: str | None = prop("Name of the OpenNebula user.", default=None)
    password: str | None = prop("Password or login token of the user.", default=None, secret=True)
    auth_file: str | None = prop(
        "Path of a file that holds `user:password`, as OpenNebula's own tools use it. Default: `ONE_AUTH`.",
        default=None,
        env=("ONE_AUTH",),
    )
    ca_bundle: str | None = prop(
        "Path of a PEM file with the certificate authorities that HTTPS endpoints are verified against.", default=None
    )


# --- virtual networks -------------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class AddressRange:
    """A run of consecutive addresses that a virtual network leases."""

    type: str = prop("`IP4` for IPv4 addresses, `ETHER` for MAC addresses alone.", default="IP4")
    ip4: str | None = prop("First IPv4 address; required by type `IP4`.", default=None)
    size: int = prop("How many addresses.")
    mac: str | None = prop("First MAC address. Default: made by OpenNebula from the IP address.", default=None)


@dataclass(kw_only=True)
class VirtualNetwork:
    """A virtual network: a link layer made by a driver, and the addresses leased on it."""

    name: str | None = prop("Name, unique per owner. Default: the name of the Pulumi resource.", default=None)
    description: str | None = prop("What the network is for.", default=None)
    vn_mad: str = prop(
        "Driver that makes the link layer: `bridge`, `fw`, `802.1Q`, `vxlan`, `ovswitch`, ...",
        default="bridge",
        replace=True,
    )
    bridge: str | None = prop("Bridge on the hosts. Default: chosen by OpenNebula.", default=None, replace=True)
    physical_device: str | None = prop(
        "Network device of the hosts that carries the network (802.1Q, VXLAN).", default=None, replace=True
    )
    vlan_id: int | None = prop(
        "VLAN or VXLAN id. Default: chosen by OpenNebula where one is needed.", default=None, replace=True
    )
    mtu: int | None = prop("Largest packet, in bytes.", default=None)
    network_address: str | None = prop("Address of the subnet, such as `172.16.100.0`.", default=None)
    network_mask: str | None = prop("Mask of the subnet, such as `255.255.255.0`.", default=None)
    gateway: str | None = prop("Default route given to the guests.", default=None)
    dns: str | None = prop("Name servers given to the guests, separated by spaces.", default=None)
    address_ranges: list[AddressRange] = prop(
        "Addresses leased on this network; added and removed in place.", default=[]
    )
    security_groups: list[int] = prop(
        "Ids of the security groups applied to every NIC of this network. Default: group 0.", default=[]
    )
    cluster_ids: list[int] = prop(
        "Ids of the clusters whose hosts reach the network. Default: OpenNebula's default cluster.",
        default=[],
        replace=True,
    )
    tags: dict[str, str] = prop("Further attributes of the network's template.", default={})


@dataclass(kw_only=True)
class VirtualNetworkOutputs:
    """What OpenNebula says of a virtual network."""

    bridge_name: str = prop("Bridge in use, whether given or chosen by OpenNebula.")
    address_range_ids: list[int] = prop("Ids of the address ranges, in the order of `addressRanges`.")


# --- security groups --------------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class SecurityGroupRule:
    """Traffic let through. What no rule matches is dropped."""

    protocol: str = prop("`TCP`, `UDP`, `ICMP`, `ICMPV6`, `IPSEC` or `ALL`.")
    rule_type: str = prop("`INBOUND` or `OUTBOUND`.")
    range: str | None = prop("Ports and port ranges, such as `22,80:90` (TCP and UDP). Default: all.", default=None)
    icmp_type: int | None = prop("Type of ICMP message. Default: all.", default=None)
    ip: str | None = prop("First address of the peers; needs `size`. Default: any peer.", default=None)
    size: int | None = prop("How many peers, counted from `ip`.", default=None)
    network_id: int | None = prop("Virtual network whose addresses are the peers.", default=None)


@dataclass(kw_only=True)
class SecurityGroup:
    """A packet filter for the NICs it is applied to. Changes reach running virtual machines."""

    name: str | None = prop("Name, unique per owner. Default: the name of the Pulumi resource.", default=None)
    description: str | None = prop("What the group is for.", default=None)
    rules: list[SecurityGroupRule] = prop("Traffic let through.", default=[])
    tags: dict[str, str] = prop("Further attributes of the group's template.", default={})


@dataclass(kw_only=True)
class SecurityGroupOutputs:
    """A security group has no computed properties."""


# --- images -----------------------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Image:
    """A disk image in a datastore: registered from a path or URL, or made empty by its size."""

    name: str | None = prop("Name, unique per owner. Default: the name of the Pulumi resource.", default=None)
    description: str | None = prop("What the image holds.", default=None)
    datastore_id: int = prop("Image datastore that holds it.", replace=True)
    path: str | None = prop(
        "File on the front end, or URL, that the image is copied from. Either this or `size`.",
        default=None,
        replace=True,
    )
    size: int | None = prop("Size of an empty image in MiB. Either this or `path`.", default=None, replace=True)
    type: str | None = prop(
        "`OS`, `CDROM` or `DATABLOCK`. Default: `OS` with a path, `DATABLOCK` without.", default=None
    )
    persistent: bool = prop("Whether what a virtual machine writes is kept in the image itself.", default=False)
    format: str | None = prop("`raw` or `qcow2`. Default: found out by OpenNebula.", default=None, replace=True)
    dev_prefix: str | None = prop("Bus of the disk as its device's prefix: `vd`, `sd`, `hd`.", default=None)
    tags: dict[str, str] = prop("Further attributes of the image's template.", default={})


@dataclass(kw_only=True)
class ImageOutputs:
    """What OpenNebula says of an image."""

    state: str = prop("State, such as `READY` or `USED`.")
    size_mib: int = prop("Size in MiB.")
    source: str = prop("Where the datastore keeps it.")


# --- virtual machines -------------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Nic:
    """A network interface."""

    network_id: int = prop("Virtual network it is attached to.")
    ip: str | None = prop("IPv4 address, out of the network's ranges. Default: any free one.", default=None)
    mac: str | None = prop("MAC address. Default: that of the lease.", default=None)
    security_groups: list[int] = prop("Ids of the security groups applied to it, beside the network's own.", default=[])
    model: str | None = prop("Emulated device, such as `virtio`.", default=None)


@dataclass(kw_only=True)
class AttachedNic:
    """A network interface as OpenNebula attached it."""

    nic_id: int = prop("Number of the interface in its virtual machine.")
    network_id: int = prop("Virtual network it is attached to.")
    network: str = prop("Name of that network.")
    ip: str | None = prop("IPv4 address, if the network leases them.", default=None)
    mac: str = prop("MAC address.")
    security_groups: list[int] = prop("Ids of the security groups in force.")


@dataclass(kw_only=True)
class Disk:
    """A disk: a copy of an image (the image itself, if that is persistent), or an empty volatile one."""

    image_id: int | None = prop("Image it is made from. Default: none, an empty disk of `size`.", default=None)
    size: int | None = prop("Size in MiB; at least the image's. Default: the image's.", default=None)
    target: str | None = prop("Device in the guest, such as `vdb`. Default: the next free one.", default=None)
    type: str | None = prop("Of an empty disk: `fs`, `swap`, or `raw`. Default: `raw`.", default=None)
    format: str | None = prop("Of an empty disk: `raw` or `qcow2`. Default: `raw`.", default=None)
    dev_prefix: str | None = prop("Bus of the disk as its device's prefix: `vd`, `sd`, `hd`.", default=None)


@dataclass(kw_only=True)
class AttachedDisk:
    """A disk as OpenNebula attached it."""

    disk_id: int = prop("Number of the disk in its virtual machine.")
    image_id: int | None = prop("Image it is made from, if any.", default=None)
    size: int = prop("Size in MiB.")
    target: str = prop("Device in the guest.")


@dataclass(kw_only=True)
class Os:
    """How the virtual machine boots."""

    arch: str | None = prop("Architecture, such as `x86_64`.", default=None)
    machine: str | None = prop("Machine type of the hypervisor, such as `q35`.", default=None)
    boot: str | None = prop("Boot order, such as `disk0,nic0`.", default=None)
    firmware: str | None = prop("Path of the firmware, or `BIOS`.", default=None)


@dataclass(kw_only=True)
class VirtualMachine:
    """A virtual machine, from scratch or from a template of OpenNebula; ready when it is RUNNING."""

    name: str | None = prop("Name. Default: the name of the Pulumi resource.", default=None)
    description: str | None = prop("What the machine is for.", default=None)
    template_id: int | None = prop(
        "Template it is instantiated from; what is given here overrides it. Default: none.", default=None, replace=True
    )
    cpu: float | None = prop(
        "Share of physical CPUs; required without a template. A change powers the machine off and on.", default=None
    )
    vcpu: int | None = prop("Virtual CPUs. A change powers the machine off and on.", default=None)
    memory: int | None = prop(
        "Memory in MiB; required without a template. A change powers the machine off and on.", default=None
    )
    context: dict[str, str] = prop(
        "Variables handed to the guest, such as `SSH_PUBLIC_KEY` or `START_SCRIPT_BASE64`; `NETWORK = YES` adds "
        "the addresses of the NICs. A change reaches the guest's context disk at once; it is applied by the guest.",
        default={},
    )
    nics: list[Nic] = prop("Network interfaces, in order; attached and detached in place.", default=[])
    disks: list[Disk] = prop("Disks, in order; the first is booted from.", default=[], replace=True)
    os: Os | None = prop("How it boots.", default=None, replace=True)
    sched_requirements: str | None = prop(
        "Which hosts it may run on, as an expression such as `CLUSTER_ID = 100`.", default=None
    )
    tags: dict[str, str] = prop("Further attributes of the machine's user template.", default={})


@dataclass(kw_only=True)
class VirtualMachineOutputs:
    """What OpenNebula says of a virtual machine."""

    state: str = prop("State, such as `ACTIVE`.")
    lcm_state: str = prop("State of its life cycle while it is ACTIVE, such as `RUNNING`.")
    ip: str | None = prop("IPv4 address of the first NIC.", default=None)
    ips: list[str] = prop("IPv4 addresses of the NICs, in order.")
    attached_nics: list[AttachedNic] = prop("NICs as attached.")
    attached_disks: list[AttachedDisk] = prop("Disks as attached.")
    host: str = prop("Host it runs on.")
    start_time: int = prop("When it was created, in seconds since 1970; a reboot does not change it.")


# --- look-ups ---------------------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class LookupArgs:
    """What to look for: either of the two."""

    id: int | None = prop("Id of the object.", default=None)
    name: str | None = prop("Name of the object; several of that name are an error that lists them.", default=None)


@dataclass(kw_only=True)
class Lease:
    """An address that is not free. OpenNebula lists none of machines that the user may not see."""

    ip: str = prop("IPv4 address.")
    vm_id: int | None = prop("Virtual machine that has it. None: it is on hold, or reserved.", default=None)
    vm_name: str | None = prop("Name of that machine.", default=None)
    own: bool = prop("Whether this stack made that machine.")


@dataclass(kw_only=True)
class FoundVirtualNetwork:
    """A virtual network that exists."""

    id: int = prop("Id.")
    name: str = prop("Name.")
    vn_mad: str = prop("Driver of the link layer.")
    bridge: str = prop("Bridge on the hosts.")
    network_address: str | None = prop("Address of the subnet.", default=None)
    network_mask: str | None = prop("Mask of the subnet.", default=None)
    gateway: str | None = prop("Default route given to the guests.", default=None)
    dns: str | None = prop("Name servers given to the guests, separated by spaces.", default=None)
    address_ranges: list[AddressRange] = prop("Addresses leased on it.")
    leases: list[Lease] = prop("IPv4 addresses that are not free at the moment.")
    security_groups: list[int] = prop("Security groups applied to every NIC of it.")


@dataclass(kw_only=True)
class FoundImage:
    """An image that exists."""

    id: int = prop("Id.")
    name: str = prop("Name.")
    type: str = prop("`OS`, `CDROM`, `DATABLOCK`, ...")
    state: str = prop("State, such as `READY`.")
    size: int = prop("Size in MiB.")
    persistent: bool = prop("Whether what a virtual machine writes is kept in it.")
    datastore_id: int = prop("Datastore that holds it.")


@dataclass(kw_only=True)
class FoundTemplate:
    """A virtual machine template that exists."""

    id: int = prop("Id.")
    name: str = prop("Name.")


@dataclass(kw_only=True)
class FoundDatastore:
    """A datastore that exists."""

    id: int = prop("Id.")
    name: str = prop("Name.")
    type: str = prop("`IMAGE`, `SYSTEM` or `FILE`.")
    free_mib: int = prop("Free space in MiB.")
    total_mib: int = prop("Total space in MiB.")


RESOURCES = (
    Definition("VirtualNetwork", VirtualNetwork, VirtualNetworkOutputs),
    Definition("SecurityGroup", SecurityGroup, SecurityGroupOutputs),
    Definition("Image", Image, ImageOutputs),
    Definition("VirtualMachine", VirtualMachine, VirtualMachineOutputs),
)

FUNCTIONS = (
    Definition("getVirtualNetwork", LookupArgs, FoundVirtualNetwork),
    Definition("getImage", LookupArgs, FoundImage),
    Definition("getTemplate", LookupArgs, FoundTemplate),
    Definition("getDatastore", LookupArgs, FoundDatastore),
)
