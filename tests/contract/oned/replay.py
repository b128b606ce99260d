"""Plays the recorded session against a front end with the dummy driver, in order, as one session."""

from __future__ import annotations

import time
import xmlrpc.client
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sandbox.oned.cloud import Settings
from sandbox.oned.driver import HostCapacity
from sandbox.oned.dummy import Dummy
from sandbox.oned.server import Oned
from tests.contract.oned.recording import Recording, differences
from tests.contract.oned.session import INTERLUDES, OUT_OF_SCOPE, RACING, Call, Driver, Restart, Step, Wait

SESSION = "oneadmin:password"
SECOND_SESSION = 568  # from here on the recordings are of another, fresh oned
PATIENCE = float(__import__("os").environ.get("P","5"))  # seconds; what the recordings waited for came within 4
DELAY = 0.04  # of the driver, so that what happens meanwhile can be seen


class Replay:
    """A front end and what became of each recording."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._driver = Dummy(
            delay=DELAY,
            capacity=HostCapacity(cpus=8, memory=16384, disk_total=258020, disk_free=60000),
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
        settings = Settings(window=0.3, latency=0.05, poll=0.5, monitoring=1.0)
        oned = Oned(folder, self._driver, hosts=(), settings=settings)
        oned.start()
        self._name = name
        return oned

    def _play(self, recording: Recording) -> list[str]:
        deadline = time.monotonic() + PATIENCE
        if not recording.reads and recording.number not in RACING:
            self._rest(deadline)
        while True:
            found = differences(recording.response, self._post(recording.request))
            if not found or not recording.reads or time.monotonic() > deadline:
                return found

    def _take(self, step: Step) -> None:
        match step:
            case Call(method, parameters):
                self._rest(time.monotonic() + PATIENCE)
                self._call(method, *parameters)
            case Wait(vm, state):
                self._wait(vm, state)
            case Driver(vm, failures, delay):
                self._driver.failures[vm] = set(failures)
                self._driver.delays[vm] = delay or DELAY
            case Restart():
                self._oned.stop()
                self._oned = self._start(self._name)

    def _wait(self, vm: int, state: str) -> None:
        wanted = {"RUNNING": (3, 3), "POWEROFF": (8, 0), "SUSPENDED": (5, 0), "STOPPED": (4, 0), "UNDEPLOYED": (9, 0)}
        wanted |= {"BOOT": (3, 2), "BOOT_FAILURE": (3, 36), "DONE": (6, 0), "HOLD": (2, 0)}
        deadline = time.monotonic() + PATIENCE
        number, lcm = wanted[state]
        while f"<STATE>{number}</STATE><LCM_STATE>{lcm}</LCM_STATE>" not in self._call("one.vm.info", vm, False):
            if time.monotonic() > deadline:
                raise TimeoutError(f"VM {vm} did not become {state}: {self._call('one.vm.info', vm, False)}")

    def _rest(self, deadline: float) -> None:
        while not self._oned.idle and time.monotonic() < deadline:
            time.sleep(0.002)

    def _call(self, method: str, *parameters: Any) -> Any:
        ok, value, *_ = self._loads(self._post(xmlrpc.client.dumps((SESSION, *parameters), method).encode()))
        if not ok:
            raise RuntimeError(f"{method}{parameters}: {value}")
        return value

    def _loads(self, body: bytes) -> Any:
        (value,), _ = xmlrpc.client.loads(body)
        return value

    def _post(self, body: bytes) -> bytes:
        address = urlsplit(self._oned.endpoint)
        connection = HTTPConnection(str(address.hostname), address.port, timeout=30)
        try:
            connection.request("POST", address.path, body, {"Content-Type": "text/xml"})
            return connection.getresponse().read()
        finally:
            connection.close()
