"""one.user.*, one.group.*, one.system.version."""

from __future__ import annotations

from sandbox.oned.account import (
    ADMIN,
    ADMINISTRATORS,
    MANAGE,
    QUOTAS,
    USERS,
    Group,
    User,
    authorize_creation,
    digest,
    new_token,
)
from sandbox.oned.call import Call, methods
from sandbox.oned.errors import ApiError, Code
from sandbox.oned.pool import ALL, add_update, check_new_name, select
from sandbox.oned.xml import group

VERSION = "7.4.0"
MYSELF = -1

add_update(User)


@methods("one.system.version")
def version(call: Call) -> str:
    """-> the version of oned whose answers these are."""
    return VERSION


@methods("one.user.info")
def user_info(call: Call, object_id: int = MYSELF, decrypt: bool = False) -> str:
    """-> the document; -1 is whoever asks."""
    return call.find(User, call.user.id if object_id == MYSELF else object_id).xml()


@methods("one.userpool.info")
def users_info(call: Call) -> str:
    """-> all users that the user may see, and the default quotas."""
    users = select(call, User, call.tx.all(User), ALL)
    return group("USER_POOL", *(user.pool_xml() for user in users), group("DEFAULT_USER_QUOTAS", QUOTAS))


@methods("one.user.allocate")
def allocate_user(call: Call, name: str, password: str, auth_driver: str = "core") -> int:
    """-> id. The user is in the group `users`."""
    authorize_creation(call.user, User)
    check_new_name(call, User, name)
    if auth_driver not in ("", "core"):
        raise ApiError(Code.INTERNAL, f"The auth driver {auth_driver} is not supported by the sandbox: use core.")
    members = call.change(Group, USERS)
    user = User(
        id=call.tx.new_id(User),
        name=name,
        template=new_token(),
        uid=0,
        gid=members.id,
        gname=members.name,
        password=digest(password),
    )
    members.users.append(user.id)
    call.tx.put(user)
    return user.id


@methods("one.user.passwd")
def change_password(call: Call, object_id: int, password: str) -> int:
    """One's own, or for administrators anybody's."""
    user = call.change(User, object_id, MANAGE)
    user.password = digest(password)
    return object_id


@methods("one.user.delete")
def delete_user(call: Call, object_id: int) -> int:
    """What the user owns stays."""
    user = call.find(User, object_id, ADMIN)
    if object_id == 0:
        raise ApiError(Code.ACTION, "Cannot delete user. oneadmin cannot be deleted.")
    members = call.change(Group, user.gid)
    members.users = [number for number in members.users if number != object_id]
    call.tx.delete(user)
    return object_id


@methods("one.group.info")
def group_info(call: Call, object_id: int = MYSELF, decrypt: bool = False) -> str:
    """-> the document; -1 is the group of whoever asks."""
    return call.find(Group, call.user.gid if object_id == MYSELF else object_id).xml()


@methods("one.grouppool.info")
def groups_info(call: Call) -> str:
    """-> all groups for administrators, else one's own, and the default quotas."""
    groups = [each for each in call.tx.all(Group)[::-1] if call.user.gid in (ADMINISTRATORS, each.id)]
    return group("GROUP_POOL", *(each.pool_xml() for each in groups), group("DEFAULT_GROUP_QUOTAS", QUOTAS))
