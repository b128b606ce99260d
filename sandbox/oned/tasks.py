"""What a document waits for: the driver call, and what its outcome means for the document."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.oned import transitions
from sandbox.oned.document import Document
from sandbox.oned.driver import Driver, DriverError
from sandbox.oned.image import Image, ImageState, new_source
from sandbox.oned.infrastructure import Datastore
from sandbox.oned.network import Network, NetworkState
from sandbox.oned.plugs import image_attributes, images
from sandbox.oned.security_group import SecurityGroup
from sandbox.oned.states import Lcm, State
from sandbox.oned.store import Transaction
from sandbox.oned.vm import Vm
from sandbox.oned.vm_build import refresh_security_groups

log = logging.getLogger("oned")


@dataclass(frozen=True)
class Task:
    """A driver call for one document, one at a time for each, and what its outcome means."""

    document: Document
    call: Callable[[Driver], None]
    finish: Callable[[Transaction, DriverError | None], None]


def network_task(network: Network) -> Task | None:
    """Make it, tell the driver what changed, or remove it."""
    spec, number = network.for_driver(), network.id

    def made(tx: Transaction, error: DriverError | None) -> None:
        if current := tx.get(Network, number):
            current.stale = False
            problem = str(error) if error else ""
            if current.state == NetworkState.LOCK_CREATE:
                problem = problem or _make_ranges(current)
                for name in ("VLAN_ID", "OUTER_VLAN_ID"):
                    current.template.set(name, current.template.text(name))
                current.move(NetworkState.ERROR if problem else NetworkState.READY)
            if problem:
                current.template.set("ERROR", f"{time.ctime()} : {problem}")
            tx.put(current)

    def removed(tx: Transaction, error: DriverError | None) -> None:
        if current := tx.get(Network, number):
            if error is None:
                tx.delete(current)
                return
            current.template.set("ERROR", f"{time.ctime()} : {error}")
            current.move(NetworkState.ERROR)
            tx.put(current)

    if network.state == NetworkState.LOCK_CREATE or network.stale:
        return Task(network, lambda driver: driver.create_network(spec), made)
    if network.state == NetworkState.LOCK_DELETE:
        return Task(network, lambda driver: driver.delete_network(number), removed)
    return None


def _make_ranges(network: Network) -> str:
    ranges = network.template.vectors("AR")
    network.template.remove("AR")
    try:
        for vector in ranges:
            network.add_range(vector)
    except ValueError as error:
        return str(error)
    return ""


def image_task(image: Image) -> Task | None:
    """Make it, or remove it."""
    spec, number = image.for_driver(), image.id

    def made(tx: Transaction, error: DriverError | None) -> None:
        current = tx.get(Image, number)
        datastore = tx.get(Datastore, current.datastore) if current else None
        if current is None or datastore is None or not current.locked:
            return
        if error:
            current.template.set("ERROR", f"{time.ctime()} : Error copying image in the datastore: {error}")
            current.move(ImageState.ERROR)
        else:
            current.source, current.format = new_source(datastore), current.format or "raw"
            current.settle()
        tx.put(current)
        for vm in filter(None, (tx.get(Vm, vm) for vm in current.vms)):
            _image_settled(tx, vm)

    def removed(tx: Transaction, error: DriverError | None) -> None:
        if current := tx.get(Image, number):
            if error:
                current.template.set("ERROR", f"{time.ctime()} : Error removing image from datastore: {error}")
                current.move(ImageState.ERROR)
                tx.put(current)
                return
            tx.delete(current)
            if datastore := tx.get(Datastore, current.datastore):
                datastore.images = [other for other in datastore.images if other != number]
                tx.put(datastore)

    if image.locked:
        return Task(image, lambda driver: driver.create_image(spec), made)
    if image.state == ImageState.DELETE:
        return Task(image, lambda driver: driver.delete_image(number), removed)
    return None


def _image_settled(tx: Transaction, vm: Vm) -> None:
    """A VM in CLONING goes on when all its images are there."""
    used = images(tx, vm)
    if vm.state != State.CLONING or any(image.locked for image in used):
        return
    if any(image.state == ImageState.ERROR for image in used):
        vm.move(State.CLONING_FAILURE)
    else:
        for disk in vm.template.vectors("DISK"):
            if image := next((image for image in used if str(image.id) == disk.get("IMAGE_ID")), None):
                disk |= {**image_attributes(tx, image, disk), "IMAGE_STATE": disk["IMAGE_STATE"]}
        vm.move(State.HOLD if vm.template.has("SUBMIT_ON_HOLD") else State.PENDING)
    tx.put(vm)


def outdate_vm(tx: Transaction, group: SecurityGroup, number: int) -> None:
    """A VM that runs is told the new rules; any other gets them when it boots."""
    vm = tx.get(Vm, number)
    running = vm is not None and vm.state == State.ACTIVE
    group.sort(number, group.updating if running else group.updated if vm and vm.live else None)
    tx.put(group)
    if vm:
        refresh_security_groups(tx, vm)
        tx.put(vm)


def vm_task(tx: Transaction, vm: Vm) -> Task | None:
    """What its state waits for, else the next accepted action, else new rules of its security groups."""
    number = vm.id

    def finish(tx: Transaction, error: DriverError | None) -> None:
        current = tx.get(Vm, number)
        if current is None or (current.lcm, current.job, current.hard) != asked:
            return  # a hard action or a recovery came meanwhile and wants something else of the driver: that is next
        if error:
            transitions.failed(tx, current, error)
        else:
            transitions.done(tx, current)

    if vm.state == State.ACTIVE and vm.lcm == Lcm.LCM_INIT:
        transitions.start_boot(tx, vm)
    call = transitions.call_for(tx, vm)
    while call is None and vm.queue:
        transitions.begin(tx, vm, vm.queue.pop(0))
        call = transitions.call_for(tx, vm)
    asked = vm.lcm, vm.job, vm.hard
    return Task(vm, call, finish) if call else _rules_task(tx, vm)


def _rules_task(tx: Transaction, vm: Vm) -> Task | None:
    number = vm.id
    groups = [group.id for group in tx.all(SecurityGroup) if number in group.updating]
    if not groups:
        return None
    spec = transitions.specification(tx, vm)

    def apply(driver: Driver) -> None:
        for nic in spec.nics:
            driver.apply_rules(spec, nic)

    def finish(tx: Transaction, error: DriverError | None) -> None:
        if error:
            log.warning("VM %d: security groups %s not applied: %s", number, groups, error)
        for group in filter(None, (tx.get(SecurityGroup, each) for each in groups)):
            if number in group.updating:
                group.sort(number, group.error if error else group.updated)
                tx.put(group)

    return Task(vm, apply, finish)
