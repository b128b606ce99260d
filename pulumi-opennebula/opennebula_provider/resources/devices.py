"""NICs and disks of virtual machines: to OpenNebula's vectors, and from its documents back to inputs and outputs."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..definitions import AttachedDisk, AttachedNic, Disk, Nic
from ..document import Document
from ..template import vector


def nic_vector(nic: Nic) -> dict[str, str]:
    """A NIC as OpenNebula takes it."""
    return vector(
        {
            "NETWORK_ID": nic.network_id,
            "IP": nic.ip,
            "MAC": nic.mac,
            "SECURITY_GROUPS": ",".join(map(str, nic.security_groups)) or None,
            "MODEL": nic.model,
        }
    )


def disk_vector(disk: Disk) -> dict[str, str]:
    """A disk as OpenNebula takes it."""
    empty = disk.image_id is None
    return vector(
        {
            "IMAGE_ID": disk.image_id,
            "TYPE": (disk.type or "raw") if empty else None,
            "FORMAT": (disk.format or "raw") if empty else None,
            "SIZE": disk.size,
            "TARGET": disk.target,
            "DEV_PREFIX": disk.dev_prefix,
        }
    )


def fits(nic: Nic, have: Document, dropped: Collection[int] = ()) -> bool:
    """Whether this attached NIC is what is wanted.

    Args:
        nic: what is wanted.
        have: the attached NIC; its network's own security groups are in force beside those of the NIC.
        dropped: security groups that must not be in force.
    """
    groups = set(have.numbers("SECURITY_GROUPS"))
    return (
        have.number("NETWORK_ID") == nic.network_id
        and nic.ip in (None, have.maybe("IP"))
        and (nic.mac is None or nic.mac.lower() == have.text("MAC").lower())
        and nic.model in (None, have.maybe("MODEL"))
        and set(nic.security_groups) <= groups
        and not groups & set(dropped)
    )


def paired(
    wanted: Sequence[Nic], there: Sequence[Document], dropped: Sequence[Collection[int]] | None = None
) -> dict[int, Document]:
    """Which attached NIC is which of the wanted ones, by its index there; those with a fixed address choose first."""
    rest = list(there)
    pairs: dict[int, Document] = {}
    for index in sorted(range(len(wanted)), key=lambda index: (wanted[index].ip is None, wanted[index].mac is None)):
        for have in rest:
            if fits(wanted[index], have, dropped[index] if dropped else ()):
                pairs[index] = have
                rest.remove(have)
                break
    return pairs


def in_wanted_order(wanted: Sequence[Nic], there: Sequence[Document]) -> list[Document]:
    """The attached NICs: those wanted in the order in which they are, then the others."""
    pairs = paired(wanted, there)
    ordered = [pairs[index] for index in sorted(pairs)]
    return [*ordered, *(have for have in there if have not in ordered)]


def live_nics(document: Document, before: Sequence[Nic], importing: bool) -> list[Nic]:
    """The NICs as inputs: those of before in their order; in the place of a missing one, one that nobody asked for."""
    there = list(document.each("TEMPLATE/NIC"))
    pairs = paired(before, there)
    rest = [have for have in there if have not in pairs.values()]
    live = []
    for index, nic in enumerate(before):
        if index in pairs:
            live.append(nic)
        elif rest:
            live.append(_shown(rest.pop(0), nic, importing))
    return [*live, *(_shown(have, None, importing) for have in rest)]


def _shown(have: Document, before: Nic | None, importing: bool) -> Nic:
    return Nic(
        network_id=have.number("NETWORK_ID"),
        ip=have.maybe("IP") if before is None or before.ip else None,
        mac=have.maybe("MAC") if before is not None and before.mac else None,
        security_groups=have.numbers("SECURITY_GROUPS") if before is not None and before.security_groups else [],
        model=have.maybe("MODEL") if importing or (before is not None and before.model) else None,
    )


def imported_disks(document: Document) -> list[Disk]:
    """The disks as the inputs that would make them."""
    disks = []
    for have in document.each("TEMPLATE/DISK"):
        image, size = have.maybe("IMAGE_ID"), have.maybe("SIZE")
        if image is not None:
            disks.append(Disk(image_id=int(image)))
        else:
            disks.append(
                Disk(
                    size=None if size is None else int(size),
                    type=have.maybe("TYPE"),
                    format=have.maybe("FORMAT"),
                )
            )
    return disks


def attached_nic(nic: Document) -> AttachedNic:
    """A NIC as an output."""
    return AttachedNic(
        nic_id=nic.number("NIC_ID"),
        network_id=nic.number("NETWORK_ID"),
        network=nic.text("NETWORK"),
        ip=nic.maybe("IP"),
        mac=nic.text("MAC"),
        security_groups=nic.numbers("SECURITY_GROUPS"),
    )


def attached_disk(disk: Document) -> AttachedDisk:
    """A disk as an output."""
    image, size = disk.maybe("IMAGE_ID"), disk.maybe("SIZE")
    return AttachedDisk(
        disk_id=disk.number("DISK_ID"),
        image_id=None if image is None else int(image),
        size=int(size or 0),
        target=disk.text("TARGET"),
    )
