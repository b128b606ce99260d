"""The look-ups: objects that exist already, by id or name."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pulumi_provider_kit import Function, Operation, Properties, UserError
from pyone import DATASTORE_TYPES, IMAGE_STATES, IMAGE_TYPES

from .client import NotFound
from .cloud import Cloud
from .definitions import FoundDatastore, FoundImage, FoundTemplate, FoundVirtualNetwork, Lease, LookupArgs
from .document import Document
from .properties import read, write
from .resources.base import explained
from .resources.network import live_ranges

_USABLE = (-2, -1, -1)  # the pools' filter: all that the user may use; from, to


@dataclass(frozen=True)
class Lookup:
    """One kind of object to look up.

    Args:
        kind: OpenNebula's name of it in its methods.
        noun: its name in messages.
        pool: arguments of its pool's `info`.
        result: the result from its document in that cloud.
    """

    kind: str
    noun: str
    pool: tuple[int, ...]
    result: Callable[[Cloud, Document], Any]

    def on(self, cloud: Cloud) -> Function:
        """The function that looks it up in that cloud."""

        def function(operation: Operation, arguments: Properties) -> Properties:
            wanted: LookupArgs = read(LookupArgs, arguments)
            with explained(f"look up the {self.noun}"):
                return write(self.result(cloud, self._find(cloud, wanted)))

        return function

    def _find(self, cloud: Cloud, wanted: LookupArgs) -> Document:
        if (wanted.id is None) == (wanted.name is None):
            raise UserError(f"a {self.noun} is looked up either by id or by name")
        if wanted.id is not None:
            try:
                return cloud.client.info(self.kind, wanted.id)
            except NotFound:
                raise UserError(f"there is no {self.noun} with id {wanted.id}") from None
        entries = list(cloud.client.document(f"{self.kind}pool.info", *self.pool).each("*"))
        same = [entry for entry in entries if entry.name == wanted.name]
        if not same:
            names = sorted({entry.name for entry in entries})
            shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
            raise UserError(
                f"there is no {self.noun} named {wanted.name!r}; user {cloud.client.username} sees {shown or 'none'}"
            )
        if len(same) > 1:
            listed = ", ".join(f"{entry.id} (of {entry.text('UNAME') or 'nobody'})" for entry in same)
            raise UserError(f"{len(same)} {self.noun}s are named {wanted.name!r}: {listed}; choose one by its id")
        return cloud.client.info(self.kind, same[0].id)


def functions(cloud: Cloud) -> dict[str, Function]:
    """All look-ups by token."""
    return {f"opennebula:index:{name}": lookup.on(cloud) for name, lookup in _LOOKUPS.items()}


def _network(cloud: Cloud, document: Document) -> FoundVirtualNetwork:
    return FoundVirtualNetwork(
        id=document.id,
        name=document.name,
        vn_mad=document.text("VN_MAD"),
        bridge=document.text("BRIDGE"),
        network_address=document.maybe("TEMPLATE/NETWORK_ADDRESS"),
        network_mask=document.maybe("TEMPLATE/NETWORK_MASK"),
        gateway=document.maybe("TEMPLATE/GATEWAY"),
        dns=document.maybe("TEMPLATE/DNS"),
        address_ranges=live_ranges(document),
        leases=_leases(cloud, document),
        security_groups=document.numbers("TEMPLATE/SECURITY_GROUPS"),
    )


def _leases(cloud: Cloud, network: Document) -> list[Lease]:
    def lease(found: Document) -> Lease:
        ip, holder = found.text("IP"), found.text("VM")
        if holder in ("", "-1"):  # a reservation's or virtual router's; on hold
            return Lease(ip=ip, own=False)
        vm = cloud.client.info("vm", int(holder))
        return Lease(ip=ip, vm_id=vm.id, vm_name=vm.name, own=cloud.marks.own(vm, "USER_TEMPLATE"))

    with ThreadPoolExecutor(16) as asking:
        return list(asking.map(lease, (entry for entry in network.each("AR_POOL/AR/LEASES/LEASE") if entry.has("IP"))))


def _image(_: Cloud, document: Document) -> FoundImage:
    return FoundImage(
        id=document.id,
        name=document.name,
        type=IMAGE_TYPES(document.number("TYPE")).name,
        state=IMAGE_STATES(document.number("STATE")).name,
        size=document.number("SIZE"),
        persistent=document.number("PERSISTENT") == 1,
        datastore_id=document.number("DATASTORE_ID"),
    )


def _template(_: Cloud, document: Document) -> FoundTemplate:
    return FoundTemplate(id=document.id, name=document.name)


def _datastore(_: Cloud, document: Document) -> FoundDatastore:
    return FoundDatastore(
        id=document.id,
        name=document.name,
        type=DATASTORE_TYPES(document.number("TYPE")).name,
        free_mib=document.number("FREE_MB"),
        total_mib=document.number("TOTAL_MB"),
    )


_LOOKUPS = {
    "getVirtualNetwork": Lookup("vn", "virtual network", _USABLE, _network),
    "getImage": Lookup("image", "image", _USABLE, _image),
    "getTemplate": Lookup("template", "virtual machine template", _USABLE, _template),
    "getDatastore": Lookup("datastore", "datastore", (), _datastore),
}
