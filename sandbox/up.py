"""`up`: have the sandbox running, whatever state it is in."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import docker

from sandbox import bastion, engine, front_end, guest_images, keys, ports
from sandbox.down import has_leftovers, remove_everything
from sandbox.engine import EngineError
from sandbox.place import DEFAULT_API_PORT, DEFAULT_BASTION_PORT, Place
from sandbox.progress import say, step


def up(place: Place, api_port: int | None, bastion_port: int | None) -> None:
    """Start what does not run. Ports: None for those it has (else the defaults), 0 for any free ones.

    Interrupted or failing while it makes a new sandbox, it removes what it made. Raises EngineError with the remedy.
    """
    with step("Docker engine") as remarks:
        client = engine.connect()
        remarks.append(client.version()["Version"])
    place = _settle_ports(client, place, api_port, bastion_port)
    is_new = not place.folder.exists()
    if is_new and has_leftovers(client, place):
        say("its state folder is gone: what is left of it is removed first")
        remove_everything(client, place)
    place.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with _alone(place):
            _up(client, place)
    except BaseException as error:
        if is_new:
            say(f"{'interrupted' if isinstance(error, KeyboardInterrupt) else 'failed'}: removing what was made")
            remove_everything(client, place)
        raise


def _up(client: docker.DockerClient, place: Place) -> None:
    place.save()
    with step("keys and password"):
        keys.ensure(place)
    missing = guest_images.missing(client)
    if missing:
        with step(f"base image {guest_images.BASE}"):
            guest_images.check_base(client)
    for target in missing:
        with step(f"building image {target}"):
            for _ in guest_images.build(client, target):
                pass
    if missing:
        front_end.stop(place)  # one that runs still boots VMs from the images of its start
    with step(f"bastion on 127.0.0.1:{place.bastion_port}") as remarks:
        if not bastion.ensure(client, place):
            remarks.append("runs")
    with step(f"API on {place.endpoint}") as remarks:
        if not front_end.ensure(place):
            remarks.append("runs")
    say(
        f"sandbox {place.name} is up\n"
        f"  endpoint     {place.endpoint}\n"
        f"  credentials  {place.one_auth}\n"
        f"  bastion      ssh -p {place.bastion_port} -i {place.private_key} "
        f"-o UserKnownHostsFile={place.known_hosts} root@127.0.0.1"
    )


def _settle_ports(client: docker.DockerClient, place: Place, api_port: int | None, bastion_port: int | None) -> Place:
    """The ports it has from now on. A change of port restarts what listens there."""
    wanted = replace(
        place,
        api_port=_choose(api_port, place.api_port, DEFAULT_API_PORT),
        bastion_port=_choose(bastion_port, place.bastion_port, DEFAULT_BASTION_PORT),
    )
    taken = []
    if not ports.is_free(wanted.api_port) and not front_end.is_running(wanted):
        taken.append(("--api-port", wanted.api_port))
    if not ports.is_free(wanted.bastion_port) and not bastion.has_port(client, wanted):
        taken.append(("--bastion-port", wanted.bastion_port))
    if taken:
        raise EngineError(
            "\n".join(
                f"port {port} is taken by {ports.owner(client, port)}; choose another with {option}, 0 for any free one"
                for option, port in taken
            )
        )
    return wanted


def _choose(asked: int | None, present: int, default: int) -> int:
    if asked is None:
        return present or default
    if asked == 0:
        return present or ports.choose_free()
    return asked


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    """Keep a second `up` of the same sandbox waiting."""
    with (place.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
