# Written by `python3 -m opennebula_provider.sdk` from opennebula_provider/definitions.py; edit that.
# mypy: disable-error-code="no-any-return"

"""Look-up: a virtual network that exists."""

from collections.abc import Generator, Sequence
from typing import Any

import pulumi

from . import _utilities, outputs

__all__ = [
    "AwaitableGetVirtualNetworkResult",
    "GetVirtualNetworkResult",
    "get_virtual_network",
    "get_virtual_network_output",
]


@pulumi.output_type
class GetVirtualNetworkResult:
    """A virtual network that exists."""

    def __init__(
        self,
        *,
        id: int,
        name: str,
        vn_mad: str,
        bridge: str,
        address_ranges: Sequence["outputs.AddressRange"],
        used_addresses: Sequence[str],
        security_groups: Sequence[int],
        network_address: str | None = None,
        network_mask: str | None = None,
        gateway: str | None = None,
        dns: str | None = None,
    ) -> None:
        """Set the properties."""
        pulumi.set(self, "id", id)
        pulumi.set(self, "name", name)
        pulumi.set(self, "vn_mad", vn_mad)
        pulumi.set(self, "bridge", bridge)
        pulumi.set(self, "network_address", network_address)
        pulumi.set(self, "network_mask", network_mask)
        pulumi.set(self, "gateway", gateway)
        pulumi.set(self, "dns", dns)
        pulumi.set(self, "address_ranges", address_ranges)
        pulumi.set(self, "used_addresses", used_addresses)
        pulumi.set(self, "security_groups", security_groups)

    @property
    @pulumi.getter
    def id(self) -> int:
        """Id."""
        return pulumi.get(self, "id")

    @property
    @pulumi.getter
    def name(self) -> str:
        """Name."""
        return pulumi.get(self, "name")

    @property
    @pulumi.getter(name="vnMad")
    def vn_mad(self) -> str:
        """Driver of the link layer."""
        return pulumi.get(self, "vn_mad")

    @property
    @pulumi.getter
    def bridge(self) -> str:
        """Bridge on the hosts."""
        return pulumi.get(self, "bridge")

    @property
    @pulumi.getter(name="networkAddress")
    def network_address(self) -> str | None:
        """Address of the subnet."""
        return pulumi.get(self, "network_address")

    @property
    @pulumi.getter(name="networkMask")
    def network_mask(self) -> str | None:
        """Mask of the subnet."""
        return pulumi.get(self, "network_mask")

    @property
    @pulumi.getter
    def gateway(self) -> str | None:
        """Default route given to the guests."""
        return pulumi.get(self, "gateway")

    @property
    @pulumi.getter
    def dns(self) -> str | None:
        """Name servers given to the guests, separated by spaces."""
        return pulumi.get(self, "dns")

    @property
    @pulumi.getter(name="addressRanges")
    def address_ranges(self) -> Sequence["outputs.AddressRange"]:
        """Addresses leased on it."""
        return pulumi.get(self, "address_ranges")

    @property
    @pulumi.getter(name="usedAddresses")
    def used_addresses(self) -> Sequence[str]:
        """IPv4 addresses leased or held at the moment."""
        return pulumi.get(self, "used_addresses")

    @property
    @pulumi.getter(name="securityGroups")
    def security_groups(self) -> Sequence[int]:
        """Security groups applied to every NIC of it."""
        return pulumi.get(self, "security_groups")


class AwaitableGetVirtualNetworkResult(GetVirtualNetworkResult):
    """The same, for programs that await it."""

    def __await__(self) -> Generator[Any, None, GetVirtualNetworkResult]:
        """The plain result."""
        yield from ()
        return GetVirtualNetworkResult(
            id=self.id,
            name=self.name,
            vn_mad=self.vn_mad,
            bridge=self.bridge,
            network_address=self.network_address,
            network_mask=self.network_mask,
            gateway=self.gateway,
            dns=self.dns,
            address_ranges=self.address_ranges,
            used_addresses=self.used_addresses,
            security_groups=self.security_groups,
        )


def get_virtual_network(
    *,
    id: int | None = None,
    name: str | None = None,
    opts: pulumi.InvokeOptions | None = None,
) -> AwaitableGetVirtualNetworkResult:
    """A virtual network that exists, at once. An error if there is none or it is ambiguous.

    :param id: Id of the object.
    :param name: Name of the object; several of that name are an error that lists them.
    """
    arguments = {"id": id, "name": name}
    found = pulumi.runtime.invoke(
        "opennebula:index:getVirtualNetwork", arguments, _utilities.invoke_options(opts), GetVirtualNetworkResult
    ).value
    return AwaitableGetVirtualNetworkResult(
        id=found.id,
        name=found.name,
        vn_mad=found.vn_mad,
        bridge=found.bridge,
        network_address=found.network_address,
        network_mask=found.network_mask,
        gateway=found.gateway,
        dns=found.dns,
        address_ranges=found.address_ranges,
        used_addresses=found.used_addresses,
        security_groups=found.security_groups,
    )


def get_virtual_network_output(
    *,
    id: pulumi.Input[int | None] | None = None,
    name: pulumi.Input[str | None] | None = None,
    opts: pulumi.InvokeOptions | pulumi.InvokeOutputOptions | None = None,
) -> pulumi.Output[GetVirtualNetworkResult]:
    """A virtual network that exists, when the arguments are known.

    :param id: Id of the object.
    :param name: Name of the object; several of that name are an error that lists them.
    """
    arguments = {"id": id, "name": name}
    return pulumi.runtime.invoke_output(
        "opennebula:index:getVirtualNetwork", arguments, _utilities.invoke_options(opts), GetVirtualNetworkResult
    )
