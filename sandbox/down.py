"""`down`: remove the sandbox with all it has, whatever is left of it."""

from __future__ import annotations

import contextlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import docker
from docker.errors import APIError, NotFound
from docker.models.containers import Container

from sandbox import engine, front_end
from sandbox.containers import networks
from sandbox.place import LABEL, Place
from sandbox.progress import say, step


def down(place: Place) -> None:
    """Remove it and say what was removed; nothing there is fine. Raises EngineError when Docker does not answer."""
    with step("Docker engine") as remarks:
        client = engine.connect()
        remarks.append(client.version()["Version"])
    removed = remove_everything(client, place)
    say(f"sandbox {place.name}: {'nothing of it is left' if removed else 'there was nothing to remove'}")


def remove_everything(client: docker.DockerClient, place: Place) -> int:
    """Remove API process, containers, networks, volumes and state folder of the sandbox; how many there were.

    What belongs to it is known by its label and by its folder's path alone, so a damaged state folder does not matter.
    """
    mine: dict[str, Any] = {"label": f"{LABEL}={place.id}"}
    with step("API process") as remarks:
        processes = front_end.stop(place)
        remarks.append(f"{processes} ended")
    with step("VMs and bastion") as remarks:
        containers = client.containers.list(all=True, filters=mine, ignore_removed=True)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(_remove_container, containers))
        remarks.append(f"{len(containers)} removed")
    with step("networks") as remarks:
        found = client.networks.list(filters=mine)
        for network in found:
            networks.remove(network)
        remarks.append(f"{len(found)} removed")
    with step("volumes") as remarks:
        volumes = client.volumes.list(filters=mine)
        for volume in volumes:
            with contextlib.suppress(NotFound):
                volume.remove(force=True)
        remarks.append(f"{len(volumes)} removed")
    with step(f"state folder {place.folder.name}") as remarks:
        had_folder = place.folder.exists()
        if had_folder:
            shutil.rmtree(place.folder)
        with contextlib.suppress(OSError):
            place.folder.parent.rmdir()  # the last sandbox leaves no folder of sandboxes
        remarks.append("removed" if had_folder else "was not there")
    return processes + len(containers) + len(found) + len(volumes) + had_folder


def has_leftovers(client: docker.DockerClient, place: Place) -> bool:
    """Whether the sandbox has containers, volumes or a process."""
    mine: dict[str, Any] = {"label": f"{LABEL}={place.id}"}
    containers = client.containers.list(all=True, filters=mine, ignore_removed=True)
    return bool(containers or client.volumes.list(filters=mine) or front_end.is_running(place))


def _remove_container(container: Container) -> None:
    try:
        container.remove(force=True, v=True)
    except APIError as error:
        if error.status_code not in (404, 409):  # gone, or going by another call
            raise
        with contextlib.suppress(NotFound):
            container.wait(condition="removed")
