"""The cloud: its memory, its driver, and what waits to be done. Calls and the worker meet here."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from sandbox.oned.document import Document, Key
from sandbox.oned.driver import Driver
from sandbox.oned.store import Store

DATABASE = "one.db"


@dataclass(frozen=True)
class Settings:
    """Times in seconds. `latency` is how long after a call a reader still sees the old state."""

    window: float = 1.0  # of the scheduler
    latency: float = 0.05
    poll: float = 1.0  # for VMs that died
    monitoring: float = 5.0  # of host and datastores
    threads: int = 16  # in which the driver acts


class Cloud:
    """Everything behind the API. `due` says which documents wait for the worker, and from when (monotonic) on."""

    def __init__(self, state_dir: Path, driver: Driver, settings: Settings | None = None) -> None:
        self.state_dir = state_dir
        self.driver = driver
        self.settings = settings or Settings()
        self.store = Store(state_dir / DATABASE)
        self.due: dict[Key, float] = {}
        self.work = threading.Event()

    def wake(self, document: Document) -> None:
        """The document waits for something. It is not looked at at once: until then a reader sees the old state."""
        self.due[document.key] = time.monotonic() + self.settings.latency
        self.work.set()
