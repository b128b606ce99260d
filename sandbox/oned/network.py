"""Virtual networks: address ranges, leases, and their document."""

from __future__ import annotations

import secrets
from enum import IntEnum
from ipaddress import AddressValueError, IPv4Address, IPv4Interface, IPv4Network
from typing import ClassVar

from pydantic import BaseModel, Field

from sandbox.oned import driver
from sandbox.oned.document import Document
from sandbox.oned.errors import ApiError, Code
from sandbox.oned.template import Template, Vector
from sandbox.oned.xml import cdata, element, group, ids

BRIDGE_TYPES = {
    "dummy": "linux",
    "bridge": "linux",
    "fw": "linux",
    "802.1Q": "linux",
    "vxlan": "linux",
    "ovswitch": "openvswitch",
    "ovswitch_vxlan": "openvswitch",
}
HELD = -1  # in the place of a VM's id: an address put on hold
COMPUTED = ("AR_ID", "NEXT_INDEX", "SHARED", "MAC_END", "IP_END", "USED_LEASES", "LEASES")


class NetworkState(IntEnum):
    """STATE of a network."""

    INIT = 0
    READY = 1
    LOCK_CREATE = 2
    LOCK_DELETE = 3
    LOCKED = 4
    ERROR = 5


class AddressRange(BaseModel):
    """SIZE addresses from IP (and MAC) on. Leases are kept by the address' index in the range."""

    id: int
    attributes: Vector  # TYPE, IP (unless ETHER), MAC, SIZE, and what else the user wrote: GATEWAY, DNS, ...
    next_index: int = 0
    leases: dict[int, int] = Field(default_factory=dict)  # index -> VM id, or HELD

    @classmethod
    def from_user(cls, number: int, vector: Vector) -> AddressRange:
        """The range that the user's AR vector asks for; raises ValueError with oned's words."""
        attributes = {key: value for key, value in vector.items() if key not in COMPUTED}
        match attributes.get("TYPE"):
            case "IP4":
                try:
                    first = IPv4Address(attributes.get("IP", ""))
                except AddressValueError as error:
                    raise ValueError("Wrong or empty IP attribute") from error
                attributes.setdefault("MAC", _mac(int(first)))
            case "ETHER":
                attributes.setdefault("MAC", _mac(secrets.randbits(32)))
            case "IP6" | "IP6_STATIC" | "IP4_6" | "IP4_6_STATIC" as kind:
                raise ValueError(f"Address range TYPE {kind} is not supported by the sandbox. Use IP4 or ETHER.")
            case _:
                raise ValueError("Unknown or missing address range TYPE.")
        if not attributes.get("SIZE", "").isdigit() or int(attributes["SIZE"]) < 1:
            raise ValueError("Wrong SIZE for address range")
        return cls(id=number, attributes=attributes)

    @property
    def size(self) -> int:
        """How many addresses."""
        return int(self.attributes["SIZE"])

    def ip(self, index: int) -> IPv4Address | None:
        """The address of that index; None in an ETHER range."""
        return IPv4Address(self.attributes["IP"]) + index if "IP" in self.attributes else None

    def mac(self, index: int) -> str:
        """The MAC address of that index: 02:00 and, unless the user chose it, the IP address in hex."""
        return _format_mac(int(self.attributes["MAC"].replace(":", ""), 16) + index)

    def take_next(self, vm: int) -> int | None:
        """Lease the next free address, going round; None when the range is exhausted."""
        for step in range(self.size):
            index = (self.next_index + step) % self.size
            if index not in self.leases:
                self.leases[index] = vm
                self.next_index = index + 1
                return index
        return None

    def take(self, vm: int, ip: str | None, mac: str | None) -> int | None:
        """Lease the address with that IP and MAC (either may be open); None if it is not in the range or not free."""
        index = self.index(ip, mac)
        if index is None or index in self.leases:
            return None
        self.leases[index] = vm
        return index

    def index(self, ip: str | None, mac: str | None) -> int | None:
        """Where in the range that address is, if both agree."""
        found = set()
        if ip is not None:
            try:
                first = self.ip(0)
                found.add(int(IPv4Address(ip)) - int(first) if first else -1)
            except AddressValueError:
                return None
        if mac is not None:
            try:
                found.add(int(mac.replace(":", ""), 16) - int(self.attributes["MAC"].replace(":", ""), 16))
            except ValueError:
                return None
        return found.pop() if len(found) == 1 and 0 <= min(found) < self.size else None

    def xml(self, seen_by: set[int] | None = None) -> str:
        """As in a network's own document, with leases, or only with those of some VMs."""
        last = self.size - 1
        ends = cdata("MAC_END", self.mac(last)) + (cdata("IP_END", self.ip(last)) if self.ip(last) else "")
        shown = [index for index in sorted(self.leases) if seen_by is None or self.leases[index] in seen_by]
        leases = group("LEASES", *map(self._lease_xml, shown))
        return group("AR", self._attributes_xml(), ends, element("USED_LEASES", len(self.leases)), leases)

    def pool_xml(self) -> str:
        """As in the list of networks, without leases."""
        return group("AR", self._attributes_xml())

    def _attributes_xml(self) -> str:
        shown = {**self.attributes, "AR_ID": self.id, "NEXT_INDEX": self.next_index, "SHARED": "NO"}
        return "".join(cdata(key, shown[key]) for key in sorted(shown))

    def _lease_xml(self, index: int) -> str:
        ip = cdata("IP", self.ip(index)) if self.ip(index) else ""
        return group("LEASE", ip, cdata("MAC", self.mac(index)), cdata("VM", self.leases[index]))


class Network(Document):
    """A virtual network."""

    pool: ClassVar[str] = "vn"
    called: ClassVar[str] = "virtual network"
    kind: ClassVar[str] = "NET"
    root: ClassVar[str] = "VNET"

    clusters: list[int] = Field(default_factory=lambda: [0])
    state: NetworkState = NetworkState.LOCK_CREATE
    prev_state: NetworkState = NetworkState.INIT
    ranges: list[AddressRange] = Field(default_factory=list)
    next_range: int = 0
    updated_vms: list[int] = Field(default_factory=list)
    stale: bool = False  # the driver does not know yet what changed

    def move(self, state: NetworkState) -> None:
        """Enter the state; PREV_STATE shows the same from then on, as in oned."""
        self.state = self.prev_state = state

    def complete_template(self) -> None:
        """What oned fills in: bridge, its type, and empty attributes."""
        self.template.set("BRIDGE", self.template.text("BRIDGE") or f"onebr{self.id}")
        self.template.set("BRIDGE_TYPE", BRIDGE_TYPES[self.template.text("VN_MAD")])
        self.template.set("PHYDEV", self.template.text("PHYDEV"))

    def add_range(self, vector: Vector) -> None:
        """Add an address range; raises ValueError. Ranges may overlap."""
        self.ranges.append(AddressRange.from_user(self.next_range, vector))
        self.next_range += 1

    def lease(self, vm: int, nic: Vector) -> None:
        """Lease an address for the NIC (the one it asks for, or the next) and write into it what the network says.

        Raises ApiError 8192; the caller knows which code its call has for that.
        """
        wanted = nic.get("IP"), nic.get("MAC")
        for place in self.ranges:
            index = place.take(vm, *wanted) if any(wanted) else place.take_next(vm)
            if index is None:
                continue
            if vm not in self.updated_vms:
                self.updated_vms.append(vm)
            for name in ("DNS", "GATEWAY"):
                if value := place.attributes.get(name) or self.template.text(name):
                    nic.setdefault(name, value)
            nic |= {
                "AR_ID": str(place.id),
                "MAC": place.mac(index),
                "BRIDGE": self.template.text("BRIDGE"),
                "BRIDGE_TYPE": self.template.text("BRIDGE_TYPE"),
                "CLUSTER_ID": ",".join(str(cluster) for cluster in self.clusters),
                "NETWORK": self.name,
                "NETWORK_ID": str(self.id),
                "VN_MAD": self.template.text("VN_MAD"),
            }
            if ip := place.ip(index):
                nic["IP"] = str(ip)
            return
        raise ApiError(Code.INTERNAL, f"Cannot get IP/MAC lease from virtual network {self.id}.")

    def release(self, vm: int, nic: Vector) -> None:
        """Give the NIC's address back."""
        for place in self.ranges:
            index = place.index(nic.get("IP"), nic.get("MAC"))
            if str(place.id) == nic.get("AR_ID") and index is not None and place.leases.get(index) == vm:
                del place.leases[index]
        self.updated_vms = [other for other in self.updated_vms if other != vm]

    def attribute(self, nic: Vector, name: str) -> str:
        """What the guest of that NIC is told: the NIC's own value, else its range's, else the network's."""
        place = next((place for place in self.ranges if str(place.id) == nic.get("AR_ID")), None)
        return nic.get(name) or (place and place.attributes.get(name)) or self.template.text(name)

    def used_leases(self) -> int:
        """How many addresses are leased or held."""
        return sum(len(place.leases) for place in self.ranges)

    def for_driver(self) -> driver.Network:
        """The network as the driver makes it. Without NETWORK_MASK it is a /24, as guests assume."""
        vectors = [place.attributes for place in self.ranges] or self.template.vectors("AR")
        mask = self._first(vectors, "NETWORK_MASK") or "255.255.255.0"
        address = self.template.text("NETWORK_ADDRESS") or self._first(vectors, "IP")
        gateway = self._first(vectors, "GATEWAY")
        return driver.Network(
            id=self.id,
            name=self.name,
            subnet=_subnet(address, mask),
            gateway=_address(gateway),
        )

    def xml(self, seen_by: set[int] | None = None) -> str:
        """With address ranges and leases, or only with those of some VMs."""
        return self._xml([place.xml(seen_by) for place in self.ranges])

    def pool_xml(self) -> str:
        """With address ranges, without leases."""
        return self._xml([place.pool_xml() for place in self.ranges])

    def _first(self, vectors: list[Vector], name: str) -> str:
        return self.template.text(name) or next((vector[name] for vector in vectors if vector.get(name)), "")

    def _xml(self, ranges: list[str]) -> str:
        return group(
            self.root,
            self.head_xml(),
            ids("CLUSTERS", self.clusters),
            cdata("BRIDGE", self.template.text("BRIDGE")),
            cdata("BRIDGE_TYPE", self.template.text("BRIDGE_TYPE")),
            cdata("STATE", self.state.value),
            cdata("PREV_STATE", self.prev_state.value),
            "<PARENT_NETWORK_ID/><TEMPLATE_ID/>",
            cdata("VN_MAD", self.template.text("VN_MAD")),
            "<PHYDEV/><VLAN_ID/><OUTER_VLAN_ID/>",
            element("VLAN_ID_AUTOMATIC", 0),
            element("OUTER_VLAN_ID_AUTOMATIC", 0),
            element("USED_LEASES", self.used_leases()),
            group("VROUTERS"),
            ids("UPDATED_VMS", self.updated_vms),
            group("OUTDATED_VMS"),
            group("UPDATING_VMS"),
            group("ERROR_VMS"),
            self.template.xml("TEMPLATE"),
            group("AR_POOL", *ranges),
        )


def checked_template(template: Template) -> None:
    """Raise 8192 unless a network can be made of it."""
    mad = template.text("VN_MAD")
    if not mad:
        raise ApiError(Code.INTERNAL, "No VN_MAD in template for Virtual Network.")
    if mad not in BRIDGE_TYPES:
        raise ApiError(Code.INTERNAL, f'VN_MAD named "{mad}" is not defined in oned.conf')


def _mac(low: int) -> str:
    return _format_mac(0x0200 << 32 | low)


def _format_mac(number: int) -> str:
    return ":".join(f"{byte:02x}" for byte in number.to_bytes(6, "big"))


def _address(text: str) -> IPv4Address | None:
    try:
        return IPv4Address(text)
    except AddressValueError:
        return None


def _subnet(address: str, mask: str) -> IPv4Network | None:
    try:
        return IPv4Interface(f"{address}/{mask}").network
    except ValueError:
        return None
