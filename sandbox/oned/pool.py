"""Methods that most pools have: info, rename, update, chmod, lock, unlock, and the pool's own info."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TypedDict, TypeVar

from sandbox.oned.account import ADMINISTRATORS, LEVEL, MANAGE, USE, USERS, User, allowed
from sandbox.oned.call import Call, methods
from sandbox.oned.document import Document, Lock
from sandbox.oned.errors import ApiError, Code
from sandbox.oned.template import Template
from sandbox.oned.xml import group

D = TypeVar("D", bound=Document)

FORBIDDEN = "&|:\\\";/'#{}$<>"
LONGEST = 128
REPLACE, APPEND = 0, 1
MINE_AND_MY_GROUPS, ALL, MINE, MY_GROUP = -1, -2, -3, -4


def add_info(kind: type[Document]) -> None:
    """one.KIND.info: -> the document."""

    def info(call: Call, object_id: int, decrypt: bool = False) -> str:
        return call.find(kind, object_id, despite_lock=True).xml()

    methods.add(f"one.{kind.pool}.info", info)


def add_pool_info(kind: type[Document]) -> None:
    """one.KINDpool.info: filter, first and last id, or offset and minus the page's size."""

    def info(call: Call, which: int, start: int, end: int) -> str:
        return pool_document(kind, page(select(call, kind, call.tx.all(kind), which), start, end))

    methods.add(f"one.{kind.pool}pool.info", info)


def add_whole_pool_info(kind: type[Document]) -> None:
    """one.KINDpool.info for pools without filters: all that the user may use."""

    def info(call: Call) -> str:
        return pool_document(kind, select(call, kind, call.tx.all(kind), ALL))

    methods.add(f"one.{kind.pool}pool.info", info)


def add_rename(kind: type[Document], *, unique: bool = True) -> None:
    """one.KIND.rename: id, name."""

    def rename(call: Call, object_id: int, name: str) -> int:
        document = call.change(kind, object_id)
        check_name(name)
        other = same_name(call, kind, name, document.uid) if unique else None
        if other and other.id != object_id:
            raise ApiError(
                Code.ACTION,
                f"{kind.called} cannot be renamed to {name} because it collides with {kind.called} {other.id}",
            )
        document.name = name
        return object_id

    methods.add(f"one.{kind.pool}.rename", rename)


def add_update(kind: type[D], changed: Callable[[Call, D], None] | None = None) -> None:
    """one.KIND.update: id, template, 0 to replace or 1 to append. `changed` completes, refuses, or passes on."""

    def update(call: Call, object_id: int, text: str, how: int = REPLACE) -> int:
        document = call.change(kind, object_id)
        document.template = updated(document.template, call.parse(text), how)
        if changed:
            changed(call, document)
        return object_id

    methods.add(f"one.{kind.pool}.update", update)


def add_chmod(kind: type[Document]) -> None:
    """one.KIND.chmod: id, nine bits of which -1 leaves as it is."""

    def chmod(
        call: Call, object_id: int, ou: int, om: int, oa: int, gu: int, gm: int, ga: int, xu: int, xm: int, xa: int
    ) -> int:
        document = call.change(kind, object_id)
        bits = (ou, om, oa, gu, gm, ga, xu, xm, xa)
        document.permissions = tuple(
            old if bit < 0 else bit for old, bit in zip(document.permissions, bits, strict=True)
        )
        return object_id

    methods.add(f"one.{kind.pool}.chmod", chmod)


def add_lock(kind: type[Document]) -> None:
    """one.KIND.lock: id, level (1 use, 2 manage, 3 admin); one.KIND.unlock: id."""

    def lock(call: Call, object_id: int, level: int, test: bool = False) -> int:
        document = call.find(kind, object_id, MANAGE, despite_lock=True)
        if level not in LEVEL.values():
            raise ApiError(Code.ACTION, "Wrong lock level specified")
        document.lock = Lock(level=level, owner=call.user.id, time=int(time.time()))
        call.tx.put(document)
        return object_id

    def unlock(call: Call, object_id: int) -> int:
        document = call.find(kind, object_id, MANAGE, despite_lock=True)
        document.lock = None
        call.tx.put(document)
        return object_id

    methods.add(f"one.{kind.pool}.lock", lock)
    methods.add(f"one.{kind.pool}.unlock", unlock)


def updated(old: Template, new: Template, how: int) -> Template:
    """The template after an update call; raises 4096."""
    if how == REPLACE:
        return new
    if how == APPEND:
        old.merge(new)
        return old
    raise ApiError(Code.XML_RPC_API, "Wrong update type")


def check_name(name: str, code: Code = Code.INTERNAL, prefix: str = "") -> None:
    """Raise unless oned takes the name."""
    bad = next((char for char in name if char in FORBIDDEN), None)
    if not name:
        raise ApiError(code, f"{prefix}Invalid NAME, it cannot be empty")
    if bad:
        raise ApiError(code, f"{prefix}Invalid NAME, char '{bad}' is not allowed")
    if len(name) > LONGEST:
        raise ApiError(code, f"{prefix}Invalid NAME, max length is {LONGEST} chars")


def check_new_name(call: Call, kind: type[Document], name: str, code: Code = Code.INTERNAL, prefix: str = "") -> None:
    """Raise unless the name is good and the user has no other object of that kind with it."""
    check_name(name, code, prefix)
    if other := same_name(call, kind, name, call.user.id):
        what = "SecurityGroup" if kind.kind == "SECGROUP" else kind.kind
        raise ApiError(code, f"{prefix}NAME is already taken by {what} {other.id}.")


def same_name(call: Call, kind: type[D], name: str, uid: int) -> D | None:
    """That owner's object of that name."""
    return next((document for document in call.tx.all(kind) if document.name == name and document.uid == uid), None)


class Owner(TypedDict):
    """Whose a document is."""

    uid: int
    gid: int
    uname: str
    gname: str


def owned(call: Call) -> Owner:
    """Owner fields of a new document."""
    user = call.user
    return {"uid": user.id, "gid": user.gid, "uname": user.name, "gname": user.gname}


def select(call: Call, kind: type[D], documents: Iterable[D], which: int) -> list[D]:
    """Those of the filter: -1 mine and my group's, -2 all, -3 mine, -4 my group's, or a user's id; newest first."""
    user = call.user

    def wanted(document: D) -> bool:
        mine = _is_owner(user, document)
        match which:
            case _ if which == MINE_AND_MY_GROUPS:
                return mine or document.gid == user.gid
            case _ if which == ALL:
                return mine or user.gid == ADMINISTRATORS or _listed(user, document)
            case _ if which == MINE:
                return mine
            case _ if which == MY_GROUP:
                return document.gid == user.gid
            case _:
                return document.uid == which and (mine or user.gid == ADMINISTRATORS or allowed(user, USE, document))

    return sorted(filter(wanted, documents), key=lambda document: -document.id)


def page(documents: list[D], start: int, end: int) -> list[D]:
    """By range of ids (end -1: no end), or, with end < -1, `-end` of them from the start-th on."""
    if start < 0:
        return documents
    if end < -1:
        return documents[start : start - end]
    return [document for document in documents if document.id >= start and (end < 0 or document.id <= end)]


def pool_document(kind: type[D], documents: list[D]) -> str:
    """The list of them."""
    return group(f"{kind.root}_POOL", *(document.pool_xml() for document in documents))


def _is_owner(user: User, document: Document) -> bool:
    return document.id == user.id if isinstance(document, User) else document.uid == user.id


def _listed(user: User, document: Document) -> bool:
    return user.gid != USERS if document.kind == "HOST" else allowed(user, USE, document)
