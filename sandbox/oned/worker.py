"""What happens after the calls: the worker goes through the documents that wait for something and has the driver do it.

Nothing of it lives in memory only: a process that is killed and started again finds the same documents waiting.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from sandbox.oned import transitions
from sandbox.oned.cloud import Cloud
from sandbox.oned.document import Document, Key
from sandbox.oned.driver import DriverError, Power
from sandbox.oned.image import Image
from sandbox.oned.infrastructure import Datastore, Host, HostState
from sandbox.oned.network import Network
from sandbox.oned.placement import choose, dispatch
from sandbox.oned.plugs import network_with_id
from sandbox.oned.security_group import SecurityGroup
from sandbox.oned.states import State
from sandbox.oned.store import Transaction
from sandbox.oned.tasks import Task, image_task, network_task, outdate_vm, vm_task
from sandbox.oned.vm import Vm, now

log = logging.getLogger("oned")
SYSTEM_DATASTORE = 0
UNPLACED = 5  # seconds after which a VM says why it still waits


class Worker:
    """One thread that looks what waits, and a pool of threads in which the driver acts."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._store = cloud.store
        self._driver = cloud.driver
        self._settings = cloud.settings
        self._stopped = threading.Event()
        self._busy: set[Key] = set()
        self._monitored_at = self._looked_at = self._scheduled_at = float("-inf")
        self._pool = ThreadPoolExecutor(cloud.settings.threads, thread_name_prefix="driver")
        self._thread = threading.Thread(target=self._run, name="worker")

    def start(self) -> None:
        """Go on where the last process stopped, when it is known which VMs died since."""
        self._monitor()
        self._thread.start()

    def stop(self) -> None:
        """Wait for the driver calls that are going on; no other begins."""
        self._stopped.set()
        self._cloud.work.set()
        self._thread.join()
        self._pool.shutdown()

    @property
    def idle(self) -> bool:
        """Whether nothing is going on, nor waits to be looked at. (VMs may be waiting for a host.)"""
        with self._store.transaction():  # in which the worker takes what waits and makes it busy
            return not (self._busy or self._cloud.due)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._cloud.work.clear()
            started = time.monotonic()
            try:
                self._round()
            except Exception:
                log.exception("the worker goes on after")
            self._cloud.work.wait(self._pause(started))

    def _pause(self, started: float) -> float:
        """Seconds until something is due; what was due when the last round started has been seen to."""
        for key, due in self._cloud.due.copy().items():
            if due <= started and key not in self._busy:
                self._cloud.due.pop(key, None)
        soonest = min(self._cloud.due.copy().values(), default=float("inf")) - time.monotonic()
        return max(0.0, min(soonest, self._settings.window, self._settings.poll))

    def _round(self) -> None:
        self._monitor()
        tasks: list[Task] = []
        try:
            with self._store.transaction() as tx:
                self._schedule(tx)
                tasks.extend(self._tasks(tx))
                self._busy.update(task.document.key for task in tasks)
        except Exception:
            self._busy.difference_update(task.document.key for task in tasks)
            raise
        for task in tasks:
            self._pool.submit(self._carry_out, task)

    def _carry_out(self, task: Task) -> None:
        error: DriverError | None = None
        try:
            task.call(self._driver)
        except DriverError as raised:
            error = raised
        except Exception as raised:
            log.exception("the driver broke at %s %d", *task.document.key)
            error = DriverError(f"internal error of the driver: {raised!r}")
        try:
            with self._store.transaction() as tx:
                task.finish(tx, error)
        except Exception:
            log.exception("what came of %s %d could not be written; it will be done again", *task.document.key)
        finally:
            self._cloud.due[task.document.key] = time.monotonic()
            self._busy.discard(task.document.key)
            self._cloud.work.set()

    def _tasks(self, tx: Transaction) -> Iterator[Task]:
        for network in filter(self._is_due, tx.all(Network)):
            if task := network_task(network):
                yield task
        for image in filter(self._is_due, tx.all(Image)):
            if task := image_task(image):
                yield task
        for group in filter(self._is_due, tx.all(SecurityGroup)):
            for number in list(group.outdated):
                outdate_vm(tx, group, number)
        for vm in filter(self._is_due, tx.all(Vm, live=True)):
            if task := vm_task(tx, vm):
                yield task

    def _is_due(self, document: Document) -> bool:
        if document.key in self._busy or time.monotonic() < self._cloud.due.get(document.key, 0):
            return False
        self._cloud.due.pop(document.key, None)
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
            if moment >= self._looked_at + self._settings.poll:
                self._looked_at = moment
                self._look_for_dead()
            if moment >= self._monitored_at + self._settings.monitoring:
                self._monitored_at = moment
                self._monitor_host()
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
        return vm.state_name == "RUNNING" and not vm.job and vm.key not in self._busy
