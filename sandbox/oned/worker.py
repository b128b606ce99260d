"""What happens after the calls: the worker goes through the documents that wait for something and has the driver do it.

Nothing of it lives in memory only: a process that is killed and started again finds the same documents waiting.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.oned import transitions
from sandbox.oned.document import Document
from sandbox.oned.driver import Driver, DriverError, Power
from sandbox.oned.image import Image, ImageState, new_source
from sandbox.oned.infrastructure import Datastore, Host, HostState
from sandbox.oned.network import Network, NetworkState
from sandbox.oned.placement import choose, dispatch
from sandbox.oned.security_group import SecurityGroup
from sandbox.oned.states import Lcm, State
from sandbox.oned.store import Store, Transaction
from sandbox.oned.vm import Vm, now
from sandbox.oned.vm_build import image_attributes, images, network_with_id, refresh_security_groups

if TYPE_CHECKING:
    from sandbox.oned.cloud import Settings

log = logging.getLogger("oned")
SYSTEM_DATASTORE = 0
UNPLACED = 5  # seconds after which a VM says why it still waits
Key = tuple[str, int]


@dataclass(frozen=True)
class Task:
    """A driver call for one document, and what its outcome means."""

    document: Document
    call: Callable[[Driver], None]
    finish: Callable[[Transaction, DriverError | None], None]

    @property
    def key(self) -> Key:
        """One call at a time for each document."""
        return self.document.pool, self.document.id


class Worker:
    """One thread that looks what waits, and a pool of threads in which the driver acts."""

    def __init__(self, store: Store, driver: Driver, settings: Settings) -> None:
        self._store = store
        self._driver = driver
        self._settings = settings
        self._work = threading.Event()
        self._stopped = threading.Event()
        self._busy: set[Key] = set()
        self._not_before: dict[Key, float] = {}
        self._monitored_at = self._looked_at = self._scheduled_at = float("-inf")
        self._pool = ThreadPoolExecutor(settings.threads, thread_name_prefix="driver")
        self._thread = threading.Thread(target=self._run, name="worker")

    def start(self) -> None:
        """Go on where the last process stopped."""
        self._thread.start()

    def stop(self) -> None:
        """Wait for the driver calls that are going on; no other begins."""
        self._stopped.set()
        self._work.set()
        self._thread.join()
        self._pool.shutdown()

    def wake(self, document: Document) -> None:
        """The document waits for something. It is not looked at at once: until then a reader sees the old state."""
        self._not_before[document.pool, document.id] = time.monotonic() + self._settings.latency
        self._work.set()

    @property
    def idle(self) -> bool:
        """Whether nothing is going on, nor waits to be looked at. (VMs may be waiting for a host.)"""
        with self._store.transaction():  # in which the worker takes what waits and makes it busy
            return not (self._busy or self._not_before)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._work.clear()
            started = time.monotonic()
            try:
                self._round()
            except Exception:
                log.exception("the worker goes on after")
            self._work.wait(self._pause(started))

    def _pause(self, started: float) -> float:
        """Seconds until something is due; what was due when the last round started has been seen to."""
        for key, due in self._not_before.copy().items():
            if due <= started and key not in self._busy:
                self._not_before.pop(key, None)
        soonest = min(self._not_before.copy().values(), default=float("inf")) - time.monotonic()
        return max(0.0, min(soonest, self._settings.window, self._settings.poll))

    def _round(self) -> None:
        self._monitor()
        with self._store.transaction() as tx:
            self._schedule(tx)
            tasks = [task for task in self._tasks(tx) if task.key not in self._busy]
            self._busy.update(task.key for task in tasks)
        for task in tasks:
            self._pool.submit(self._carry_out, task)

    def _carry_out(self, task: Task) -> None:
        error: DriverError | None = None
        try:
            task.call(self._driver)
        except DriverError as raised:
            error = raised
        except Exception as raised:
            log.exception("the driver broke at %s %d", *task.key)
            error = DriverError(f"internal error of the driver: {raised!r}")
        try:
            with self._store.transaction() as tx:
                task.finish(tx, error)
        finally:
            self._not_before[task.key] = time.monotonic()
            self._busy.discard(task.key)
            self._work.set()

    def _tasks(self, tx: Transaction) -> Iterator[Task]:
        for network in filter(self._is_due, tx.all(Network)):
            if task := _network_task(network):
                yield task
        for image in filter(self._is_due, tx.all(Image)):
            if task := _image_task(image):
                yield task
        for group in filter(self._is_due, tx.all(SecurityGroup)):
            for number in list(group.outdated):
                _outdate_vm(tx, group, number)
        for vm in filter(self._is_due, tx.all(Vm, live=True)):
            if task := _vm_task(tx, vm):
                yield task

    def _is_due(self, document: Document) -> bool:
        key = document.pool, document.id
        if key in self._busy or time.monotonic() < self._not_before.get(key, 0):
            return False
        self._not_before.pop(key, None)
        return True

    def _schedule(self, tx: Transaction) -> None:
        if time.monotonic() < self._scheduled_at + self._settings.window:
            return
        self._scheduled_at = time.monotonic()
        for vm in tx.all(Vm, live=True):
            networks = (network_with_id(tx, nic) for nic in vm.template.vectors("NIC"))
            if vm.state != State.PENDING or vm.queue or any(network and network.stale for network in networks):
                continue
            if not self._is_due(vm):
                continue
            host, datastore = choose(tx, vm), tx.get(Datastore, SYSTEM_DATASTORE)
            if isinstance(host, str):
                if now() - vm.start >= UNPLACED and not vm.user_template.has("SCHED_MESSAGE"):
                    vm.user_template.set("SCHED_MESSAGE", f"{time.ctime()}: Cannot dispatch VM: {host}")
                    tx.put(vm)
            elif datastore:
                vm.user_template.remove("SCHED_MESSAGE")
                dispatch(tx, vm, host, datastore, scheduled=True)

    def _monitor(self) -> None:
        moment = time.monotonic()
        try:
            if moment >= self._monitored_at + self._settings.monitoring:
                self._monitored_at = moment
                self._monitor_host()
            if moment >= self._looked_at + self._settings.poll:
                self._looked_at = moment
                self._look_for_dead()
        except DriverError as error:
            log.warning("monitoring failed: %s", error)

    def _monitor_host(self) -> None:
        capacity = self._driver.monitor()
        with self._store.transaction() as tx:
            for host in tx.all(Host):
                host.total_cpu, host.total_memory = capacity.cpus * 100, capacity.memory * 1024
                host.disk_total, host.disk_free = capacity.disk_total, capacity.disk_free
                if host.state == HostState.INIT:
                    host.state = HostState.MONITORED
                tx.put(host)
            for datastore in tx.all(Datastore):
                datastore.total, datastore.free = capacity.disk_total, capacity.disk_free
                tx.put(datastore)

    def _look_for_dead(self) -> None:
        running = self._running()
        if not running:
            return
        powers = self._driver.states()
        with self._store.transaction() as tx:
            for number, records in running.items():
                vm = tx.get(Vm, number)
                # Only one that was at rest all the time in between: a boot or reboot may have passed meanwhile.
                if vm and self._at_rest(vm) and len(vm.history) == records and powers.get(number) != Power.RUNNING:
                    log.warning("VM %d (%s) was found off", vm.id, vm.name)
                    transitions.died(tx, vm)

    def _running(self) -> dict[int, int]:
        with self._store.transaction() as tx:
            return {vm.id: len(vm.history) for vm in tx.all(Vm, live=True) if self._at_rest(vm)}

    def _at_rest(self, vm: Vm) -> bool:
        return vm.state_name == "RUNNING" and not vm.job and (vm.pool, vm.id) not in self._busy


def _network_task(network: Network) -> Task | None:
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


def _image_task(image: Image) -> Task | None:
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


def _outdate_vm(tx: Transaction, group: SecurityGroup, number: int) -> None:
    """A VM that runs is told the new rules; any other gets them when it boots."""
    vm = tx.get(Vm, number)
    running = vm is not None and vm.state == State.ACTIVE
    group.sort(number, group.updating if running else group.updated if vm and vm.live else None)
    tx.put(group)
    if vm:
        refresh_security_groups(tx, vm)
        tx.put(vm)


def _vm_task(tx: Transaction, vm: Vm) -> Task | None:
    number = vm.id

    def finish(tx: Transaction, error: DriverError | None) -> None:
        current = tx.get(Vm, number)
        if current and current.live:
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
