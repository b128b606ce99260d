"""one.vn.*: networks are made and removed by the worker; the calls only say what shall be."""

from __future__ import annotations

from sandbox.oned.account import ADMIN, authorize_creation
from sandbox.oned.call import Call, methods
from sandbox.oned.errors import ApiError, Code
from sandbox.oned.infrastructure import Cluster
from sandbox.oned.network import HELD, Network, NetworkState, checked_template
from sandbox.oned.pool import (
    add_chmod,
    add_lock,
    add_pool_info,
    add_rename,
    check_new_name,
    owned,
    updated,
)
from sandbox.oned.template import Vector
from sandbox.oned.vm import Vm

add_pool_info(Network)
add_rename(Network)
add_chmod(Network)
add_lock(Network)

DEFAULT_CLUSTER = 0


@methods("one.vn.allocate")
def allocate(call: Call, text: str, cluster: int) -> int:
    """-> id. The network is in LOCK_CREATE; a bad address range shows as state ERROR later."""
    cluster = DEFAULT_CLUSTER if cluster < 0 else cluster
    authorize_creation(call.user, Network, cluster)
    call.find(Cluster, cluster)
    template = call.parse(text)
    name = template.take("NAME")
    if not name:
        raise ApiError(Code.INTERNAL, "No NAME in template for Virtual Network.")
    check_new_name(call, Network, name)
    checked_template(template)
    network = Network(
        id=call.tx.new_id(Network),
        name=name,
        clusters=[cluster],
        template=template,
        **owned(call),
    )
    network.complete_template()
    if not template.has("SECURITY_GROUPS"):
        template.set("SECURITY_GROUPS", "0")
    call.tx.put(network)
    call.cloud.wake(network)
    return network.id


@methods("one.vn.info")
def info(call: Call, object_id: int, decrypt: bool = False) -> str:
    """-> the document. Leases of VMs that the user may not see are left out."""
    network = call.find(Network, object_id, despite_lock=True)
    if call.user.gid == 0:
        return network.xml()
    return network.xml(seen_by={vm.id for vm in call.tx.all(Vm, live=True) if vm.uid == call.user.id})


@methods("one.vn.update")
def update(call: Call, object_id: int, text: str, how: int = 0) -> int:
    """Replacing needs VN_MAD and drops SECURITY_GROUPS; NAME and AR become inert text."""
    network = call.change(Network, object_id)
    template = updated(network.template, call.parse(text), how)
    try:
        checked_template(template)
    except ApiError as error:
        raise ApiError(Code.INTERNAL, f"Cannot update template. {error.message}") from error
    network.template = template
    network.complete_template()
    for name in ("VLAN_ID", "OUTER_VLAN_ID"):
        template.set(name, template.text(name))
    _tell_driver(call, network)
    return object_id


@methods("one.vn.delete")
def delete(call: Call, object_id: int) -> int:
    """The network goes to LOCK_DELETE and is gone when the driver has removed it."""
    network = call.change(Network, object_id)
    if network.used_leases():
        raise ApiError(
            Code.ACTION, "Cannot delete virtual network. Can not remove a virtual network with leases in use"
        )
    network.move(NetworkState.LOCK_DELETE)
    network.ranges = []
    call.cloud.wake(network)
    return object_id


@methods("one.vn.add_ar")
def add_ar(call: Call, object_id: int, text: str) -> int:
    """`AR=[...]`; ranges may overlap."""
    network = call.change(Network, object_id, ADMIN)
    try:
        network.add_range(_vector(call, text, "AR", "Wrong AR definition. AR vector attribute is missing."))
    except ValueError as error:
        raise ApiError(Code.INTERNAL, str(error)) from error
    _tell_driver(call, network)
    return object_id


@methods("one.vn.update_ar")
def update_ar(call: Call, object_id: int, text: str) -> int:
    """`AR=[AR_ID=...]` with what changes. IP, MAC and TYPE stay, without an error."""
    network = call.change(Network, object_id, ADMIN)
    vector = _vector(call, text, "AR", "Wrong AR definition. AR vector attribute is missing.")
    wanted = vector.get("AR_ID", "")
    place = next((place for place in network.ranges if str(place.id) == wanted), None)
    if place is None:
        raise ApiError(Code.INTERNAL, f"Address Range with ID {wanted} was not found.")
    size = vector.get("SIZE", str(place.size))
    if not size.isdigit() or int(size) <= max(place.leases, default=0):
        raise ApiError(Code.INTERNAL, "New size cannot be lower than the used leases")
    fixed = {key: place.attributes[key] for key in ("TYPE", "IP", "MAC") if key in place.attributes}
    place.attributes |= {key: value for key, value in vector.items() if key != "AR_ID"} | fixed
    _tell_driver(call, network)
    return object_id


@methods("one.vn.rm_ar")
def rm_ar(call: Call, object_id: int, range_id: int, force: bool = False) -> int:
    """A range with leases is refused, unless forced."""
    network = call.change(Network, object_id, ADMIN)
    place = next((place for place in network.ranges if place.id == range_id), None)
    if place is None:
        raise ApiError(Code.INTERNAL, "Address Range does not exist")
    if place.leases and not force:
        raise ApiError(Code.INTERNAL, "Address Range has leases in use")
    network.ranges.remove(place)
    return object_id


@methods("one.vn.hold")
def hold(call: Call, object_id: int, text: str) -> int:
    """`LEASES=[IP=...]`: nobody gets that address."""
    network = call.change(Network, object_id)
    lease = _vector(call, text, "LEASES", "Empty lease description.")
    if all(place.take(HELD, lease.get("IP"), lease.get("MAC")) is None for place in network.ranges):
        raise ApiError(Code.INTERNAL, "Address is not part of the address range or in use.")
    return object_id


@methods("one.vn.release")
def release(call: Call, object_id: int, text: str) -> int:
    """`LEASES=[IP=...]`: the address on hold is free again."""
    network = call.change(Network, object_id)
    lease = _vector(call, text, "LEASES", "Empty lease description.")
    for place in network.ranges:
        index = place.index(lease.get("IP"), lease.get("MAC"))
        if index is not None and place.leases.get(index) == HELD:
            del place.leases[index]
            return object_id
    raise ApiError(Code.INTERNAL, "Address is not part of the address range or is not on hold.")


def _vector(call: Call, text: str, name: str, missing: str) -> Vector:
    vector = call.parse(text).vector(name)
    if vector is None:
        raise ApiError(Code.INTERNAL, missing)
    return vector


def _tell_driver(call: Call, network: Network) -> None:
    if network.state == NetworkState.READY:
        network.stale = True
        call.cloud.wake(network)
