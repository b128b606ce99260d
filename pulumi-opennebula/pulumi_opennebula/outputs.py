# Written by `python3 -m opennebula_provider.sdk` from opennebula_provider/definitions.py; edit that.
# mypy: disable-error-code="no-any-return"
"""Nested outputs of the resources and look-ups."""

from collections.abc import Sequence

import pulumi


@pulumi.output_type
class AddressRange:
    """A run of consecutive addresses that a virtual network leases."""

    def __init__(self, *, type: str, size: int, ip4: str | None = None, mac: str | None = None) -> None:
        """Set the properties."""
        pulumi.set(self, "type", type)
        pulumi.set(self, "ip4", ip4)
        pulumi.set(self, "size", size)
        pulumi.set(self, "mac", mac)

    @property
    @pulumi.getter
    def type(self) -> str:
        """`IP4` for IPv4 addresses, `ETHER` for MAC addresses alone."""
        return pulumi.get(self, "type")

    @property
    @pulumi.getter
    def ip4(self) -> str | None:
        """First IPv4 address; required by type `IP4`."""
        return pulumi.get(self, "ip4")

    @property
    @pulumi.getter
    def size(self) -> int:
        """How many addresses."""
        return pulumi.get(self, "size")

    @property
    @pulumi.getter
    def mac(self) -> str | None:
        """First MAC address. Default: made by OpenNebula from the IP address."""
        return pulumi.get(self, "mac")


@pulumi.output_type
class SecurityGroupRule:
    """Traffic let through. What no rule matches is dropped."""

    def __init__(
        self,
        *,
        protocol: str,
        rule_type: str,
        range: str | None = None,
        icmp_type: int | None = None,
        ip: str | None = None,
        size: int | None = None,
        network_id: int | None = None,
    ) -> None:
        """Set the properties."""
        pulumi.set(self, "protocol", protocol)
        pulumi.set(self, "rule_type", rule_type)
        pulumi.set(self, "range", range)
        pulumi.set(self, "icmp_type", icmp_type)
        pulumi.set(self, "ip", ip)
        pulumi.set(self, "size", size)
        pulumi.set(self, "network_id", network_id)

    @property
    @pulumi.getter
    def protocol(self) -> str:
        """`TCP`, `UDP`, `ICMP`, `ICMPV6`, `IPSEC` or `ALL`."""
        return pulumi.get(self, "protocol")

    @property
    @pulumi.getter(name="ruleType")
    def rule_type(self) -> str:
        """`INBOUND` or `OUTBOUND`."""
        return pulumi.get(self, "rule_type")

    @property
    @pulumi.getter
    def range(self) -> str | None:
        """Ports and port ranges, such as `22,80:90` (TCP and UDP). Default: all."""
        return pulumi.get(self, "range")

    @property
    @pulumi.getter(name="icmpType")
    def icmp_type(self) -> int | None:
        """Type of ICMP message. Default: all."""
        return pulumi.get(self, "icmp_type")

    @property
    @pulumi.getter
    def ip(self) -> str | None:
        """First address of the peers; needs `size`. Default: any peer."""
        return pulumi.get(self, "ip")

    @property
    @pulumi.getter
    def size(self) -> int | None:
        """How many peers, counted from `ip`."""
        return pulumi.get(self, "size")

    @property
    @pulumi.getter(name="networkId")
    def network_id(self) -> int | None:
        """Virtual network whose addresses are the peers."""
        return pulumi.get(self, "network_id")


@pulumi.output_type
class Nic:
    """A network interface."""

    def __init__(
        self,
        *,
        network_id: int,
        security_groups: Sequence[int],
        ip: str | None = None,
        mac: str | None = None,
        model: str | None = None,
    ) -> None:
        """Set the properties."""
        pulumi.set(self, "network_id", network_id)
        pulumi.set(self, "ip", ip)
        pulumi.set(self, "mac", mac)
        pulumi.set(self, "security_groups", security_groups)
        pulumi.set(self, "model", model)

    @property
    @pulumi.getter(name="networkId")
    def network_id(self) -> int:
        """Virtual network it is attached to."""
        return pulumi.get(self, "network_id")

    @property
    @pulumi.getter
    def ip(self) -> str | None:
        """IPv4 address, out of the network's ranges. Default: any free one."""
        return pulumi.get(self, "ip")

    @property
    @pulumi.getter
    def mac(self) -> str | None:
        """MAC address. Default: that of the lease."""
        return pulumi.get(self, "mac")

    @property
    @pulumi.getter(name="securityGroups")
    def security_groups(self) -> Sequence[int]:
        """Ids of the security groups applied to it, beside the network's own."""
        return pulumi.get(self, "security_groups")

    @property
    @pulumi.getter
    def model(self) -> str | None:
        """Emulated device, such as `virtio`."""
        return pulumi.get(self, "model")


@pulumi.output_type
class Disk:
    """A disk: a copy of an image (the image itself, if that is persistent), or an empty volatile one."""

    def __init__(
        self,
        *,
        image_id: int | None = None,
        size: int | None = None,
        target: str | None = None,
        type: str | None = None,
        format: str | None = None,
        dev_prefix: str | None = None,
    ) -> None:
        """Set the properties."""
        pulumi.set(self, "image_id", image_id)
        pulumi.set(self, "size", size)
        pulumi.set(self, "target", target)
        pulumi.set(self, "type", type)
        pulumi.set(self, "format", format)
        pulumi.set(self, "dev_prefix", dev_prefix)

    @property
    @pulumi.getter(name="imageId")
    def image_id(self) -> int | None:
        """Image it is made from. Default: none, an empty disk of `size`."""
        return pulumi.get(self, "image_id")

    @property
    @pulumi.getter
    def size(self) -> int | None:
        """Size in MiB; at least the image's. Default: the image's."""
        return pulumi.get(self, "size")

    @property
    @pulumi.getter
    def target(self) -> str | None:
        """Device in the guest, such as `vdb`. Default: the next free one."""
        return pulumi.get(self, "target")

    @property
    @pulumi.getter
    def type(self) -> str | None:
        """Of an empty disk: `fs`, `swap`, or `raw`. Default: `raw`."""
        return pulumi.get(self, "type")

    @property
    @pulumi.getter
    def format(self) -> str | None:
        """Of an empty disk: `raw` or `qcow2`. Default: `raw`."""
        return pulumi.get(self, "format")

    @property
    @pulumi.getter(name="devPrefix")
    def dev_prefix(self) -> str | None:
        """Bus of the disk as its device's prefix: `vd`, `sd`, `hd`."""
        return pulumi.get(self, "dev_prefix")


@pulumi.output_type
class Os:
    """How the virtual machine boots."""

    def __init__(
        self,
        *,
        arch: str | None = None,
        machine: str | None = None,
        boot: str | None = None,
        firmware: str | None = None,
    ) -> None:
        """Set the properties."""
        pulumi.set(self, "arch", arch)
        pulumi.set(self, "machine", machine)
        pulumi.set(self, "boot", boot)
        pulumi.set(self, "firmware", firmware)

    @property
    @pulumi.getter
    def arch(self) -> str | None:
        """Architecture, such as `x86_64`."""
        return pulumi.get(self, "arch")

    @property
    @pulumi.getter
    def machine(self) -> str | None:
        """Machine type of the hypervisor, such as `q35`."""
        return pulumi.get(self, "machine")

    @property
    @pulumi.getter
    def boot(self) -> str | None:
        """Boot order, such as `disk0,nic0`."""
        return pulumi.get(self, "boot")

    @property
    @pulumi.getter
    def firmware(self) -> str | None:
        """Path of the firmware, or `BIOS`."""
        return pulumi.get(self, "firmware")


@pulumi.output_type
class AttachedNic:
    """A network interface as OpenNebula attached it."""

    def __init__(
        self,
        *,
        nic_id: int,
        network_id: int,
        network: str,
        mac: str,
        security_groups: Sequence[int],
        ip: str | None = None,
    ) -> None:
        """Set the properties."""
        pulumi.set(self, "nic_id", nic_id)
        pulumi.set(self, "network_id", network_id)
        pulumi.set(self, "network", network)
        pulumi.set(self, "ip", ip)
        pulumi.set(self, "mac", mac)
        pulumi.set(self, "security_groups", security_groups)

    @property
    @pulumi.getter(name="nicId")
    def nic_id(self) -> int:
        """Number of the interface in its virtual machine."""
        return pulumi.get(self, "nic_id")

    @property
    @pulumi.getter(name="networkId")
    def network_id(self) -> int:
        """Virtual network it is attached to."""
        return pulumi.get(self, "network_id")

    @property
    @pulumi.getter
    def network(self) -> str:
        """Name of that network."""
        return pulumi.get(self, "network")

    @property
    @pulumi.getter
    def ip(self) -> str | None:
        """IPv4 address, if the network leases them."""
        return pulumi.get(self, "ip")

    @property
    @pulumi.getter
    def mac(self) -> str:
        """MAC address."""
        return pulumi.get(self, "mac")

    @property
    @pulumi.getter(name="securityGroups")
    def security_groups(self) -> Sequence[int]:
        """Ids of the security groups in force."""
        return pulumi.get(self, "security_groups")


@pulumi.output_type
class AttachedDisk:
    """A disk as OpenNebula attached it."""

    def __init__(self, *, disk_id: int, size: int, target: str, image_id: int | None = None) -> None:
        """Set the properties."""
        pulumi.set(self, "disk_id", disk_id)
        pulumi.set(self, "image_id", image_id)
        pulumi.set(self, "size", size)
        pulumi.set(self, "target", target)

    @property
    @pulumi.getter(name="diskId")
    def disk_id(self) -> int:
        """Number of the disk in its virtual machine."""
        return pulumi.get(self, "disk_id")

    @property
    @pulumi.getter(name="imageId")
    def image_id(self) -> int | None:
        """Image it is made from, if any."""
        return pulumi.get(self, "image_id")

    @property
    @pulumi.getter
    def size(self) -> int:
        """Size in MiB."""
        return pulumi.get(self, "size")

    @property
    @pulumi.getter
    def target(self) -> str:
        """Device in the guest."""
        return pulumi.get(self, "target")
