"""Virtual networks as Docker networks.

On each the bastion holds the first host address: it is front end, gateway and resolver there, as on a one-machine
OpenNebula. The second is left to Docker, whose bridge must have one; the VMs' filters never let it through. Docker
translates none of its addresses, so nothing gets out by that bridge. (An `internal` network would also stop what
goes through the bastion, wherever the host filters bridged frames.)
"""

from __future__ import annotations

import contextlib
import json
from ipaddress import IPv4Address, IPv4Network

import docker
from docker.errors import APIError, NotFound
from docker.models.networks import Network as DockerNetwork

from sandbox.guest_images import BASTION, tag
from sandbox.oned.driver import DriverError, Network
from sandbox.place import LABEL, Place

# Set aside for tests of networks (RFC 2544), so no site has them: the bastions' ways out, and the Dockers inside VMs.
UPLINKS = IPv4Network("198.18.0.0/16")
INSIDE_VMS = IPv4Network("198.19.0.0/16")
NETWORK_LABEL = "flower-on-opennebula.network"
_MASQUERADE = "com.docker.network.bridge.enable_ip_masquerade"
_MTU = "com.docker.network.driver.mtu"


def front_end_address(subnet: IPv4Network) -> IPv4Address:
    """The bastion's address in a network."""
    return subnet[1]


def docker_address(subnet: IPv4Network) -> IPv4Address:
    """The address that Docker's bridge has in a network; no VM may."""
    return subnet[2]


def create(client: docker.DockerClient, place: Place, network: Network) -> None:
    """Make the Docker network and plug the bastion in. One that is there with this subnet is kept.

    Raises DriverError when the subnet is unusable or taken, or the gateway is not the bastion.
    """
    if network.subnet is None:
        return  # nothing can be in it yet; it comes again with a subnet
    subnet = network.subnet
    _check(network, subnet)
    existing = find(client, place, network.id)
    if existing is not None and subnet not in _subnets(existing.attrs):
        delete(client, place, network.id)
        existing = None
    if existing is None:
        for other, name in taken(client, place):
            if other.overlaps(subnet):
                raise DriverError(f"network {network.name}: {subnet} overlaps {other} of {name}; choose another subnet")
        pool = docker.types.IPAMPool(subnet=str(subnet), gateway=str(docker_address(subnet)))
        existing = client.networks.create(
            place.network(network.id),
            driver="bridge",
            ipam=docker.types.IPAMConfig(pool_configs=[pool]),
            options={_MASQUERADE: "false", **_host_mtu(client)},
            labels={**place.labels, NETWORK_LABEL: str(network.id)},
        )
    plug_bastion(client, place, existing)


def delete(client: docker.DockerClient, place: Place, network_id: int) -> None:
    """Remove the Docker network, if it is there."""
    network = find(client, place, network_id)
    if network is not None:
        remove(network)


def remove(network: DockerNetwork) -> None:
    """Remove a Docker network with what is still plugged into it. One that is gone is fine."""
    with contextlib.suppress(NotFound):
        network.reload()
        for container in network.attrs.get("Containers") or {}:
            with contextlib.suppress(NotFound):
                network.disconnect(container, force=True)
        network.remove()


def find(client: docker.DockerClient, place: Place, network_id: int) -> DockerNetwork | None:
    """The Docker network of a virtual network."""
    try:
        return client.networks.get(place.network(network_id))
    except NotFound:
        return None


def plug_bastion(client: docker.DockerClient, place: Place, network: DockerNetwork) -> None:
    """Have the bastion in this network, at its first host address."""
    bastion = client.containers.get(place.bastion)
    if network.name in bastion.attrs["NetworkSettings"]["Networks"]:
        return
    try:
        network.connect(bastion, ipv4_address=str(front_end_address(_subnets(network.attrs)[0])))
    except APIError as error:
        if "already exists in network" not in str(error):
            raise


def of_sandbox(client: docker.DockerClient, place: Place) -> list[DockerNetwork]:
    """All Docker networks that are virtual networks of this sandbox."""
    return client.networks.list(filters={"label": [f"{LABEL}={place.id}", NETWORK_LABEL]})


def free_uplink(client: docker.DockerClient, place: Place) -> IPv4Network:
    """A small subnet for a bastion's way out that nothing on this host has."""
    subnets = [subnet for subnet, _ in taken(client, place)]
    candidates = list(UPLINKS.subnets(new_prefix=29))
    start = int(place.id[-6:], 16) % len(candidates)  # each from its own, so that two that come up at once do not meet
    rotated = (*candidates[start:], *candidates[:start])
    return next(candidate for candidate in rotated if not any(map(candidate.overlaps, subnets)))


def taken(client: docker.DockerClient, place: Place) -> list[tuple[IPv4Network, str]]:
    """Subnets that a new network must keep clear of, with who has each: Docker's networks, and links of the host.

    Docker itself looks at its own networks alone, while another engine, a VPN or the site may have the same subnet.
    """
    found = []
    for other in client.networks.list():
        owner = (other.attrs.get("Labels") or {}).get(LABEL)
        name = f"Docker network {other.name}" + (f" of sandbox {owner}" if owner else "")
        found += [(subnet, name) for subnet in _subnets(other.attrs)]
    routes = client.containers.run(
        tag(BASTION), ["ip", "-json", "-4", "route"], network_mode="host", remove=True, labels=place.labels
    )
    for route in json.loads(routes):
        if "dev" in route and "gateway" not in route and route["dst"] != "default":
            found.append((IPv4Network(route["dst"]), f"interface {route['dev']} of this host"))
    return found


def _check(network: Network, subnet: IPv4Network) -> None:
    if subnet.prefixlen > 29:
        raise DriverError(f"network {network.name}: {subnet} is too small, the sandbox needs a /29 or larger")
    for reserved in (UPLINKS, INSIDE_VMS):
        if subnet.overlaps(reserved):
            raise DriverError(f"network {network.name}: {subnet} overlaps {reserved}, which the sandbox uses itself")
    if network.gateway is not None and network.gateway != front_end_address(subnet):
        raise DriverError(
            f"network {network.name}: GATEWAY {network.gateway} does not answer, the sandbox's router is the first "
            f"address {front_end_address(subnet)}"
        )


def _subnets(attributes: dict[str, object]) -> list[IPv4Network]:
    ipam = attributes.get("IPAM")
    pools = ipam.get("Config") if isinstance(ipam, dict) else None
    texts = [str(pool.get("Subnet", "")) for pool in pools or ()]
    return [IPv4Network(text) for text in texts if text and ":" not in text]


def _host_mtu(client: docker.DockerClient) -> dict[str, str]:
    """The MTU that whoever set up this host gave Docker's own network, where they did."""
    options = client.networks.get("bridge").attrs.get("Options") or {}
    return {_MTU: options[_MTU]} if _MTU in options else {}
