"""A front end with the dummy driver, and the few calls that the tests of its behaviour make."""

from __future__ import annotations

import time
import xmlrpc.client
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from sandbox.oned.cloud import Settings
from sandbox.oned.driver import SeedImage
from sandbox.oned.dummy import Dummy
from sandbox.oned.server import Oned
from sandbox.oned.states import Lcm, State

SESSION = "oneadmin:secret"
SETTINGS = Settings(window=0.05, latency=0.02, poll=0.05, monitoring=0.5)
PATIENCE = 5.0


class FrontEnd:
    """Started; `stop` it."""

    def __init__(self, folder: Path, driver: Dummy, settings: Settings = SETTINGS) -> None:
        (folder / "one_auth").write_text(SESSION)
        self.driver = driver
        self.oned = Oned(folder, driver, images=[SeedImage("base", "base", 10)], settings=settings)
        self.oned.start()
        self._api: Any = xmlrpc.client.ServerProxy(self.oned.endpoint)

    def stop(self) -> None:
        self.oned.stop()

    def call(self, method: str, *parameters: Any) -> Any:
        """The value, or xmlrpc's Fault, or RuntimeError with oned's message."""
        ok, value, *_ = getattr(self._api.one, method)(SESSION, *parameters)
        if not ok:
            raise RuntimeError(value)
        return value

    def vm(self, number: int) -> ElementTree.Element:
        return ElementTree.fromstring(self.call("vm.info", number))

    def place(self, number: int) -> str:
        """State name of the VM, or LCM state name of an ACTIVE one."""
        document = self.vm(number)
        state, lcm = int(document.findtext("STATE", "")), int(document.findtext("LCM_STATE", ""))
        return Lcm(lcm).name if state == State.ACTIVE else State(state).name

    def becomes(self, number: int, place: str) -> None:
        wait(lambda: self.place(number) == place, f"VM {number} {place} (it is {self.place(number)})")

    def launch(self, name: str = "vm", *more: str) -> int:
        """A new VM, not waited for."""
        return int(self.call("vm.allocate", "\n".join([f'NAME="{name}"', 'CPU="1"', 'MEMORY="64"', *more]), False))


def wait(reached: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for: {what}")
        time.sleep(0.002)
