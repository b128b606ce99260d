"""one.secgroup.*: a change of rules reaches the VMs that run by the worker."""

from __future__ import annotations

from ipaddress import IPv4Address

from sandbox.oned.account import MANAGE
from sandbox.oned.call import Call, methods
from sandbox.oned.errors import ApiError, Code
from sandbox.oned.pool import add_chmod, add_info, add_pool_info, add_rename, add_update, check_new_name, owned
from sandbox.oned.security_group import DEFAULT, SecurityGroup, ports_of
from sandbox.oned.template import Vector

PROTOCOLS = ("TCP", "UDP", "ICMP", "ICMPV6", "IPSEC", "ALL")
DIRECTIONS = ("INBOUND", "OUTBOUND")
HIGHEST_PORT = 65536

add_info(SecurityGroup)
add_pool_info(SecurityGroup)
add_rename(SecurityGroup)
add_chmod(SecurityGroup)


def _changed(call: Call, changed: SecurityGroup) -> None:
    for rule in changed.template.vectors("RULE"):
        _check(rule)
    changed.outdate()
    call.cloud.wake(changed)


add_update(SecurityGroup, _changed)


@methods("one.secgroup.allocate")
def allocate(call: Call, text: str) -> int:
    """-> id. RULE_TYPE and PROTOCOL in any case."""
    template = call.parse(text)
    name = template.take("NAME")
    check_new_name(call, SecurityGroup, name)
    for rule in template.vectors("RULE"):
        _check(rule)
    made = SecurityGroup(id=call.tx.new_id(SecurityGroup), name=name, template=template, **owned(call))
    call.tx.put(made)
    return made.id


@methods("one.secgroup.commit")
def commit(call: Call, object_id: int, recovery: bool) -> int:
    """Tell the VMs the rules again: all of them, or (recovery) those that could not be told."""
    changed = call.change(SecurityGroup, object_id)
    if recovery:
        changed.outdated, changed.error = sorted({*changed.outdated, *changed.error}), []
    else:
        changed.outdate()
    call.cloud.wake(changed)
    return object_id


@methods("one.secgroup.delete")
def delete(call: Call, object_id: int) -> int:
    """Refused for the default group, and while VMs have it."""
    found = call.find(SecurityGroup, object_id, MANAGE)
    if object_id == DEFAULT:
        reason = "The default security group (ID 0) cannot be deleted."
        raise ApiError(Code.ACTION, f"Cannot delete security group. {reason}")
    if found.vms():
        raise ApiError(Code.ACTION, "Cannot delete security group. The security group has VMs using it")
    call.tx.delete(found)
    return object_id


def _check(rule: Vector) -> None:
    if rule.get("PROTOCOL", "").upper() not in PROTOCOLS:
        raise ApiError(Code.INTERNAL, f"Wrong PROTOCOL in rule. Valid options: {', '.join(PROTOCOLS)}.")
    if rule.get("RULE_TYPE", "").upper() not in DIRECTIONS:
        raise ApiError(Code.INTERNAL, f"Wrong RULE_TYPE in rule. Valid options: {', '.join(DIRECTIONS)}.")
    try:
        ports = ports_of(rule.get("RANGE", ""))
        first = IPv4Address(rule["IP"]) if "IP" in rule else None
        int(first or 0) + int(rule.get("SIZE", "1"))
    except ValueError as error:
        raise ApiError(Code.INTERNAL, f"Wrong RANGE, IP or SIZE in rule: {error}") from error
    if any(not 0 <= first <= last <= HIGHEST_PORT for first, last in ports):
        raise ApiError(Code.INTERNAL, f"RANGE out of bounds 0-{HIGHEST_PORT}.")
