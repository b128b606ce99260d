"""What all documents share: id, owner, name, permissions, lock; and what messages call their pool."""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from pydantic import BaseModel

from sandbox.oned.template import Template
from sandbox.oned.xml import element, group

OWNER_ONLY = (1, 1, 0, 0, 0, 0, 0, 0, 0)
RIGHTS = ("OWNER_U", "OWNER_M", "OWNER_A", "GROUP_U", "GROUP_M", "GROUP_A", "OTHER_U", "OTHER_M", "OTHER_A")

Key: TypeAlias = tuple[str, int]  # pool and id


class Lock(BaseModel):
    """Who forbade what, and when: level 1 any use, 2 managing, 3 administration."""

    level: int
    owner: int
    time: int


class Document(BaseModel):
    """A document of any pool."""

    pool: ClassVar[str]  # the methods' prefix, e.g. `vn` of one.vn.info
    called: ClassVar[str]  # what messages call it: "virtual network"
    kind: ClassVar[str]  # what authorization and duplicate names call it: NET
    root: ClassVar[str]  # the element's name; a pool's is ROOT_POOL
    first_id: ClassVar[int] = 0

    id: int
    name: str
    uid: int = 0
    gid: int = 0
    uname: str = "oneadmin"
    gname: str = "oneadmin"
    permissions: tuple[int, ...] = OWNER_ONLY
    lock: Lock | None = None
    template: Template = Template()

    @property
    def key(self) -> Key:
        """What tells it from all other documents."""
        return self.pool, self.id

    @property
    def live(self) -> bool:
        """False for what is kept but over (a DONE VM)."""
        return True

    def xml(self) -> str:
        """The document as `info` gives it."""
        raise NotImplementedError

    def pool_xml(self) -> str:
        """The document as a pool's `info` lists it."""
        return self.xml()

    def owner_xml(self) -> str:
        """ID to NAME."""
        return "".join(
            (
                element("ID", self.id),
                element("UID", self.uid),
                element("GID", self.gid),
                element("UNAME", self.uname),
                element("GNAME", self.gname),
                element("NAME", self.name),
            )
        )

    def head_xml(self) -> str:
        """ID to PERMISSIONS, the beginning of most documents."""
        return self.owner_xml() + self._lock_xml() + self._permissions_xml()

    def _lock_xml(self) -> str:
        if self.lock is None:
            return ""
        return group(
            "LOCK",
            element("LOCKED", self.lock.level),
            element("OWNER", self.lock.owner),
            element("TIME", self.lock.time),
            element("REQ_ID", -1),
        )

    def _permissions_xml(self) -> str:
        bits = (element(right, bit) for right, bit in zip(RIGHTS, self.permissions, strict=True))
        return group("PERMISSIONS", *bits)
