# Written by `python3 -m opennebula_provider.sdk` from opennebula_provider/definitions.py; edit that.
# mypy: disable-error-code="no-any-return"

"""A virtual network: a link layer made by a driver, and the addresses leased on it."""

from collections.abc import Mapping, Sequence
from typing import overload

import pulumi

from . import _utilities, outputs
from ._inputs import AddressRangeArgs, AddressRangeArgsDict

__all__ = ["VirtualNetwork", "VirtualNetworkArgs"]


@pulumi.input_type
class VirtualNetworkArgs:
    """A virtual network: a link layer made by a driver, and the addresses leased on it."""

    def __init__(
        self,
        *,
        name: pulumi.Input[str] | None = None,
        description: pulumi.Input[str] | None = None,
        vn_mad: pulumi.Input[str] | None = None,
        bridge: pulumi.Input[str] | None = None,
        physical_device: pulumi.Input[str] | None = None,
        vlan_id: pulumi.Input[int] | None = None,
        mtu: pulumi.Input[int] | None = None,
        network_address: pulumi.Input[str] | None = None,
        network_mask: pulumi.Input[str] | None = None,
        gateway: pulumi.Input[str] | None = None,
        dns: pulumi.Input[str] | None = None,
        address_ranges: pulumi.Input[Sequence[pulumi.Input["AddressRangeArgs | AddressRangeArgsDict"]]] | None = None,
        security_groups: pulumi.Input[Sequence[pulumi.Input[int]]] | None = None,
        cluster_ids: pulumi.Input[Sequence[pulumi.Input[int]]] | None = None,
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
    ) -> None:
        """Set the properties.

        :param name: Name, unique per owner. Default: the name of the Pulumi resource.
        :param description: What the network is for.
        :param vn_mad: Driver that makes the link layer: `bridge`, `fw`, `802.1Q`, `vxlan`, `ovswitch`, ...
        :param bridge: Bridge on the hosts. Default: chosen by OpenNebula.
        :param physical_device: Network device of the hosts that carries the network (802.1Q, VXLAN).
        :param vlan_id: VLAN or VXLAN id. Default: chosen by OpenNebula where one is needed.
        :param mtu: Largest packet, in bytes.
        :param network_address: Address of the subnet, such as `172.16.100.0`.
        :param network_mask: Mask of the subnet, such as `255.255.255.0`.
        :param gateway: Default route given to the guests.
        :param dns: Name servers given to the guests, separated by spaces.
        :param address_ranges: Addresses leased on this network; added and removed in place.
        :param security_groups: Ids of the security groups applied to every NIC of this network. Default: group 0.
        :param cluster_ids: Ids of the clusters whose hosts reach the network. Default: OpenNebula's default
            cluster.
        :param tags: Further attributes of the network's template.
        """
        if name is not None:
            pulumi.set(self, "name", name)
        if description is not None:
            pulumi.set(self, "description", description)
        if vn_mad is not None:
            pulumi.set(self, "vn_mad", vn_mad)
        if bridge is not None:
            pulumi.set(self, "bridge", bridge)
        if physical_device is not None:
            pulumi.set(self, "physical_device", physical_device)
        if vlan_id is not None:
            pulumi.set(self, "vlan_id", vlan_id)
        if mtu is not None:
            pulumi.set(self, "mtu", mtu)
        if network_address is not None:
            pulumi.set(self, "network_address", network_address)
        if network_mask is not None:
            pulumi.set(self, "network_mask", network_mask)
        if gateway is not None:
            pulumi.set(self, "gateway", gateway)
        if dns is not None:
            pulumi.set(self, "dns", dns)
        if address_ranges is not None:
            pulumi.set(self, "address_ranges", address_ranges)
        if security_groups is not None:
            pulumi.set(self, "security_groups", security_groups)
        if cluster_ids is not None:
            pulumi.set(self, "cluster_ids", cluster_ids)
        if tags is not None:
            pulumi.set(self, "tags", tags)

    @property
    @pulumi.getter
    def name(self) -> pulumi.Input[str] | None:
        """Name, unique per owner. Default: the name of the Pulumi resource."""
        return pulumi.get(self, "name")

    @name.setter
    def name(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "name", value)

    @property
    @pulumi.getter
    def description(self) -> pulumi.Input[str] | None:
        """What the network is for."""
        return pulumi.get(self, "description")

    @description.setter
    def description(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "description", value)

    @property
    @pulumi.getter(name="vnMad")
    def vn_mad(self) -> pulumi.Input[str] | None:
        """Driver that makes the link layer: `bridge`, `fw`, `802.1Q`, `vxlan`, `ovswitch`, ..."""
        return pulumi.get(self, "vn_mad")

    @vn_mad.setter
    def vn_mad(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "vn_mad", value)

    @property
    @pulumi.getter
    def bridge(self) -> pulumi.Input[str] | None:
        """Bridge on the hosts. Default: chosen by OpenNebula."""
        return pulumi.get(self, "bridge")

    @bridge.setter
    def bridge(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "bridge", value)

    @property
    @pulumi.getter(name="physicalDevice")
    def physical_device(self) -> pulumi.Input[str] | None:
        """Network device of the hosts that carries the network (802.1Q, VXLAN)."""
        return pulumi.get(self, "physical_device")

    @physical_device.setter
    def physical_device(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "physical_device", value)

    @property
    @pulumi.getter(name="vlanId")
    def vlan_id(self) -> pulumi.Input[int] | None:
        """VLAN or VXLAN id. Default: chosen by OpenNebula where one is needed."""
        return pulumi.get(self, "vlan_id")

    @vlan_id.setter
    def vlan_id(self, value: pulumi.Input[int] | None) -> None:
        pulumi.set(self, "vlan_id", value)

    @property
    @pulumi.getter
    def mtu(self) -> pulumi.Input[int] | None:
        """Largest packet, in bytes."""
        return pulumi.get(self, "mtu")

    @mtu.setter
    def mtu(self, value: pulumi.Input[int] | None) -> None:
        pulumi.set(self, "mtu", value)

    @property
    @pulumi.getter(name="networkAddress")
    def network_address(self) -> pulumi.Input[str] | None:
        """Address of the subnet, such as `172.16.100.0`."""
        return pulumi.get(self, "network_address")

    @network_address.setter
    def network_address(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "network_address", value)

    @property
    @pulumi.getter(name="networkMask")
    def network_mask(self) -> pulumi.Input[str] | None:
        """Mask of the subnet, such as `255.255.255.0`."""
        return pulumi.get(self, "network_mask")

    @network_mask.setter
    def network_mask(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "network_mask", value)

    @property
    @pulumi.getter
    def gateway(self) -> pulumi.Input[str] | None:
        """Default route given to the guests."""
        return pulumi.get(self, "gateway")

    @gateway.setter
    def gateway(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "gateway", value)

    @property
    @pulumi.getter
    def dns(self) -> pulumi.Input[str] | None:
        """Name servers given to the guests, separated by spaces."""
        return pulumi.get(self, "dns")

    @dns.setter
    def dns(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "dns", value)

    @property
    @pulumi.getter(name="addressRanges")
    def address_ranges(self) -> pulumi.Input[Sequence[pulumi.Input["AddressRangeArgs"]]] | None:
        """Addresses leased on this network; added and removed in place."""
        return pulumi.get(self, "address_ranges")

    @address_ranges.setter
    def address_ranges(self, value: pulumi.Input[Sequence[pulumi.Input["AddressRangeArgs"]]] | None) -> None:
        pulumi.set(self, "address_ranges", value)

    @property
    @pulumi.getter(name="securityGroups")
    def security_groups(self) -> pulumi.Input[Sequence[pulumi.Input[int]]] | None:
        """Ids of the security groups applied to every NIC of this network. Default: group 0."""
        return pulumi.get(self, "security_groups")

    @security_groups.setter
    def security_groups(self, value: pulumi.Input[Sequence[pulumi.Input[int]]] | None) -> None:
        pulumi.set(self, "security_groups", value)

    @property
    @pulumi.getter(name="clusterIds")
    def cluster_ids(self) -> pulumi.Input[Sequence[pulumi.Input[int]]] | None:
        """Ids of the clusters whose hosts reach the network. Default: OpenNebula's default cluster."""
        return pulumi.get(self, "cluster_ids")

    @cluster_ids.setter
    def cluster_ids(self, value: pulumi.Input[Sequence[pulumi.Input[int]]] | None) -> None:
        pulumi.set(self, "cluster_ids", value)

    @property
    @pulumi.getter
    def tags(self) -> pulumi.Input[Mapping[str, pulumi.Input[str]]] | None:
        """Further attributes of the network's template."""
        return pulumi.get(self, "tags")

    @tags.setter
    def tags(self, value: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None) -> None:
        pulumi.set(self, "tags", value)


@pulumi.type_token("opennebula:index:VirtualNetwork")
class VirtualNetwork(pulumi.CustomResource):
    """A virtual network: a link layer made by a driver, and the addresses leased on it."""

    @overload
    def __init__(
        self,
        resource_name: str,
        args: VirtualNetworkArgs | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self,
        resource_name: str,
        opts: pulumi.ResourceOptions | None = None,
        *,
        name: pulumi.Input[str] | None = None,
        description: pulumi.Input[str] | None = None,
        vn_mad: pulumi.Input[str] | None = None,
        bridge: pulumi.Input[str] | None = None,
        physical_device: pulumi.Input[str] | None = None,
        vlan_id: pulumi.Input[int] | None = None,
        mtu: pulumi.Input[int] | None = None,
        network_address: pulumi.Input[str] | None = None,
        network_mask: pulumi.Input[str] | None = None,
        gateway: pulumi.Input[str] | None = None,
        dns: pulumi.Input[str] | None = None,
        address_ranges: pulumi.Input[Sequence[pulumi.Input["AddressRangeArgs | AddressRangeArgsDict"]]] | None = None,
        security_groups: pulumi.Input[Sequence[pulumi.Input[int]]] | None = None,
        cluster_ids: pulumi.Input[Sequence[pulumi.Input[int]]] | None = None,
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
    ) -> None: ...

    def __init__(self, resource_name: str, *args: object, **kwargs: object) -> None:
        """Declare it; a `VirtualNetworkArgs` can be given instead of the separate arguments.

        :param name: Name, unique per owner. Default: the name of the Pulumi resource.
        :param description: What the network is for.
        :param vn_mad: Driver that makes the link layer: `bridge`, `fw`, `802.1Q`, `vxlan`, `ovswitch`, ...
        :param bridge: Bridge on the hosts. Default: chosen by OpenNebula.
        :param physical_device: Network device of the hosts that carries the network (802.1Q, VXLAN).
        :param vlan_id: VLAN or VXLAN id. Default: chosen by OpenNebula where one is needed.
        :param mtu: Largest packet, in bytes.
        :param network_address: Address of the subnet, such as `172.16.100.0`.
        :param network_mask: Mask of the subnet, such as `255.255.255.0`.
        :param gateway: Default route given to the guests.
        :param dns: Name servers given to the guests, separated by spaces.
        :param address_ranges: Addresses leased on this network; added and removed in place.
        :param security_groups: Ids of the security groups applied to every NIC of this network. Default: group
            0.
        :param cluster_ids: Ids of the clusters whose hosts reach the network. Default: OpenNebula's default
            cluster.
        :param tags: Further attributes of the network's template.
        """
        inputs, opts = _utilities.resource_arguments(VirtualNetworkArgs, args, kwargs)
        inputs.__dict__.update({"bridge_name": None, "address_range_ids": None})
        super().__init__("opennebula:index:VirtualNetwork", resource_name, inputs, _utilities.resource_options(opts))

    @staticmethod
    def get(resource_name: str, id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> "VirtualNetwork":
        """The existing object of that id, not managed by the program."""
        return _utilities.existing(VirtualNetwork, resource_name, id, opts)

    @property
    @pulumi.getter
    def name(self) -> pulumi.Output[str]:
        """Name, unique per owner. Default: the name of the Pulumi resource."""
        return pulumi.get(self, "name")

    @property
    @pulumi.getter
    def description(self) -> pulumi.Output[str | None]:
        """What the network is for."""
        return pulumi.get(self, "description")

    @property
    @pulumi.getter(name="vnMad")
    def vn_mad(self) -> pulumi.Output[str]:
        """Driver that makes the link layer: `bridge`, `fw`, `802.1Q`, `vxlan`, `ovswitch`, ..."""
        return pulumi.get(self, "vn_mad")

    @property
    @pulumi.getter
    def bridge(self) -> pulumi.Output[str | None]:
        """Bridge on the hosts. Default: chosen by OpenNebula."""
        return pulumi.get(self, "bridge")

    @property
    @pulumi.getter(name="physicalDevice")
    def physical_device(self) -> pulumi.Output[str | None]:
        """Network device of the hosts that carries the network (802.1Q, VXLAN)."""
        return pulumi.get(self, "physical_device")

    @property
    @pulumi.getter(name="vlanId")
    def vlan_id(self) -> pulumi.Output[int | None]:
        """VLAN or VXLAN id. Default: chosen by OpenNebula where one is needed."""
        return pulumi.get(self, "vlan_id")

    @property
    @pulumi.getter
    def mtu(self) -> pulumi.Output[int | None]:
        """Largest packet, in bytes."""
        return pulumi.get(self, "mtu")

    @property
    @pulumi.getter(name="networkAddress")
    def network_address(self) -> pulumi.Output[str | None]:
        """Address of the subnet, such as `172.16.100.0`."""
        return pulumi.get(self, "network_address")

    @property
    @pulumi.getter(name="networkMask")
    def network_mask(self) -> pulumi.Output[str | None]:
        """Mask of the subnet, such as `255.255.255.0`."""
        return pulumi.get(self, "network_mask")

    @property
    @pulumi.getter
    def gateway(self) -> pulumi.Output[str | None]:
        """Default route given to the guests."""
        return pulumi.get(self, "gateway")

    @property
    @pulumi.getter
    def dns(self) -> pulumi.Output[str | None]:
        """Name servers given to the guests, separated by spaces."""
        return pulumi.get(self, "dns")

    @property
    @pulumi.getter(name="addressRanges")
    def address_ranges(self) -> pulumi.Output[Sequence["outputs.AddressRange"]]:
        """Addresses leased on this network; added and removed in place."""
        return pulumi.get(self, "address_ranges")

    @property
    @pulumi.getter(name="securityGroups")
    def security_groups(self) -> pulumi.Output[Sequence[int]]:
        """Ids of the security groups applied to every NIC of this network. Default: group 0."""
        return pulumi.get(self, "security_groups")

    @property
    @pulumi.getter(name="clusterIds")
    def cluster_ids(self) -> pulumi.Output[Sequence[int]]:
        """Ids of the clusters whose hosts reach the network. Default: OpenNebula's default cluster."""
        return pulumi.get(self, "cluster_ids")

    @property
    @pulumi.getter
    def tags(self) -> pulumi.Output[Mapping[str, str]]:
        """Further attributes of the network's template."""
        return pulumi.get(self, "tags")

    @property
    @pulumi.getter(name="bridgeName")
    def bridge_name(self) -> pulumi.Output[str]:
        """Bridge in use, whether given or chosen by OpenNebula."""
        return pulumi.get(self, "bridge_name")

    @property
    @pulumi.getter(name="addressRangeIds")
    def address_range_ids(self) -> pulumi.Output[Sequence[int]]:
        """Ids of the address ranges, in the order of `addressRanges`."""
        return pulumi.get(self, "address_range_ids")
