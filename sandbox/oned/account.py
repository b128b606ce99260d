"""Users and groups: who may call, and what a user may do with an object.

Sessions are `user:password`. `oneadmin` (0) and everybody of its group may do all; others what an object's permissions
give them, and what oned's initial access rules give the group `users`: create VMs, images, templates and security
groups, use the networks and datastores. Quotas and further rules are not here.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import ClassVar

from pydantic import Field

from sandbox.oned.document import Document
from sandbox.oned.errors import ApiError, Code
from sandbox.oned.store import Transaction
from sandbox.oned.template import Template
from sandbox.oned.xml import cdata, element, group, ids

ADMINISTRATORS = 0
USERS = 1
QUOTAS = "".join(group(quota) for quota in ("DATASTORE_QUOTA", "NETWORK_QUOTA", "VM_QUOTA", "IMAGE_QUOTA"))

USE, MANAGE, ADMIN = "USE", "MANAGE", "ADMIN"
LEVEL = {USE: 1, MANAGE: 2, ADMIN: 3}
CREATED_BY_USERS = {"VM", "IMAGE", "TEMPLATE", "SECGROUP"}
USED_BY_USERS = {"NET", "DATASTORE"}


class Group(Document):
    """A group of users."""

    pool: ClassVar[str] = "group"
    called: ClassVar[str] = "group"
    kind: ClassVar[str] = "GROUP"
    root: ClassVar[str] = "GROUP"
    first_id: ClassVar[int] = 100

    users: list[int] = Field(default_factory=list)

    def xml(self) -> str:
        """With the quotas, all empty."""
        return group(self.root, self._body(), QUOTAS, self._rules(), group("DEFAULT_GROUP_QUOTAS", QUOTAS))

    def pool_xml(self) -> str:
        """The pool lists quotas beside each group."""
        return group(self.root, self._body()) + group("QUOTAS", element("ID", self.id), QUOTAS) + self._rules()

    def _body(self) -> str:
        return (
            element("ID", self.id)
            + element("NAME", self.name)
            + self.template.xml("TEMPLATE")
            + ids("USERS", self.users)
            + group("ADMINS")
        )

    def _rules(self) -> str:
        return group("VLAN_RULES", cdata("ID", self.id))


class User(Document):
    """Somebody who may call."""

    pool: ClassVar[str] = "user"
    called: ClassVar[str] = "user"
    kind: ClassVar[str] = "USER"
    root: ClassVar[str] = "USER"

    password: str  # its SHA-256, in hex
    auth_driver: str = "core"

    def xml(self) -> str:
        """With the quotas, all empty."""
        return group(self.root, self._body(), QUOTAS, group("DEFAULT_USER_QUOTAS", QUOTAS))

    def pool_xml(self) -> str:
        """The pool lists quotas beside each user."""
        return group(self.root, self._body()) + group("QUOTAS", element("ID", self.id), QUOTAS)

    def _body(self) -> str:
        return "".join(
            (
                element("ID", self.id),
                element("GID", self.gid),
                ids("GROUPS", [self.gid]),
                element("GNAME", self.gname),
                element("NAME", self.name),
                cdata("PASSWORD", self.password),
                cdata("AUTH_DRIVER", self.auth_driver),
                element("ENABLED", 1),
                self.template.xml("TEMPLATE"),
            )
        )


def digest(password: str) -> str:
    """How a password is kept."""
    return hashlib.sha256(password.encode()).hexdigest()


def new_token() -> Template:
    """What a new user's template holds."""
    return Template(items=[("TOKEN_PASSWORD", secrets.token_hex(32))])


def authenticate(tx: Transaction, session: object) -> User:
    """The session's user; raises the error 256 of oned, which says nothing of the reason."""
    if isinstance(session, str):
        name, _, password = session.partition(":")
        user = next((user for user in tx.all(User) if user.name == name), None)
        if user and user.auth_driver == "core" and hmac.compare_digest(user.password, digest(password)):
            return user
    raise ApiError(Code.AUTHENTICATION, "User couldn't be authenticated, aborting call.")


def authorize(user: User, right: str, document: Document, *, despite_lock: bool = False) -> None:
    """Raise 512 unless the user has the right to the object, and the object is not locked against it."""
    if not allowed(user, right, document):
        raise ApiError(
            Code.AUTHORIZATION, f"User [{user.id}] : Not authorized to perform {right} {document.kind} [{document.id}]."
        )
    if document.lock and not despite_lock and LEVEL[right] >= document.lock.level:
        raise ApiError(Code.AUTHORIZATION, f"User [{user.id}] : {document.kind} is locked. [{document.id}].")


def allowed(user: User, right: str, document: Document) -> bool:
    """Whether permissions, or the initial access rules, give the right."""
    if user.gid == ADMINISTRATORS:
        return True
    if isinstance(document, User) and document.id == user.id:
        return right != ADMIN
    if right == USE and user.gid == USERS and document.kind in USED_BY_USERS:
        return True
    bit = LEVEL[right] - 1
    mine, ours, others = (document.permissions[at + bit] for at in (0, 3, 6))
    return bool((user.id == document.uid and mine) or (user.gid == document.gid and ours) or others)


def authorize_creation(user: User, kind: type[Document], cluster: int | None = None) -> None:
    """Raise 512 unless the user may create objects of that kind (in that cluster)."""
    if user.gid == ADMINISTRATORS or kind.kind in CREATED_BY_USERS:
        return
    missing = [f"Not authorized to perform CREATE {kind.kind}"]
    if cluster is not None:
        missing.append(f"Not authorized to perform ADMIN CLUSTER [{cluster}]")
    raise ApiError(Code.AUTHORIZATION, f"User [{user.id}] : {'; '.join(missing)}.")
