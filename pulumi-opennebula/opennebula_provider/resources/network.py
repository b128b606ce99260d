"""VirtualNetwork: a link layer made by a driver of oned's, and the addresses leased on it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from pulumi_provider_kit import CheckFailure, Operation, Properties

from ..definitions import AddressRange, VirtualNetwork, VirtualNetworkOutputs
from ..document import Document
from ..template import Attributes, render, vector
from ..waits import network_ready, removed
from .base import CloudResource, in_order_of
from .checks import address, items, known, one_of, positive

_OWN = ("DESCRIPTION", "MTU", "NETWORK_ADDRESS", "NETWORK_MASK", "GATEWAY", "DNS", "SECURITY_GROUPS")
# oned leaves these in the template as inert text after an update that names them.
_INERT = ("AR", "NAME")
_LINK_LAYER = ("VN_MAD", "BRIDGE", "BRIDGE_TYPE", "PHYDEV", "VLAN_ID", "OUTER_VLAN_ID")
_DEFAULT_GROUP = "0"


class VirtualNetworkResource(CloudResource[VirtualNetwork]):
    """See the definition of `VirtualNetwork`."""

    inputs = VirtualNetwork
    kind = "vn"
    noun = "virtual network"
    reserved = frozenset({*_OWN, *_INERT, *_LINK_LAYER, "CLUSTER_IDS"})
    stable_outputs = ("bridgeName",)
    default_timeout = 600.0

    def problems(self, inputs: Properties) -> Iterator[CheckFailure]:
        """Addresses valid, in the subnet, and in one range only."""
        subnet, failures = _subnet(inputs)
        yield from failures
        gateway, failures = address("gateway", inputs.get("gateway"))
        yield from failures
        if subnet and gateway and gateway not in subnet:
            yield CheckFailure("gateway", f"{gateway} is outside the network {subnet}")
        if isinstance(dns := inputs.get("dns"), str):
            for server in dns.split():
                yield from address("dns", server)[1]
        yield from positive("mtu", inputs.get("mtu"))
        taken: list[tuple[str, int, int]] = []
        for path, item in items(inputs, "addressRanges"):
            yield from one_of(f"{path}.type", item.get("type"), ("IP4", "ETHER"))
            yield from positive(f"{path}.size", size := item.get("size"))
            first, failures = address(f"{path}.ip4", item.get("ip4"))
            yield from failures
            if item.get("type") == "IP4" and "ip4" not in item:
                yield CheckFailure(f"{path}.ip4", "is required by a range of type IP4")
            if item.get("type") == "ETHER" and "ip4" in item:
                yield CheckFailure(f"{path}.ip4", "must not be set in a range of type ETHER")
            if first is None or not isinstance(size, int) or size <= 0:
                continue
            start, end = int(first), int(first) + size - 1
            if end > int(ipaddress.IPv4Address("255.255.255.255")):
                yield CheckFailure(f"{path}.size", f"{size} addresses from {first} on go beyond 255.255.255.255")
                continue
            last = ipaddress.IPv4Address(end)
            if subnet and (first not in subnet or last not in subnet):
                yield CheckFailure(path, f"{first} to {last} is not inside the network {subnet}")
            for other, other_start, other_end in taken:
                if start <= other_end and other_start <= end:
                    yield CheckFailure(path, f"{first} to {last} overlaps {other}: addresses would be leased twice")
            taken.append((path, start, end))

    def allocate(self, operation: Operation, wanted: VirtualNetwork, marks: Attributes) -> int:
        """Make it, in all its clusters."""
        link_layer = vector(
            {
                "NAME": wanted.name,
                "VN_MAD": wanted.vn_mad,
                "BRIDGE": wanted.bridge,
                "PHYDEV": wanted.physical_device,
                "VLAN_ID": wanted.vlan_id,
            }
        )
        ranges = [("AR", _range(item)) for item in wanted.address_ranges]
        template = render([*link_layer.items(), *_attributes(wanted), *ranges, *marks])
        cluster, *others = wanted.cluster_ids or [-1]
        id = int(self.client.call("vn.allocate", template, cluster))
        for other in others:
            self.client.call("cluster.addvnet", other, id, again=True)
        return id

    def settle(self, operation: Operation, id: int, name: str) -> Document:
        """Wait until it is READY."""
        return network_ready(operation, self.client, id, name)

    def change(self, operation: Operation, live: Document, wanted: VirtualNetwork, old: VirtualNetwork) -> None:
        """Rename it, set its attributes, then change its address ranges one by one."""
        live = network_ready(operation, self.client, live.id, live.name)
        if live.name != wanted.name:
            self.client.call("vn.rename", live.id, wanted.name, again=True)
        attributes = self.merged(live, (*_OWN, *_INERT), _attributes(wanted), old.tags)
        if attributes != live.attributes(self.template):
            self.client.call("vn.update", live.id, render(attributes), 0, again=True)
        self._change_ranges(live, wanted.address_ranges)

    def _change_ranges(self, live: Document, wanted: list[AddressRange]) -> None:
        there = {item.number("AR_ID"): _live_range(item) for item in live.each("AR_POOL/AR")}
        missing = []
        for want in wanted:
            same = [id for id, have in there.items() if _fits(want, have)]
            if same:
                del there[same[0]]
            else:
                missing.append(want)
        for want in list(missing):
            # oned changes the size of a range in place, but ignores a change of its first address.
            grown = [id for id, have in there.items() if _fits(want, have, any_size=True)]
            if grown:
                del there[grown[0]]
                missing.remove(want)
                change = {"AR_ID": str(grown[0]), "SIZE": str(want.size)}
                self.client.call("vn.update_ar", live.id, render([("AR", change)]), again=True)
        for id in there:
            self.client.call("vn.rm_ar", live.id, id)
        for want in missing:
            self.client.call("vn.add_ar", live.id, render([("AR", _range(want))]))

    def remove(self, operation: Operation, id: int, name: str) -> None:
        """Delete it; machines that are being terminated may hold addresses for a moment."""
        removed(
            operation,
            f"network {id} ({name})",
            lambda: self.client.call("vn.delete", id, again=True),
            lambda: self.client.info("vn", id),
        )

    def outputs(self, document: Document, wanted: VirtualNetwork) -> VirtualNetworkOutputs:
        """The bridge in use, and the ids of the ranges."""
        ids: dict[tuple[str, str | None], int] = {}
        for item in document.each("AR_POOL/AR"):
            ids.setdefault(_key(_live_range(item)), item.number("AR_ID"))
        ordered = in_order_of([_key(item) for item in wanted.address_ranges], list(ids))
        return VirtualNetworkOutputs(
            bridge_name=document.text("BRIDGE"), address_range_ids=[ids[key] for key in ordered]
        )

    def live(self, document: Document, before: VirtualNetwork, importing: bool) -> VirtualNetwork:
        """The network as it is."""

        def shown(path: str, set_value: object) -> str | None:
            return document.maybe(path) if importing or set_value is not None else None

        mtu, vlan = shown("TEMPLATE/MTU", before.mtu), shown("VLAN_ID", before.vlan_id)
        groups = document.numbers("TEMPLATE/SECURITY_GROUPS")
        clusters = [int(item.text(".")) for item in document.each("CLUSTERS/ID")]
        return VirtualNetwork(
            name=document.name,
            description=document.maybe("TEMPLATE/DESCRIPTION"),
            vn_mad=document.text("VN_MAD"),
            bridge=shown("BRIDGE", before.bridge),
            physical_device=shown("PHYDEV", before.physical_device),
            vlan_id=None if vlan is None else int(vlan),
            mtu=None if mtu is None else int(mtu),
            network_address=document.maybe("TEMPLATE/NETWORK_ADDRESS"),
            network_mask=document.maybe("TEMPLATE/NETWORK_MASK"),
            gateway=document.maybe("TEMPLATE/GATEWAY"),
            dns=document.maybe("TEMPLATE/DNS"),
            address_ranges=live_ranges(document, before.address_ranges),
            security_groups=in_order_of(before.security_groups, groups)
            if groups != [0] or before.security_groups
            else [],
            cluster_ids=in_order_of(before.cluster_ids, clusters) if before.cluster_ids else [],
            tags=self.live_tags(document, before.tags, importing),
        )


def live_ranges(document: Document, before: Iterable[AddressRange] = ()) -> list[AddressRange]:
    """The address ranges of a network, in the order of those before; MAC addresses only where those have them."""
    wanted = {_key(item): item for item in before}
    there = [_live_range(item) for item in document.each("AR_POOL/AR")]
    for item in there:
        set_before = wanted.get(_key(item))
        if item.ip4 is not None and (set_before is None or set_before.mac is None):
            item.mac = None  # made by oned from the IP address
    keys = in_order_of(list(wanted), [_key(item) for item in there])
    return sorted(there, key=lambda item: keys.index(_key(item)))


def _subnet(inputs: Properties) -> tuple[ipaddress.IPv4Network | None, list[CheckFailure]]:
    first, mask = inputs.get("networkAddress"), inputs.get("networkMask")
    if "networkMask" in inputs and "networkAddress" not in inputs:
        return None, [CheckFailure("networkMask", "is set without networkAddress")]
    if not known(first, mask):
        return None, address("networkAddress", first)[1]
    try:
        return ipaddress.IPv4Network(f"{first}/{mask}"), []
    except ValueError as error:
        return None, [CheckFailure("networkAddress", f"{first} with mask {mask} is no subnet: {error}")]


def _attributes(wanted: VirtualNetwork) -> Attributes:
    # A replacing update drops SECURITY_GROUPS unless it names them; oned's default must be named too.
    groups = ",".join(map(str, wanted.security_groups)) or _DEFAULT_GROUP
    values = (
        wanted.description,
        wanted.mtu,
        wanted.network_address,
        wanted.network_mask,
        wanted.gateway,
        wanted.dns,
        groups,
    )
    return [*vector(dict(zip(_OWN, values, strict=True))).items(), *wanted.tags.items()]


def _range(item: AddressRange) -> dict[str, str]:
    return vector({"TYPE": item.type, "IP": item.ip4, "MAC": item.mac, "SIZE": item.size})


def _live_range(item: Document) -> AddressRange:
    return AddressRange(type=item.text("TYPE"), ip4=item.maybe("IP"), size=item.number("SIZE"), mac=item.maybe("MAC"))


def _fits(want: AddressRange, have: AddressRange, any_size: bool = False) -> bool:
    same_mac = want.mac is None or want.mac.lower() == (have.mac or "").lower()
    return same_mac and (want.type, want.ip4) == (have.type, have.ip4) and (any_size or want.size == have.size)


def _key(item: AddressRange) -> tuple[str, str | None]:
    return item.type, item.ip4 or item.mac
