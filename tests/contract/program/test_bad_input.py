"""Settings that cannot be used, as the user meets them: what `pulumi up` says, and that nothing was created.

One `up` tells several mistakes, so the rows of the table share a few.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.contract.oned.front_end import wait
from tests.contract.program.conftest import Program

READY = 1  # of a network; until then it leases nothing

SUPERNODES, SITES = "flower-on-opennebula:supernodes", "flower-on-opennebula:sites"
AN_IMAGE = "there is no image named '{}'; user oneadmin sees debian-13, debian-13-docker"

STACKS: dict[str, Mapping[str, Any]] = {
    "words": {
        SUPERNODES: "two",
        "network:cidr": "172.16.100.0/33",
        "superlink:memory": "10",
        "opennebula:passwrod": "x",
        "bastion:host": None,
    },
    "none": {SUPERNODES: "0", "superlink:address": "10.0.0.9"},
    "many": {SUPERNODES: "300", "superlink:address": "172.16.100.1"},
    "small": {SUPERNODES: "20", "network:cidr": "172.16.100.0/28", "ssh:privateKeyFile": "nokey"},
    "sites": {
        SITES: [
            {"name": "agnes", "address": "10.1.1.1"},
            {"name": "agnes", "address": "172.16.100.3"},
            {"name": "north", "memory": 4096},
        ],
    },
    "catalogue": {"machine:image": "debian-99", "network:name": "camps", "superlink:stateImage": "gone"},
    "campus": {"network:name": "campus"},
    "unreachable": {"opennebula:endpoint": "http://127.0.0.1:9/RPC2"},
    "stranger": {"opennebula:authFile": "wrong"},
    "unreadable": {},  # its file is not YAML
}

ROWS = [
    # Everything that is wrong is told at once, the value and what is allowed with it.
    ("words", "supernodes = two: allowed is a whole number from 1 to 250"),
    ("words", "network:cidr = 172.16.100.0/33: allowed is an IPv4 network such as 172.16.100.0/24"),
    ("words", "superlink:memory = 10: allowed is a whole number from 768 to 4194304"),
    ("words", "opennebula:passwrod = x: there is no such setting; did you mean opennebula:password?"),
    ("words", "bastion:host is not set; it must be a host name or an IP address"),
    ("words", "5 settings of stack words cannot be used; nothing was created or changed."),
    ("none", "supernodes = 0: allowed is a whole number from 1 to 250"),
    (
        "none",
        "superlink:address = 10.0.0.9: it is not a host of network:cidr; allowed is 172.16.100.1 to 172.16.100.254",
    ),
    ("many", "supernodes = 300: allowed is a whole number from 1 to 250"),
    ("many", "superlink:address = 172.16.100.1: the SuperLink cannot have it, it is taken by network:gateway"),
    (
        "small",
        "network:cidr = 172.16.100.0/28: too small for the SuperLink and 20 SuperNodes; allowed is /27 or larger",
    ),
    (
        "small",
        "ssh:privateKeyFile = nokey: it cannot be read (No such file or directory); `ssh-keygen -t ed25519` makes",
    ),
    ("sites", "supernodes = 2: sites (agnes, agnes, north) says who takes part; set one of the two"),
    ("sites", "sites[1].name = agnes: sites[0].name is the same; each site needs a name of its own"),
    (
        "sites",
        "sites[0].address = 10.1.1.1: it is not a host of network:cidr; allowed is 172.16.100.1 to 172.16.100.254",
    ),
    ("sites", "sites[1].address = 172.16.100.3: agnes cannot have it, it is taken by superlink:address"),
    ("catalogue", f"machine:image = debian-99: {AN_IMAGE.format('debian-99')}"),
    ("catalogue", "network:name = camps: there is no virtual network named 'camps'; user oneadmin sees campus"),
    ("catalogue", f"superlink:stateImage = gone: {AN_IMAGE.format('gone')}"),
    (
        "campus",
        "network:name = campus: not all addresses are free: 172.16.100.4 is that of VM 0 (web), 172.16.100.5 is on",
    ),
    ("unreachable", "OpenNebula at http://127.0.0.1:9/RPC2 cannot be reached ([Errno 111] Connection refused); is the"),
    ("stranger", "OpenNebula at {endpoint} does not accept user 'oneadmin' with the password from wrong; check"),
    ("unreadable", "invalid YAML file: yaml: line 2: did not find expected node content"),
]


@pytest.fixture(scope="module")
def campus(program: Program) -> None:
    """A network of which another's VM and an administrator have addresses that the federation would take."""
    group = program.cloud.call("secgroup.allocate", 'NAME="narrow"')
    network = program.cloud.call(
        "vn.allocate",
        f'NAME="campus"\nVN_MAD="dummy"\nBRIDGE="br0"\nSECURITY_GROUPS="{group}"\nNETWORK_ADDRESS="172.16.100.0"\n'
        'NETWORK_MASK="255.255.255.0"\nAR=[TYPE="IP4",IP="172.16.100.3",SIZE="100"]',
        -1,
    )
    wait(lambda: program.cloud.info("vn", network).number("STATE") == READY, "the network can lease")
    machine = f'NAME="web"\nCPU="0.1"\nMEMORY="64"\nNIC=[NETWORK_ID="{network}",IP="172.16.100.4"]'
    program.cloud.call("vm.allocate", machine, True)
    program.cloud.call("vn.hold", network, 'LEASES=[IP="172.16.100.5"]')


@pytest.fixture(scope="module")
def said(program: Program, ours: Callable[..., dict[str, Any]], campus: None) -> Callable[[str], str]:
    """What `pulumi up` says with the settings of one of `STACKS`: it fails, without traceback, and creates nothing."""
    (program.folder / "wrong").write_text("oneadmin:other")
    done: dict[str, str] = {}

    def up(stack: str) -> str:
        program.pulumi("stack", "init", stack)
        program.write(stack, ours(**STACKS[stack]))
        if stack == "unreadable":
            (program.folder / "Pulumi.unreadable.yaml").write_text("config:\n  network:egress: [\n")
        before = program.objects()
        ended = program.pulumi("up", "--yes", "--skip-preview", "--stack", stack)
        assert ended.returncode != 0, ended.stdout
        assert "Traceback" not in ended.stdout and "unhandled exception" not in ended.stdout, ended.stdout
        assert program.objects() == before, "something was created"
        return ended.stdout

    def said(stack: str) -> str:
        if stack not in done:
            done[stack] = up(stack)
        return done[stack]

    return said


@pytest.mark.parametrize(("stack", "complaint"), ROWS, ids=[complaint.split(":")[0] for _, complaint in ROWS])
def test_a_mistake_is_told_with_its_setting_value_and_remedy_before_anything_is_created(
    program: Program, said: Callable[[str], str], stack: str, complaint: str
) -> None:
    assert complaint.format(endpoint=program.cloud.endpoint) in said(stack)


def test_the_settings_of_the_table_are_right_but_for_what_it_changes(
    program: Program, ours: Callable[..., dict[str, Any]]
) -> None:
    program.pulumi("stack", "init", "right")
    program.write("right", ours())
    planned = program.pulumi("preview", "--json", "--stack", "right")
    assert planned.returncode == 0, planned.stdout
    steps = json.loads(planned.stdout)["steps"]
    assert sum(step["newState"]["type"] == "opennebula:index:VirtualMachine" for step in steps) == 3
