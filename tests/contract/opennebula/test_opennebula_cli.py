"""The provider under the real Pulumi CLI, on the sandbox's API with drivers that make nothing."""

import json
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opennebula_provider.client import Client
from opennebula_provider.document import Document
from opennebula_provider.sdk import SDK

from sandbox.oned.cloud import Settings
from sandbox.oned.dummy import Dummy
from sandbox.oned.server import Oned
from tests.contract.pulumi_project import Project, press_ctrl_c

PLUGIN = SDK.parent
SECRET = "context-s3cret"

PROGRAM = """
import json
from pathlib import Path

import pulumi
import pulumi_opennebula as opennebula

wanted = json.loads(Path("wanted.json").read_text())
network = opennebula.VirtualNetwork(
    "net",
    network_address="10.9.0.0",
    network_mask="255.255.255.0",
    bridge=wanted.get("bridge"),
    address_ranges=[opennebula.AddressRangeArgs(ip4="10.9.0.3", size=20)],
)
group = opennebula.SecurityGroup(
    "group", rules=[{"protocol": "TCP", "rule_type": "INBOUND", "range": wanted.get("ports", "22")}]
)
machines = [
    opennebula.VirtualMachine(
        f"vm-{index}",
        cpu=0.1,
        memory=wanted.get("memory", 64),
        nics=[
            opennebula.NicArgs(
                network_id=network.id.apply(int),
                ip=f"10.9.0.{5 + index}",
                security_groups=[group.id.apply(int)],
            )
        ],
        context={"NETWORK": "YES", "TOKEN": pulumi.Output.secret("context-s3cret"), **wanted.get("context", {})},
    )
    for index in range(wanted.get("machines", 1))
]
pulumi.export("ips", [machine.ip for machine in machines])
pulumi.export("state", pulumi.Output.all(*(machine.lcm_state for machine in machines)))
"""


IMPORT = """
import pulumi
import pulumi_opennebula as opennebula

network = opennebula.VirtualNetwork(
    "network",
    name="hers",
    bridge="onebr0",
    address_ranges=[opennebula.AddressRangeArgs(ip4="10.8.0.3", size=9)],
    opts=pulumi.ResourceOptions(import_="NETWORK"),
)
opennebula.VirtualMachine(
    "machine",
    name="hers",
    cpu=0.5,
    memory=64,
    nics=[opennebula.NicArgs(network_id=network.id.apply(int), ip="10.8.0.3")],
    tags={"LABELS": "a,b"},
    opts=pulumi.ResourceOptions(import_="MACHINE"),
)
"""


MACHINE = """
import pulumi_opennebula as opennebula

opennebula.VirtualMachine("vm", cpu=0.1, memory=64, nics=[opennebula.NicArgs(network_id=NETWORK, ip="10.8.0.3")])
"""
LEASES = """
import pulumi
import pulumi_opennebula as opennebula

pulumi.export("own", [lease.own for lease in opennebula.get_virtual_network(id=NETWORK).leases])
"""


@pytest.fixture
def driver() -> Dummy:
    return Dummy()


@pytest.fixture
def client(tmp_path: Path, driver: Dummy) -> Iterator[Client]:
    folder = tmp_path / "oned"
    folder.mkdir()
    (folder / "one_auth").write_text("oneadmin:pw")
    oned = Oned(folder, driver, settings=Settings(window=0.1, latency=0.05, poll=0.2))
    oned.start()
    yield Client(oned.endpoint, "oneadmin", "pw")
    oned.stop()


@pytest.fixture
def project(tmp_path: Path, client: Client) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    auth = tmp_path / "auth"
    auth.write_text("oneadmin:pw")
    environment = {"ONE_XMLRPC": client.endpoint, "ONE_AUTH": str(auth)}
    want(folder)
    return Project(folder, PROGRAM, {"opennebula": PLUGIN}, environment)


def want(folder: Path, **values: object) -> None:
    (folder / "wanted.json").write_text(json.dumps(values))


def machines(client: Client) -> list[Document]:
    return list(client.document("vmpool.info", -2, -1, -1, -1).each("VM"))


def test_a_stack_comes_up_stays_as_it_is_changes_in_place_and_goes(
    project: Project, client: Client, driver: Dummy
) -> None:
    outputs = project.run("preview").partition("Outputs:")[2]
    assert '"10.9.0.5"' in outputs  # a fixed address is known before
    assert "RUNNING" not in outputs  # a state is not
    project.up()
    assert json.loads(project.run("stack", "output", "--json")) == {"ips": ["10.9.0.5"], "state": ["RUNNING"]}
    assert SECRET not in project.run("stack", "export")

    driver.calls.clear()
    assert "4 unchanged" in project.up()
    assert driver.calls == []

    (before,) = machines(client)
    want(project.folder, ports="443", context={"MORE": "x"}, memory=128)
    assert "2 updated" in project.up()
    (after,) = machines(client)
    assert after.id == before.id
    assert client.info("vm", after.id).text("TEMPLATE/MEMORY") == "128"

    project.run("destroy", "--yes", "--skip-preview")
    assert machines(client) == []
    assert not list(client.document("vnpool.info", -2, -1, -1).each("VNET"))
    assert project.state() == {}


def test_drift_is_shown_by_its_path_and_repaired_in_place(project: Project, client: Client) -> None:
    project.up()
    (vm,) = machines(client)
    group = int(project.state()["group"]["id"])
    client.call("vm.updateconf", vm.id, 'CONTEXT=[NETWORK="NO"]', 1)
    client.call("secgroup.update", group, 'RULE=[PROTOCOL="TCP",RULE_TYPE="INBOUND",RANGE="1:65535"]', 1)
    network = int(project.state()["net"]["id"])
    client.call("vn.add_ar", network, 'AR=[TYPE="IP4",IP="10.9.0.100",SIZE="3"]')
    client.call("vm.update", vm.id, 'SOMEONES="note"', 1)
    shown = project.run("refresh", "--yes", "--skip-preview", "--diff")
    for part in ('"YES" => "NO"', '"22" => "1:65535"', "10.9.0.100"):
        assert part in shown, shown
    assert "note" not in shown
    assert "3 updated" in project.up()
    assert [found.id for found in machines(client)] == [vm.id]
    assert "3 updated" not in project.run("refresh", "--yes", "--skip-preview")
    document = client.info("vm", vm.id)
    assert (document.text("TEMPLATE/CONTEXT/NETWORK"), document.text("USER_TEMPLATE/SOMEONES")) == ("YES", "note")


def test_ctrl_c_while_machines_start_loses_and_doubles_nothing(project: Project, client: Client, driver: Dummy) -> None:
    driver.delay = 3.0
    want(project.folder, machines=3)
    under_way = project.start("up", "--yes", "--skip-preview")
    wait_until(lambda: any(vm.text("LCM_STATE") == "2" for vm in machines(client)))
    output = press_ctrl_c(under_way)
    assert "interrupted" in output, output
    assert project.pending() == []
    left = {vm.id for vm in machines(client)}
    driver.delay = 0.0
    project.up()
    assert left <= {vm.id for vm in machines(client)}
    assert sorted(vm.name for vm in machines(client)) == ["vm-0", "vm-1", "vm-2"]
    assert set(project.run("stack", "output", "state", "--json").split('"')[1::2]) == {"RUNNING"}


def test_ctrl_c_while_machines_are_terminated_is_gone_on_with(project: Project, client: Client, driver: Dummy) -> None:
    project.up()
    driver.delay = 3.0
    under_way = project.start("destroy", "--yes", "--skip-preview")
    wait_until(lambda: any(vm.text("LCM_STATE") == "12" for vm in machines(client)))
    press_ctrl_c(under_way)
    assert project.pending() == []
    driver.delay = 0.0
    project.run("destroy", "--yes", "--skip-preview")
    assert (machines(client), project.state()) == ([], {})


def test_a_provider_that_is_killed_during_a_create_leaves_nothing_twice(
    project: Project, client: Client, driver: Dummy
) -> None:
    driver.delay = 3.0
    under_way = project.start("up", "--yes", "--skip-preview")
    wait_until(lambda: any(vm.text("LCM_STATE") == "2" for vm in machines(client)))
    (left,) = machines(client)
    os.kill(plugin_of(under_way), signal.SIGKILL)
    under_way.communicate(timeout=60)
    assert "vm-0" not in project.state()
    driver.delay = 0.0
    output = project.up()
    assert f"goes on with vm {left.id}" in output, output
    assert [vm.id for vm in machines(client)] == [left.id]
    assert project.state()["vm-0"]["id"] == str(left.id)


def test_what_a_computer_that_died_during_the_first_create_left_is_gone_on_with(
    project: Project, client: Client, driver: Dummy
) -> None:
    driver.delay = 3.0
    under_way = project.start("up", "--yes", "--skip-preview")
    wait_until(lambda: any(vm.text("LCM_STATE") == "2" for vm in machines(client)))
    os.killpg(under_way.pid, signal.SIGKILL)
    under_way.communicate(timeout=60)
    (left,) = machines(client)
    driver.delay = 0.0
    project.run("cancel", "--yes")  # the lock that the dead CLI left
    assert f"goes on with vm {left.id}" in project.up()
    assert [vm.id for vm in machines(client)] == [left.id]


def test_a_stack_keeps_its_random_id_in_its_state(project: Project, client: Client) -> None:
    project.up()
    (before,) = project.providers()
    project.run("preview", "--expect-no-changes")
    want(project.folder, machines=2)
    project.up()
    (after,) = project.providers()
    assert after == before
    marked = [client.info("vm", vm.id).text("USER_TEMPLATE/PULUMI/STACK") for vm in machines(client)]
    assert marked == [before["id"]] * 2


def test_a_wrong_password_and_an_unreachable_endpoint_fail_in_the_preview(project: Project, client: Client) -> None:
    (project.folder / "bad_auth").write_text("oneadmin:wr0ng")
    project.run("config", "set", "opennebula:authFile", str(project.folder / "bad_auth"))
    output = project.run("preview", fails=True)
    assert "does not accept user 'oneadmin'" in output
    assert "opennebula:authFile" in output
    assert "wr0ng" not in output
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}/RPC2"
        project.run("config", "set", "opennebula:endpoint", endpoint)
        output = project.run("preview", fails=True)
    assert endpoint in output
    assert "is the front end running" in output


def test_mistakes_are_all_told_before_anything_is_made(project: Project, client: Client) -> None:
    want(project.folder, ports="99999", memory=-1)
    output = project.up(fails=True)
    assert "rules[0].range" in output
    assert "65535" in output
    assert machines(client) == []


def test_a_network_is_replaced_after_its_machines_left_it(project: Project, client: Client) -> None:
    project.up()
    before = project.state()
    want(project.folder, bridge="br7")
    output = project.up()
    assert "3 replaced" not in output
    assert "2 replaced" in output, output
    after = project.state()
    assert before["net"]["id"] != after["net"]["id"]
    assert [str(vm.id) for vm in machines(client)] == [after["vm-0"]["id"]]
    assert before["group"]["id"] == after["group"]["id"]


def test_the_example_of_the_readme_works(tmp_path: Path, project: Project, client: Client, driver: Dummy) -> None:
    example = (PLUGIN / "README.md").read_text().partition("```python\n")[2].partition("```")[0]
    (project.folder / "__main__.py").write_text(example)
    driver.sizes["/srv/debian"] = 2048
    client.call("image.allocate", 'NAME="debian-13"\nPATH="/srv/debian"\nTYPE="OS"', 1, False)
    project.up()
    assert json.loads(project.run("stack", "output", "--json")) == {"address": "172.16.100.10"}
    assert "5 unchanged" in project.up()


def test_objects_made_by_hand_are_imported_and_then_show_no_change(project: Project, client: Client) -> None:
    network = client.call("vn.allocate", 'NAME="hers"\nVN_MAD="bridge"\nAR=[TYPE="IP4",IP="10.8.0.3",SIZE="9"]', -1)
    template = f'NAME="hers"\nCPU="0.5"\nMEMORY="64"\nNIC=[NETWORK_ID="{network}"]\nLABELS="a,b"'
    wait_until(lambda: client.info("vn", network).text("STATE") == "1")
    machine = client.call("vm.allocate", template, False)
    wait_until(lambda: client.info("vm", machine).text("LCM_STATE") == "3")
    (project.folder / "__main__.py").write_text(
        IMPORT.replace("NETWORK", str(network)).replace("MACHINE", str(machine))
    )
    assert "2 imported" in project.up()
    assert "3 unchanged" in project.up()
    assert [vm.id for vm in machines(client)] == [machine]


def test_a_stack_knows_its_own_leases_even_renamed_and_no_other_stack_takes_them_for_its_own(
    project: Project, client: Client
) -> None:
    template = 'NAME="hers"\nVN_MAD="bridge"\nBRIDGE="onebr0"\nAR=[TYPE="IP4",IP="10.8.0.3",SIZE="9"]'
    network = str(client.call("vn.allocate", template, -1))
    machine, leases = (text.replace("NETWORK", network) for text in (MACHINE, LEASES))

    def own() -> list[bool]:
        project.up()
        found: list[bool] = json.loads(project.run("stack", "output", "own", "--json"))
        return found

    (project.folder / "__main__.py").write_text(machine)
    project.up()
    (project.folder / "__main__.py").write_text(machine + leases)
    assert own() == [True]
    project.run("stack", "rename", "renamed")
    assert own() == [True]
    (project.folder / "__main__.py").write_text(leases)
    project.run("stack", "init", "another")
    assert own() == [False]


def test_pulumi_accepts_the_schema(tmp_path: Path, project: Project) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(project.run("package", "get-schema", str(PLUGIN / "pulumi-resource-opennebula")))
    assert json.loads(schema.read_text())["name"] == "opennebula"
    project.run("schema", "check", str(schema))
    schema.write_text(schema.read_text().replace("#/types/opennebula:index:Nic", "#/types/opennebula:index:Gone"))
    project.run("schema", "check", str(schema), fails=True)


def test_interrupted_at_any_moment_the_next_run_converges(project: Project, client: Client, driver: Dummy) -> None:
    moments = random.Random(11)
    driver.delay = 0.4
    for count in (4, 2, 5):
        want(project.folder, machines=count)
        under_way = project.start("up", "--yes", "--skip-preview")
        wait_until(lambda: len(driver.calls) > 0)
        time.sleep(moments.uniform(0.0, 2.0))  # not to wait for something: the moment is what is varied
        press_ctrl_c(under_way)
        assert project.pending() == []
        driver.calls.clear()
    project.up()
    assert sorted(vm.name for vm in machines(client)) == [f"vm-{index}" for index in range(5)]
    assert len({vm.text("TEMPLATE/NIC/IP") for vm in machines(client)}) == 5


def plugin_of(cli: subprocess.Popen[str]) -> int:
    """The process id of the provider that this CLI started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            command = (stat.parent / "cmdline").read_bytes().split(b"\0")
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent == cli.pid and b"opennebula_provider" in command:
            found.append(int(stat.parent.name))
    (pid,) = found
    return pid


def wait_until(probe: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not probe():
        assert time.monotonic() < end
        time.sleep(0.05)
