"""The store when its process is killed: whatever line it dies in, a call is done or never was."""

from __future__ import annotations

import os
import sys
import xmlrpc.client
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from sandbox.oned.call import methods
from sandbox.oned.cloud import Cloud
from sandbox.oned.driver import HostCapacity, SeedImage
from sandbox.oned.dummy import Dummy
from sandbox.oned.image import Image, ImageState
from sandbox.oned.network import Network, NetworkState
from sandbox.oned.seed import seed
from sandbox.oned.server import Oned  # noqa: F401 (it fills the table of methods)
from sandbox.oned.store import Store
from sandbox.oned.vm import Vm

OURS = str(Path("sandbox/oned"))
# Where the process is killed: at every line that writes, and at every 37th of all (every single one takes a minute).
KILLS = {"while writing": ({"write", "transaction"}, 1), "anywhere": (set(), 37)}
TEMPLATE = """NAME="vm"
CPU="1"
MEMORY="64"
DISK=[IMAGE="base"]
NIC=[NETWORK="net"]
NIC=[NETWORK="net"]"""


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    (tmp_path / "one_auth").write_text("oneadmin:secret")
    made = Cloud(tmp_path, Dummy(capacity=HostCapacity(8, 1024, 1024, 1024)))
    seed(made, [SeedImage("base", "base", 10)], ["host"])
    network = Network(id=0, name="net", state=NetworkState.READY)
    network.template.set("VN_MAD", "bridge")
    network.complete_template()
    network.add_range({"TYPE": "IP4", "IP": "10.0.0.3", "SIZE": "200"})
    with made.store.transaction() as tx:
        tx.put(network)
    return made


def answer(cloud: Cloud, method: str, *parameters: Any) -> list[Any]:
    body = xmlrpc.client.dumps(("oneadmin:secret", *parameters), method).encode()
    (value,), _ = xmlrpc.client.loads(methods.answer(cloud, body))
    assert isinstance(value, list)
    return value


def killed_at_line(number: int, functions: set[str], cloud: Cloud) -> bool:
    """Make the call in a process that dies at that line of ours; False when the call needs fewer lines.

    Only lines of these functions count, or, without any, all.
    """
    child = os.fork()
    if child == 0:
        left = number

        def count(frame: FrameType, event: str, _: object) -> Any:
            nonlocal left
            if OURS not in frame.f_code.co_filename:
                return None
            if event == "line" and (not functions or frame.f_code.co_name in functions):
                left -= 1
                if left == 0:
                    os._exit(9)
            return count

        # A connection of its own: SQLite's do not survive a fork.
        cloud.store = Store(cloud.state_dir / "one.db")
        sys.settrace(count)
        answer(cloud, "one.vm.allocate", TEMPLATE, True)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 9


@pytest.mark.parametrize(("functions", "stride"), KILLS.values(), ids=KILLS)
def test_a_killed_process_leaves_a_whole_vm_or_none(cloud: Cloud, functions: set[str], stride: int) -> None:
    line, kills = 1, 0
    while killed_at_line(line, functions, cloud):
        line, kills = line + stride, kills + 1
        with cloud.store.transaction() as tx:
            vms = {vm.id for vm in tx.all(Vm)}
            (network,) = tx.all(Network)
            (image,) = tx.all(Image)
        leases = sorted(network.ranges[0].leases.values())
        assert leases == sorted([*vms, *vms]), f"killed at line {line}: VMs {vms}, leases of {leases}"
        assert set(image.vms) == vms
        assert image.state == (ImageState.USED if vms else ImageState.READY)
    assert kills > 10


def test_ids_are_not_given_again(cloud: Cloud) -> None:
    first = answer(cloud, "one.template.allocate", 'NAME="a"')[1]
    answer(cloud, "one.template.delete", first)
    cloud.store.close()
    again = Cloud(cloud.state_dir, Dummy())
    assert answer(again, "one.template.allocate", 'NAME="b"')[1] == first + 1


def test_a_refused_call_leaves_nothing_but_the_ranges_next_index(cloud: Cloud) -> None:
    refused = answer(cloud, "one.vm.allocate", TEMPLATE + '\nNIC=[NETWORK="none"]', False)
    assert refused[0] is False
    with cloud.store.transaction() as tx:
        (network,) = tx.all(Network)
        (image,) = tx.all(Image)
        assert (tx.all(Vm), network.used_leases(), image.vms) == ([], 0, [])
        assert network.ranges[0].next_index == 2
    assert answer(cloud, "one.vm.allocate", TEMPLATE, True) == [True, 0, 0]


def test_the_file_is_its_owners_alone(cloud: Cloud) -> None:
    assert [oct(path.stat().st_mode & 0o077) for path in cloud.state_dir.glob("one.db*")] == ["0o0"] * 3
