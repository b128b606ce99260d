"""one.cluster.*, one.host.*, one.datastore.*, one.zonepool.info."""

from __future__ import annotations

from sandbox.oned.account import ADMIN, ADMINISTRATORS, authorize_creation
from sandbox.oned.call import Call, methods
from sandbox.oned.document import Document
from sandbox.oned.errors import ApiError, Code
from sandbox.oned.infrastructure import TM_MADS, Cluster, Datastore, Host, HostState, Zone, new_datastore, new_host
from sandbox.oned.network import Network
from sandbox.oned.pool import (
    add_chmod,
    add_info,
    add_rename,
    add_update,
    add_whole_pool_info,
    check_name,
    owned,
    same_name,
)
from sandbox.oned.template import Template
from sandbox.oned.vm import Vm
from sandbox.oned.xml import group

add_whole_pool_info(Zone)
add_rename(Cluster)
add_update(Cluster)
add_rename(Host)
add_update(Host)
add_info(Datastore)
add_whole_pool_info(Datastore)
add_rename(Datastore)
add_chmod(Datastore)


def _datastore_changed(call: Call, datastore: Datastore) -> None:
    if datastore.template.text("TM_MAD") not in TM_MADS:
        raise ApiError(
            Code.INTERNAL, f"Unknown TM_MAD {datastore.template.text('TM_MAD')}: use {' or '.join(TM_MADS)}."
        )
    datastore.complete_template()


add_update(Datastore, _datastore_changed)


@methods("one.cluster.allocate")
def allocate_cluster(call: Call, name: str) -> int:
    """-> id."""
    authorize_creation(call.user, Cluster)
    _check_new_name(call, Cluster, name)
    cluster = Cluster(id=call.tx.new_id(Cluster), name=name)
    cluster.template = Template(items=[("RESERVED_CPU", ""), ("RESERVED_MEM", "")])
    call.tx.put(cluster)
    return cluster.id


@methods("one.cluster.delete")
def delete_cluster(call: Call, object_id: int) -> int:
    """Refused while it has hosts, datastores or networks."""
    cluster = call.find(Cluster, object_id, ADMIN)
    _fill_cluster(call, cluster)
    if object_id == 0:
        raise ApiError(Code.ACTION, "Cannot delete cluster. System Clusters (ID < 100) cannot be deleted.")
    if cluster.hosts or cluster.datastores or cluster.networks:
        raise ApiError(Code.ACTION, f"Cannot delete cluster. Cluster {object_id} is not empty.")
    call.tx.delete(cluster)
    return object_id


@methods("one.cluster.info")
def cluster_info(call: Call, object_id: int, decrypt: bool = False) -> str:
    """-> the document."""
    return _fill_cluster(call, call.find(Cluster, object_id)).xml()


@methods("one.clusterpool.info")
def clusters_info(call: Call) -> str:
    """-> all clusters."""
    clusters = call.tx.all(Cluster)[::-1] if call.user.gid == ADMINISTRATORS else []
    return group("CLUSTER_POOL", *(_fill_cluster(call, cluster).xml() for cluster in clusters))


@methods("one.cluster.addhost")
def add_host_to_cluster(call: Call, object_id: int, host_id: int) -> int:
    """A host is in one cluster: it leaves the other."""
    cluster = call.find(Cluster, object_id, ADMIN)
    host = call.change(Host, host_id, ADMIN)
    host.cluster, host.cluster_name = cluster.id, cluster.name
    return object_id


@methods("one.cluster.addvnet")
def add_network_to_cluster(call: Call, object_id: int, network_id: int) -> int:
    """A network may be in several."""
    call.find(Cluster, object_id, ADMIN)
    network = call.change(Network, network_id, ADMIN)
    network.clusters = sorted({*network.clusters, object_id})
    return object_id


@methods("one.cluster.delvnet")
def remove_network_from_cluster(call: Call, object_id: int, network_id: int) -> int:
    """The network itself stays."""
    call.find(Cluster, object_id, ADMIN)
    network = call.change(Network, network_id, ADMIN)
    network.clusters = [cluster for cluster in network.clusters if cluster != object_id]
    return object_id


@methods("one.cluster.adddatastore")
def add_datastore_to_cluster(call: Call, object_id: int, datastore_id: int) -> int:
    """A datastore may be in several."""
    call.find(Cluster, object_id, ADMIN)
    datastore = call.change(Datastore, datastore_id, ADMIN)
    datastore.clusters = sorted({*datastore.clusters, object_id})
    return object_id


@methods("one.cluster.deldatastore")
def remove_datastore_from_cluster(call: Call, object_id: int, datastore_id: int) -> int:
    """The datastore itself stays."""
    call.find(Cluster, object_id, ADMIN)
    datastore = call.change(Datastore, datastore_id, ADMIN)
    datastore.clusters = [cluster for cluster in datastore.clusters if cluster != object_id]
    return object_id


@methods("one.host.allocate")
def allocate_host(call: Call, name: str, im_mad: str, vm_mad: str, cluster_id: int) -> int:
    """-> id. The host is INIT until the first monitoring."""
    cluster_id = max(cluster_id, 0)
    authorize_creation(call.user, Host, cluster_id)
    cluster = call.find(Cluster, cluster_id)
    _check_new_name(call, Host, name)
    host = new_host(call.tx.new_id(Host), name, im_mad, vm_mad, cluster)
    call.tx.put(host)
    return host.id


@methods("one.host.info")
def host_info(call: Call, object_id: int, decrypt: bool = False) -> str:
    """-> the document."""
    host = call.find(Host, object_id)
    host.occupy(call.tx.all(Vm, live=True))
    return host.xml()


@methods("one.hostpool.info")
def hosts_info(call: Call) -> str:
    """-> all hosts, for administrators."""
    hosts = call.tx.all(Host)[::-1] if call.user.gid == ADMINISTRATORS else []
    vms = call.tx.all(Vm, live=True)
    for host in hosts:
        host.occupy(vms)
    return group("HOST_POOL", *(host.xml() for host in hosts))


@methods("one.host.delete")
def delete_host(call: Call, object_id: int) -> int:
    """Refused while VMs are on it."""
    host = call.find(Host, object_id, ADMIN)
    host.occupy(call.tx.all(Vm, live=True))
    if host.vms:
        raise ApiError(Code.ACTION, f"Cannot delete host. Can not remove a host with VMs running on it: {host.vms}.")
    call.tx.delete(host)
    return object_id


@methods("one.host.status")
def host_status(call: Call, object_id: int, status: int) -> int:
    """0 enable, 1 disable (VMs stay, none comes), 2 offline."""
    host = call.change(Host, object_id, ADMIN)
    states = {0: HostState.INIT, 1: HostState.DISABLED, 2: HostState.OFFLINE}
    if status not in states:
        raise ApiError(Code.XML_RPC_API, "Wrong status code")
    host.state = HostState.MONITORED if status == 0 and host.total_cpu else states[status]
    return object_id


@methods("one.datastore.allocate")
def allocate_datastore(call: Call, text: str, cluster_id: int) -> int:
    """-> id."""
    cluster_id = max(cluster_id, 0)
    authorize_creation(call.user, Datastore, cluster_id)
    call.find(Cluster, cluster_id)
    template = call.parse(text)
    name = template.take("NAME")
    _check_new_name(call, Datastore, name)
    values = {key: value for key, value in template.items if isinstance(value, str)}
    if values.get("TM_MAD") not in TM_MADS or values.setdefault("TYPE", "IMAGE_DS") not in Datastore.TYPES:
        raise ApiError(
            Code.INTERNAL, f"TM_MAD is one of {', '.join(TM_MADS)}, TYPE one of {', '.join(Datastore.TYPES)}."
        )
    datastore = new_datastore(call.tx.new_id(Datastore), name, values, str(call.cloud.state_dir))
    datastore = datastore.model_copy(update={**owned(call), "clusters": [cluster_id]})
    call.tx.put(datastore)
    return datastore.id


def _fill_cluster(call: Call, cluster: Cluster) -> Cluster:
    cluster.hosts = [host.id for host in call.tx.all(Host) if host.cluster == cluster.id]
    cluster.datastores = [store.id for store in call.tx.all(Datastore) if cluster.id in store.clusters]
    cluster.networks = [network.id for network in call.tx.all(Network) if cluster.id in network.clusters]
    return cluster


def _check_new_name(call: Call, kind: type[Document], name: str) -> None:
    prefix = f"Error allocating a new {kind.called}. "
    check_name(name, Code.ALLOCATE, prefix)
    if other := same_name(call, kind, name, 0):
        raise ApiError(Code.ALLOCATE, f"{prefix}NAME is already taken by {kind.kind} {other.id}.")
