"""Plays the recorded session against a front end with the dummy driver, in order, as one session."""

from __future__ import annotations

import time
import xmlrpc.client
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sandbox.oned.cloud import Settings
from sandbox.oned.driver import HostCapacity, Power
from sandbox.oned.dummy import Dummy
from sandbox.oned.server import Oned
from tests.contract.oned.recording import Recording, differences
from tests.contract.oned.session import (
    ACCEPTED,
    INTERLUDES,
    OUT_OF_SCOPE,
    RACING,
    Call,
    Driver,
    Monitored,
    Refused,
    Restart,
    RunsByHand,
    Step,
    Wait,
)

SESSION = "oneadmin:password"
SECOND_SESSION = 568  # from here on the recordings are of another, fresh oned
PATIENCE = 5.0  # seconds; what the recordings waited for came within 4
DELAY = 0.04  # of the driver, so that what happens meanwhile can be seen


class Replay:
    """A front end and what became of each recording."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._driver = Dummy(
            delay=DELAY,
            capacity=None,
            sizes={
                "/srv/one/images/small.raw": 2,
                "/srv/one/images/small.qcow2": 64,
                "http://127.0.0.1:8977/small.raw": 2,
                "/dummy/x.img": 1024,
                "/etc/passwd": 1,
            },
            refused_images={
                "/etc/passwd": "Not allowed to copy image from /etc/passwd, check RESTRICTED_DIRS in your datastore"
            },
        )
        self._oned = self._start("first")

    def run(self, recordings: list[Recording]) -> dict[int, list[str]]:
        """What of each answer was not as recorded, by the recording's number."""
        results = {}
        try:
            for recording in recordings:
                if recording.number == SECOND_SESSION:
                    self._oned.stop()
                    self._oned = self._start("second")
                for step in INTERLUDES.get(recording.number, []):
                    self._take(step)
                if recording.number not in OUT_OF_SCOPE:
                    results[recording.number] = self._play(recording)
        finally:
            self._oned.stop()
        return results

    def _start(self, name: str) -> Oned:
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        (folder / "one_auth").write_text(SESSION)
        settings = Settings(window=0.1, latency=1.0, poll=0.5, monitoring=0.2)
        oned = Oned(folder, self._driver, hosts=(), settings=settings)
        oned.start()
        self._name = name
        return oned

    def _play(self, recording: Recording) -> list[str]:
        deadline = time.monotonic() + PATIENCE
        if not recording.reads and recording.number not in RACING:
            self._rest(deadline)
        closest: list[str] | None = None
        while True:
            found = differences(recording.response, self._post(recording.request))
            found = [line for line in found if not line.startswith(tuple(ACCEPTED.get(recording.number, ())))]
            if closest is None or len(found) < len(closest):
                closest = found
            if not closest or not recording.reads or time.monotonic() > deadline:
                return closest
            self._hurry()

    def _take(self, step: Step) -> None:
        match step:
            case Refused(method, parameters):
                ok, *_ = self._ask(method, *parameters)
                assert not ok, f"{method}{parameters} was to be refused"
            case Call(method, parameters):
                self._rest(time.monotonic() + PATIENCE)
                self._call(method, *parameters)
            case Wait(vm, state):
                self._wait(vm, state)
            case Driver(vm, failures, delay):
                self._driver.failures[vm] = set(failures)
                self._driver.delays[vm] = delay or DELAY
            case Monitored():
                self._driver.capacity = HostCapacity(cpus=8, memory=16384, disk_total=258020, disk_free=60000)
                unknown = "<FREE_MB>0</FREE_MB>"
                self._until(lambda: unknown not in self._call("one.datastore.info", 1, False), "the first monitoring")
            case RunsByHand(vm):
                self._driver.powers[vm] = Power.RUNNING
            case Restart():
                self._oned.stop()
                self._oned = self._start(self._name)

    def _wait(self, vm: int, state: str) -> None:
        wanted = {"RUNNING": (3, 3), "POWEROFF": (8, 0), "SUSPENDED": (5, 0), "STOPPED": (4, 0), "UNDEPLOYED": (9, 0)}
        wanted |= {"BOOT": (3, 2), "BOOT_FAILURE": (3, 36), "DONE": (6, 0), "HOLD": (2, 0)}
        number, lcm = wanted[state]
        shown = f"<STATE>{number}</STATE><LCM_STATE>{lcm}</LCM_STATE>"
        self._until(lambda: shown in self._call("one.vm.info", vm, False), f"VM {vm} {state}")

    def _until(self, reached: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not reached():
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited in vain for: {what}")
            self._hurry()

    def _rest(self, deadline: float) -> None:
        while not self._oned.idle and time.monotonic() < deadline:
            self._hurry()

    def _hurry(self) -> None:
        """The old state has been read, or never will be: what waits for its latency to pass is looked at now."""
        cloud = self._oned.cloud
        cloud.due.update(dict.fromkeys(cloud.due.copy(), 0.0))
        cloud.work.set()
        time.sleep(0.005)

    def _call(self, method: str, *parameters: Any) -> Any:
        ok, value, *_ = self._ask(method, *parameters)
        assert ok, f"{method}{parameters}: {value}"
        return value

    def _ask(self, method: str, *parameters: Any) -> Any:
        (answer,), _ = xmlrpc.client.loads(self._post(xmlrpc.client.dumps((SESSION, *parameters), method).encode()))
        return answer

    def _post(self, body: bytes) -> bytes:
        address = urlsplit(self._oned.endpoint)
        connection = HTTPConnection(str(address.hostname), address.port, timeout=30)
        try:
            connection.request("POST", address.path, body, {"Content-Type": "text/xml"})
            return connection.getresponse().read()
        finally:
            connection.close()
