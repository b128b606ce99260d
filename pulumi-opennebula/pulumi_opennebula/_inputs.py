# Written by `python3 -m opennebula_provider.sdk` from opennebula_provider/definitions.py; edit that.
# mypy: disable-error-code="no-any-return"
"""Nested inputs of the resources."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi


class AddressRangeArgsDict(TypedDict):
    """A run of consecutive addresses that a virtual network leases."""

    type: NotRequired[pulumi.Input[str]]
    ip4: NotRequired[pulumi.Input[str]]
    size: pulumi.Input[int]
    mac: NotRequired[pulumi.Input[str]]


@pulumi.input_type
class AddressRangeArgs:
    """A run of consecutive addresses that a virtual network leases."""

    def __init__(
        self,
        *,
        size: pulumi.Input[int],
        type: pulumi.Input[str] | None = None,
        ip4: pulumi.Input[str] | None = None,
        mac: pulumi.Input[str] | None = None,
    ) -> None:
        """Set the properties.

        :param type: `IP4` for IPv4 addresses, `ETHER` for MAC addresses alone.
        :param ip4: First IPv4 address; required by type `IP4`.
        :param size: How many addresses.
        :param mac: First MAC address. Default: made by OpenNebula from the IP address.
        """
        if type is not None:
            pulumi.set(self, "type", type)
        if ip4 is not None:
            pulumi.set(self, "ip4", ip4)
        pulumi.set(self, "size", size)
        if mac is not None:
            pulumi.set(self, "mac", mac)

    @property
    @pulumi.getter
    def type(self) -> pulumi.Input[str] | None:
        """`IP4` for IPv4 addresses, `ETHER` for MAC addresses alone."""
        return pulumi.get(self, "type")

    @type.setter
    def type(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "type", value)

    @property
    @pulumi.getter
    def ip4(self) -> pulumi.Input[str] | None:
        """First IPv4 address; required by type `IP4`."""
        return pulumi.get(self, "ip4")

    @ip4.setter
    def ip4(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "ip4", value)

    @property
    @pulumi.getter
    def size(self) -> pulumi.Input[int]:
        """How many addresses."""
        return pulumi.get(self, "size")

    @size.setter
    def size(self, value: pulumi.Input[int]) -> None:
        pulumi.set(self, "size", value)

    @property
    @pulumi.getter
    def mac(self) -> pulumi.Input[str] | None:
        """First MAC address. Default: made by OpenNebula from the IP address."""
        return pulumi.get(self, "mac")

    @mac.setter
    def mac(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "mac", value)


class SecurityGroupRuleArgsDict(TypedDict):
    """Traffic let through. What no rule matches is dropped."""

    protocol: pulumi.Input[str]
    rule_type: pulumi.Input[str]
    range: NotRequired[pulumi.Input[str]]
    icmp_type: NotRequired[pulumi.Input[int]]
    ip: NotRequired[pulumi.Input[str]]
    size: NotRequired[pulumi.Input[int]]
    network_id: NotRequired[pulumi.Input[int]]


@pulumi.input_type
class SecurityGroupRuleArgs:
    """Traffic let through. What no rule matches is dropped."""

    def __init__(
        self,
        *,
        protocol: pulumi.Input[str],
        rule_type: pulumi.Input[str],
        range: pulumi.Input[str] | None = None,
        icmp_type: pulumi.Input[int] | None = None,
        ip: pulumi.Input[str] | None = None,
        size: pulumi.Input[int] | None = None,
        network_id: pulumi.Input[int] | None = None,
    ) -> None:
        """Set the properties.

        :param protocol: `TCP`, `UDP`, `ICMP`, `ICMPV6`, `IPSEC` or `ALL`.
        :param rule_type: `INBOUND` or `OUTBOUND`.
        :param range: Ports and port ranges, such as `22,80:90` (TCP and UDP). Default: all.
        :param icmp_type: Type of ICMP message. Default: all.
        :param ip: First address of the peers; needs `size`. Default: any peer.
        :param size: How many peers, counted from `ip`.
        :param network_id: Virtual network whose addresses are the peers.
        """
        pulumi.set(self, "protocol", protocol)
        pulumi.set(self, "rule_type", rule_type)
        if range is not None:
            pulumi.set(self, "range", range)
        if icmp_type is not None:
            pulumi.set(self, "icmp_type", icmp_type)
        if ip is not None:
            pulumi.set(self, "ip", ip)
        if size is not None:
            pulumi.set(self, "size", size)
        if network_id is not None:
            pulumi.set(self, "network_id", network_id)

    @property
    @pulumi.getter
    def protocol(self) -> pulumi.Input[str]:
        """`TCP`, `UDP`, `ICMP`, `ICMPV6`, `IPSEC` or `ALL`."""
        return pulumi.get(self, "protocol")

    @protocol.setter
    def protocol(self, value: pulumi.Input[str]) -> None:
        pulumi.set(self, "protocol", value)

    @property
    @pulumi.getter(name="ruleType")
    def rule_type(self) -> pulumi.Input[str]:
        """`INBOUND` or `OUTBOUND`."""
        return pulumi.get(self, "rule_type")

    @rule_type.setter
    def rule_type(self, value: pulumi.Input[str]) -> None:
        pulumi.set(self, "rule_type", value)

    @property
    @pulumi.getter
    def range(self) -> pulumi.Input[str] | None:
        """Ports and port ranges, such as `22,80:90` (TCP and UDP). Default: all."""
        return pulumi.get(self, "range")

    @range.setter
    def range(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "range", value)

    @property
    @pulumi.getter(name="icmpType")
    def icmp_type(self) -> pulumi.Input[int] | None:
        """Type of ICMP message. Default: all."""
        return pulumi.get(self, "icmp_type")

    @icmp_type.setter
    def icmp_type(self, value: pulumi.Input[int] | None) -> None:
        pulumi.set(self, "icmp_type", value)

    @property
    @pulumi.getter
    def ip(self) -> pulumi.Input[str] | None:
        """First address of the peers; needs `size`. Default: any peer."""
        return pulumi.get(self, "ip")

    @ip.setter
    def ip(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "ip", value)

    @property
    @pulumi.getter
    def size(self) -> pulumi.Input[int] | None:
        """How many peers, counted from `ip`."""
        return pulumi.get(self, "size")

    @size.setter
    def size(self, value: pulumi.Input[int] | None) -> None:
        pulumi.set(self, "size", value)

    @property
    @pulumi.getter(name="networkId")
    def network_id(self) -> pulumi.Input[int] | None:
        """Virtual network whose addresses are the peers."""
        return pulumi.get(self, "network_id")

    @network_id.setter
    def network_id(self, value: pulumi.Input[int] | None) -> None:
        pulumi.set(self, "network_id", value)


class NicArgsDict(TypedDict):
    """A network interface."""

    network_id: pulumi.Input[int]
    ip: NotRequired[pulumi.Input[str]]
    mac: NotRequired[pulumi.Input[str]]
    security_groups: NotRequired[pulumi.Input[Sequence[pulumi.Input[int]]]]
    model: NotRequired[pulumi.Input[str]]


@pulumi.input_type
class NicArgs:
    """A network interface."""

    def __init__(
        self,
        *,
        network_id: pulumi.Input[int],
        ip: pulumi.Input[str] | None = None,
        mac: pulumi.Input[str] | None = None,
        security_groups: pulumi.Input[Sequence[pulumi.Input[int]]] | None = None,
        model: pulumi.Input[str] | None = None,
    ) -> None:
        """Set the properties.

        :param network_id: Virtual network it is attached to.
        :param ip: IPv4 address, out of the network's ranges. Default: any free one.
        :param mac: MAC address. Default: that of the lease.
        :param security_groups: Ids of the security groups applied to it, beside the network's own.
        :param model: Emulated device, such as `virtio`.
        """
        pulumi.set(self, "network_id", network_id)
        if ip is not None:
            pulumi.set(self, "ip", ip)
        if mac is not None:
            pulumi.set(self, "mac", mac)
        if security_groups is not None:
            pulumi.set(self, "security_groups", security_groups)
        if model is not None:
            pulumi.set(self, "model", model)

    @property
    @pulumi.getter(name="networkId")
    def network_id(self) -> pulumi.Input[int]:
        """Virtual network it is attached to."""
        return pulumi.get(self, "network_id")

    @network_id.setter
    def network_id(self, value: pulumi.Input[int]) -> None:
        pulumi.set(self, "network_id", value)

    @property
    @pulumi.getter
    def ip(self) -> pulumi.Input[str] | None:
        """IPv4 address, out of the network's ranges. Default: any free one."""
        return pulumi.get(self, "ip")

    @ip.setter
    def ip(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "ip", value)

    @property
    @pulumi.getter
    def mac(self) -> pulumi.Input[str] | None:
        """MAC address. Default: that of the lease."""
        return pulumi.get(self, "mac")

    @mac.setter
    def mac(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "mac", value)

    @property
    @pulumi.getter(name="securityGroups")
    def security_groups(self) -> pulumi.Input[Sequence[pulumi.Input[int]]] | None:
        """Ids of the security groups applied to it, beside the network's own."""
        return pulumi.get(self, "security_groups")

    @security_groups.setter
    def security_groups(self, value: pulumi.Input[Sequence[pulumi.Input[int]]] | None) -> None:
        pulumi.set(self, "security_groups", value)

    @property
    @pulumi.getter
    def model(self) -> pulumi.Input[str] | None:
        """Emulated device, such as `virtio`."""
        return pulumi.get(self, "model")

    @model.setter
    def model(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "model", value)


class DiskArgsDict(TypedDict):
    """A disk: a copy of an image (the image itself, if that is persistent), or an empty volatile one."""

    image_id: NotRequired[pulumi.Input[int]]
    size: NotRequired[pulumi.Input[int]]
    target: NotRequired[pulumi.Input[str]]
    type: NotRequired[pulumi.Input[str]]
    format: NotRequired[pulumi.Input[str]]
    dev_prefix: NotRequired[pulumi.Input[str]]


@pulumi.input_type
class DiskArgs:
    """A disk: a copy of an image (the image itself, if that is persistent), or an empty volatile one."""

    def __init__(
        self,
        *,
        image_id: pulumi.Input[int] | None = None,
        size: pulumi.Input[int] | None = None,
        target: pulumi.Input[str] | None = None,
        type: pulumi.Input[str] | None = None,
        format: pulumi.Input[str] | None = None,
        dev_prefix: pulumi.Input[str] | None = None,
    ) -> None:
        """Set the properties.

        :param image_id: Image it is made from. Default: none, an empty disk of `size`.
        :param size: Size in MiB; at least the image's. Default: the image's.
        :param target: Device in the guest, such as `vdb`. Default: the next free one.
        :param type: Of an empty disk: `fs`, `swap`, or `raw`. Default: `raw`.
        :param format: Of an empty disk: `raw` or `qcow2`. Default: `raw`.
        :param dev_prefix: Bus of the disk as its device's prefix: `vd`, `sd`, `hd`.
        """
        if image_id is not None:
            pulumi.set(self, "image_id", image_id)
        if size is not None:
            pulumi.set(self, "size", size)
        if target is not None:
            pulumi.set(self, "target", target)
        if type is not None:
            pulumi.set(self, "type", type)
        if format is not None:
            pulumi.set(self, "format", format)
        if dev_prefix is not None:
            pulumi.set(self, "dev_prefix", dev_prefix)

    @property
    @pulumi.getter(name="imageId")
    def image_id(self) -> pulumi.Input[int] | None:
        """Image it is made from. Default: none, an empty disk of `size`."""
        return pulumi.get(self, "image_id")

    @image_id.setter
    def image_id(self, value: pulumi.Input[int] | None) -> None:
        pulumi.set(self, "image_id", value)

    @property
    @pulumi.getter
    def size(self) -> pulumi.Input[int] | None:
        """Size in MiB; at least the image's. Default: the image's."""
        return pulumi.get(self, "size")

    @size.setter
    def size(self, value: pulumi.Input[int] | None) -> None:
        pulumi.set(self, "size", value)

    @property
    @pulumi.getter
    def target(self) -> pulumi.Input[str] | None:
        """Device in the guest, such as `vdb`. Default: the next free one."""
        return pulumi.get(self, "target")

    @target.setter
    def target(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "target", value)

    @property
    @pulumi.getter
    def type(self) -> pulumi.Input[str] | None:
        """Of an empty disk: `fs`, `swap`, or `raw`. Default: `raw`."""
        return pulumi.get(self, "type")

    @type.setter
    def type(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "type", value)

    @property
    @pulumi.getter
    def format(self) -> pulumi.Input[str] | None:
        """Of an empty disk: `raw` or `qcow2`. Default: `raw`."""
        return pulumi.get(self, "format")

    @format.setter
    def format(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "format", value)

    @property
    @pulumi.getter(name="devPrefix")
    def dev_prefix(self) -> pulumi.Input[str] | None:
        """Bus of the disk as its device's prefix: `vd`, `sd`, `hd`."""
        return pulumi.get(self, "dev_prefix")

    @dev_prefix.setter
    def dev_prefix(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "dev_prefix", value)


class OsArgsDict(TypedDict):
    """How the virtual machine boots."""

    arch: NotRequired[pulumi.Input[str]]
    machine: NotRequired[pulumi.Input[str]]
    boot: NotRequired[pulumi.Input[str]]
    firmware: NotRequired[pulumi.Input[str]]


@pulumi.input_type
class OsArgs:
    """How the virtual machine boots."""

    def __init__(
        self,
        *,
        arch: pulumi.Input[str] | None = None,
        machine: pulumi.Input[str] | None = None,
        boot: pulumi.Input[str] | None = None,
        firmware: pulumi.Input[str] | None = None,
    ) -> None:
        """Set the properties.

        :param arch: Architecture, such as `x86_64`.
        :param machine: Machine type of the hypervisor, such as `q35`.
        :param boot: Boot order, such as `disk0,nic0`.
        :param firmware: Path of the firmware, or `BIOS`.
        """
        if arch is not None:
            pulumi.set(self, "arch", arch)
        if machine is not None:
            pulumi.set(self, "machine", machine)
        if boot is not None:
            pulumi.set(self, "boot", boot)
        if firmware is not None:
            pulumi.set(self, "firmware", firmware)

    @property
    @pulumi.getter
    def arch(self) -> pulumi.Input[str] | None:
        """Architecture, such as `x86_64`."""
        return pulumi.get(self, "arch")

    @arch.setter
    def arch(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "arch", value)

    @property
    @pulumi.getter
    def machine(self) -> pulumi.Input[str] | None:
        """Machine type of the hypervisor, such as `q35`."""
        return pulumi.get(self, "machine")

    @machine.setter
    def machine(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "machine", value)

    @property
    @pulumi.getter
    def boot(self) -> pulumi.Input[str] | None:
        """Boot order, such as `disk0,nic0`."""
        return pulumi.get(self, "boot")

    @boot.setter
    def boot(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "boot", value)

    @property
    @pulumi.getter
    def firmware(self) -> pulumi.Input[str] | None:
        """Path of the firmware, or `BIOS`."""
        return pulumi.get(self, "firmware")

    @firmware.setter
    def firmware(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "firmware", value)
