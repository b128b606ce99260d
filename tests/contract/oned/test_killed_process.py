"""The API's process is killed in the middle of its work and started again: what was going on comes to its end."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import xmlrpc.client
from pathlib import Path
from typing import Any

import pytest

from tests.contract.oned.front_end import SESSION, wait

# Serves with a driver that takes a second for everything and writes down what it is asked.
PROGRAM = """
import sys
from pathlib import Path
from sandbox.oned.dummy import Dummy
from sandbox.oned.server import Oned, run

folder = Path(sys.argv[1])

class Slow(Dummy):
    def _act(self, call, vm_id, power):
        with (folder / "calls").open("a") as calls:
            calls.write(f"{call} {vm_id}\\n")
        super()._act(call, vm_id, power)

class Told(Oned):
    def start(self):
        super().start()
        (folder / "endpoint").write_text(self.endpoint)

import sandbox.oned.server
sandbox.oned.server.Oned = Told
run(folder, 0, Slow(delay=float(sys.argv[2])), [])
"""


class Process:
    """The API in a process of its own."""

    def __init__(self, folder: Path, delay: float) -> None:
        (folder / "endpoint").unlink(missing_ok=True)
        self.process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(folder), str(delay)])
        wait((folder / "endpoint").exists, "the endpoint")
        wait(lambda: (folder / "endpoint").read_text().endswith("RPC2"), "the endpoint")
        self._api: Any = xmlrpc.client.ServerProxy((folder / "endpoint").read_text())

    def call(self, method: str, *parameters: Any) -> Any:
        ok, value, *_ = getattr(self._api.one, method)(SESSION, *parameters)
        assert ok, value
        return value

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return self.process.wait(20)


def shows(process: Process, vm: int, state: int, lcm: int) -> bool:
    return f"<STATE>{state}</STATE><LCM_STATE>{lcm}</LCM_STATE>" in process.call("vm.info", vm)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "one_auth").write_text(SESSION)
    return tmp_path


def test_a_boot_and_a_termination_that_were_going_on_are_done_after_a_restart(folder: Path) -> None:
    process = Process(folder, delay=60)
    boots = process.call("vm.allocate", 'NAME="a"\nCPU="1"\nMEMORY="64"', False)
    wait(lambda: shows(process, boots, 3, 2), "BOOT")
    accepted = process.call("vm.allocate", 'NAME="b"\nCPU="1"\nMEMORY="64"', True)
    process.end(signal.SIGKILL)

    process = Process(folder, delay=0)
    wait(lambda: shows(process, boots, 3, 3), "RUNNING")
    assert shows(process, accepted, 2, 0)
    process.call("vm.action", "terminate", boots)
    process.end(signal.SIGKILL)

    process = Process(folder, delay=0)
    wait(lambda: shows(process, boots, 6, 0), "DONE")
    assert process.end(signal.SIGTERM) == 0
    calls = (folder / "calls").read_text().splitlines()
    assert calls.count(f"deploy {boots}") >= 2
    assert calls[-1] == f"destroy {boots}"


def test_being_asked_to_stop_lets_the_driver_end_its_call(folder: Path) -> None:
    process = Process(folder, delay=1)
    vm = process.call("vm.allocate", 'NAME="a"\nCPU="1"\nMEMORY="64"', False)
    wait(lambda: shows(process, vm, 3, 2), "BOOT")
    begun = time.monotonic()
    assert process.end(signal.SIGTERM) == 0
    assert time.monotonic() - begun < 10

    process = Process(folder, delay=1)
    assert shows(process, vm, 3, 3) or shows(process, vm, 8, 0)
    process.end(signal.SIGTERM)
