"""The bastion: the front end's container. SSH's only way in, router and resolver of the private networks, datastore."""

from __future__ import annotations

import hashlib
from ipaddress import IPv4Address

import docker
from docker.errors import APIError, NotFound
from docker.models.containers import Container
from docker.models.networks import Network as DockerNetwork

from sandbox.containers import datastore, networks
from sandbox.engine import EngineError, write_files
from sandbox.guest_images import BASTION, tag
from sandbox.keys import public_half
from sandbox.place import Place

KEYS_LABEL = "flower-on-opennebula.keys"


def ensure(client: docker.DockerClient, place: Place) -> bool:
    """Have the bastion running, of the present image, in all networks. Returns whether anything had to be done.

    Raises EngineError when its port is taken after all.
    """
    image = tag(BASTION)
    try:
        container = client.containers.get(place.bastion)
    except NotFound:
        container = None
    if container is not None and not _is_current(container, place, image):
        container.remove(force=True)
        container = None
    done = container is None or container.status != "running"
    if container is None:
        container = _create(client, place, image)
    if container.status != "running":
        try:
            container.start()
        except APIError as error:
            container.remove(force=True)
            raise EngineError(f"the bastion does not start: {error.explanation or error}") from error
    for network in networks.of_sandbox(client, place):
        networks.plug_bastion(client, place, network)
    return done


def has_port(client: docker.DockerClient, place: Place) -> bool:
    """Whether the bastion runs and its port is `place.bastion_port`."""
    try:
        container = client.containers.get(place.bastion)
    except NotFound:
        return False
    return container.status == "running" and _port(container) == place.bastion_port


def _is_current(container: Container, place: Place, image: str) -> bool:
    return (
        container.attrs["Config"]["Image"] == image
        and container.labels.get(KEYS_LABEL) == _keys(place)
        and _port(container) == place.bastion_port
    )


def _port(container: Container) -> int | None:
    bindings = (container.attrs["HostConfig"]["PortBindings"] or {}).get("22/tcp")
    return int(bindings[0]["HostPort"]) if bindings else None


def _keys(place: Place) -> str:
    """Which keys the bastion was made with."""
    public = (public_half(key).read_bytes() for key in (place.private_key, place.bastion_key))
    return hashlib.sha256(b"".join(public)).hexdigest()[:12]


def _create(client: docker.DockerClient, place: Place, image: str) -> Container:
    uplink = _uplink(client, place)
    client.volumes.create(place.datastore, labels=place.labels)
    own = str(IPv4Address(uplink.attrs["IPAM"]["Config"][0]["Gateway"]) + 1)
    api = client.api
    made = api.create_container(
        image,
        name=place.bastion,
        hostname="front-end",
        labels={**place.labels, KEYS_LABEL: _keys(place)},
        environment={"UPLINK": own},
        ports=[22],
        networking_config={"EndpointsConfig": {place.bastion: api.create_endpoint_config(ipv4_address=own)}},
        host_config=api.create_host_config(
            network_mode=uplink.name,
            port_bindings={22: ("127.0.0.1", place.bastion_port)},
            cap_add=["NET_ADMIN"],
            security_opt=["no-new-privileges"],
            sysctls={"net.ipv4.ip_forward": "1"},
            binds={place.datastore: {"bind": str(datastore.MOUNT), "mode": "rw"}},
            tmpfs={"/run": "mode=755"},
            log_config=docker.types.LogConfig(type="json-file", config={"max-size": "1m", "max-file": "2"}),
        ),
    )
    container = client.containers.get(made["Id"])
    write_files(
        container,
        {
            "/etc/ssh/ssh_host_ed25519_key": (place.bastion_key.read_text(), 0o600),
            "/root/.ssh/authorized_keys": (public_half(place.private_key).read_text(), 0o600),
        },
    )
    return container


def _uplink(client: docker.DockerClient, place: Place) -> DockerNetwork:
    """The network of the way out. Its name sorts before the private ones': by that Docker chooses the default route."""
    try:
        return client.networks.get(place.bastion)
    except NotFound:
        subnet = networks.free_uplink(client, place)
        pool = docker.types.IPAMPool(subnet=str(subnet), gateway=str(subnet[1]))
        ipam = docker.types.IPAMConfig(pool_configs=[pool])
        return client.networks.create(place.bastion, driver="bridge", ipam=ipam, labels=place.labels)
