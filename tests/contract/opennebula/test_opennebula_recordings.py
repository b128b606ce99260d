"""What a real oned 7.4 answered, replayed from a loopback server: the client reads it, resources see no false drift.

The recordings (one file each: request, response, and for readers the decoded value) are the truth; see INDEX.tsv.
"""

import csv
import re
import threading
import xmlrpc.client
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from opennebula_provider.client import Client, NotFound, OneError, WrongState
from opennebula_provider.cloud import Cloud
from opennebula_provider.document import Document
from opennebula_provider.provider import OpenNebula
from opennebula_provider.template import render
from opennebula_provider.vm_waits import VmState
from opennebula_provider.waits import reason
from pulumi_provider_kit import Properties
from pulumi_provider_kit.diff import diff
from pulumi_provider_kit.operation import Cancellation, Operation

RECORDINGS = Path(__file__).parents[1] / "recordings"
NOT_CALLS_OF_ONE = ("system.",)  # introspection of the XML-RPC server itself


@dataclass(frozen=True)
class Recording:
    """One call: its number in the order of the recordings, and both sides of it."""

    number: int
    method: str
    ok: str
    code: str
    request: bytes
    response: bytes

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The arguments after the session."""
        arguments, _ = xmlrpc.client.loads(self.request)
        return arguments[1:]


@cache
def recordings() -> dict[int, Recording]:
    found = {}
    with (RECORDINGS / "INDEX.tsv").open() as index:
        for row in csv.DictReader(index, delimiter="\t"):
            text = (RECORDINGS / row["file"]).read_bytes()
            _, _, rest = text.partition(b"-->\n")
            request, _, rest = rest.partition(b"<!-- RESPONSE")
            response = rest.partition(b"-->\n")[2].partition(b"<!-- DECODED")[0]
            number = int(row["file"][:3])
            found[number] = Recording(number, row["method"], row["ok"], row["code"], request.strip(), response.strip())
    return found


class Replay(BaseHTTPRequestHandler):
    """Answers every call with the response of the recording whose number is in the path."""

    numbers: ClassVar[list[int]]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = recordings()[int(self.path.rsplit("/", 1)[1])].response
        self.send_response(200)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Replay) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def replay(address: str, number: int) -> Any:
    recording = recordings()[number]
    client = Client(f"{address}/{number}", "oneadmin", "password")
    return client.call_once(recording.method.removeprefix("one."), *recording.arguments)


def document(number: int) -> Document:
    answers: tuple[Any, ...] = xmlrpc.client.loads(recordings()[number].response)[0]
    return Document.parse(answers[0][1])


def test_every_recorded_answer_is_read_as_what_it_is(address: str) -> None:
    read = 0
    for recording in recordings().values():
        if recording.method.startswith(NOT_CALLS_OF_ONE) or not recording.request:
            continue
        if recording.ok == "True":
            value = replay(address, recording.number)
            assert isinstance(value, int | str), recording.number
            if isinstance(value, str) and value.startswith("<"):
                Document.parse(value)
        else:
            if recording.number == 31:
                continue  # the recorded request is no XML
            with pytest.raises(OneError) as refusal:
                replay(address, recording.number)
            assert refusal.value.code == int(recording.code), recording.number
            assert not refusal.value.reason.startswith("["), recording.number
        read += 1
    assert read > 560


@pytest.mark.parametrize(
    ("number", "kind", "says"),
    [
        (95, NotFound, r"Error getting virtual network \[9999\] \(no such object: one\.vn\.info, code 1024\)"),
        (
            230,
            WrongState,
            r"leases in use; some machine still has an address of it \(not in this state: one\.vn\.delete, code 2048\)",
        ),
        (
            49,
            OneError,
            r"NET 0; another object .* has that name.* \(refused: one\.vn\.allocate, code 8192\)",
        ),
        (
            127,
            OneError,
            r"NAME is already taken by IMAGE 0; .* \(cannot be allocated: one\.image\.allocate, code 16384\)",
        ),
        (467, OneError, r"limit of 1 reached .* \(not allowed: rights, quota.*code 512\)"),
        (2, OneError, r"couldn't be authenticated.*authentication failed.*code 256"),
        (28, OneError, r"fault: one\.nosuch\.method, code -506"),
    ],
)
def test_a_refusal_says_what_and_why_in_words(address: str, number: int, kind: type[OneError], says: str) -> None:
    with pytest.raises(kind, match=says):
        replay(address, number)


def test_the_states_of_machines_have_their_names() -> None:
    assert str(VmState.of(document(202))) == "ACTIVE/RUNNING"
    assert str(VmState.of(document(201))) == "PENDING"
    assert VmState.of(document(375)).is_done
    failed = document(420)
    assert (str(VmState.of(failed)), VmState.of(failed).failed) == ("ACTIVE/BOOT_FAILURE", True)
    assert "DEPLOY: dummyhost1:vm-fail:dummy" in reason(failed)
    assert reason(document(519)) == "Wrong or empty IP attribute"
    assert reason(document(523)).startswith("Error copying image in the datastore: Not allowed to copy")


# Inputs as a program would have written them for what was really sent, and the answer to look at afterwards.
NO_DRIFT: list[tuple[str, int, Properties]] = [
    (
        "VirtualNetwork",
        48,
        {
            "name": "net1",
            "description": "first net",
            "vnMad": "dummy",
            "bridge": "br0",
            "networkAddress": "10.10.0.0",
            "networkMask": "255.255.255.0",
            "gateway": "10.10.0.1",
            "dns": "10.10.0.1 8.8.8.8",
            "addressRanges": [{"type": "IP4", "ip4": "10.10.0.10", "size": 20}],
        },
    ),
    (
        "VirtualNetwork",
        198,
        {
            "name": "net1",
            "description": "changed",
            "vnMad": "ovswitch",
            "networkAddress": "10.10.0.0",
            "networkMask": "255.255.255.0",
            "gateway": "10.10.0.1",
            "dns": "10.10.0.1 8.8.8.8",
            "tags": {"owner_tag": "iac"},
            "addressRanges": [
                {"type": "IP4", "ip4": "10.10.0.12", "size": 5, "mac": "02:00:0a:0a:00:0c"},
                {"type": "IP4", "ip4": "10.10.0.10", "size": 20},
            ],
        },
    ),
    (
        "SecurityGroup",
        99,
        {
            "name": "sg1",
            "description": "d",
            "rules": [
                {"protocol": "TCP", "ruleType": "INBOUND", "range": "22,80:90"},
                {"protocol": "ALL", "ruleType": "OUTBOUND"},
            ],
        },
    ),
    (
        "SecurityGroup",
        112,
        {
            "name": "sg1",
            "description": "d2",
            "tags": {"TAG": "x"},
            "rules": [{"protocol": "UDP", "ruleType": "INBOUND", "range": "53"}],
        },
    ),
    (
        "Image",
        120,
        {
            "name": "img1",
            "description": "x",
            "datastoreId": 1,
            "path": "/srv/one/images/small.raw",
            "devPrefix": "vd",
            "persistent": False,
        },
    ),
    ("Image", 124, {"name": "data1", "datastoreId": 1, "size": 64, "format": "raw", "persistent": True}),
    (
        "Image",
        126,
        {
            "name": "imgdummy",
            "datastoreId": 100,
            "path": "http://127.0.0.1:1/x.img",
            "type": "OS",
            "persistent": False,
        },
    ),
    (
        "VirtualMachine",
        202,
        {
            "name": "vm-sched",
            "cpu": 0.1,
            "vcpu": 1,
            "memory": 64,
            "disks": [{"imageId": 0}],
            "nics": [{"networkId": 0}],
            "context": {
                "NETWORK": "YES",
                "SSH_PUBLIC_KEY": "ssh-ed25519 AAAAC3 test@h",
                "SET_HOSTNAME": "$NAME",
                "START_SCRIPT_BASE64": "IyEvYmluL2Jhc2gKZWNobyBoaQo=",
            },
            "tags": {"IAC_TAG": "t1"},
        },
    ),
    (
        "VirtualMachine",
        262,
        {
            "name": "vm-hold",
            "cpu": 0.2,
            "vcpu": 2,
            "memory": 128,
            "disks": [{"imageId": 0, "size": 64}],
            "nics": [{"networkId": 0, "ip": "10.10.0.20"}, {"networkId": 0, "ip": "10.10.0.15"}],
            "context": {"NETWORK": "YES", "FOO": "bar"},
            "tags": {"ONLY": "this"},
        },
    ),
    (
        "VirtualMachine",
        224,
        {
            "name": "vm-vol",
            "cpu": 0.1,
            "memory": 64,
            "disks": [{"type": "fs", "format": "raw", "size": 16}, {"type": "swap", "size": 8}],
        },
    ),
    (
        "VirtualMachine",
        303,
        {
            "name": "vmsg",
            "cpu": 0.1,
            "memory": 64,
            "nics": [{"networkId": 0, "securityGroups": [100, 0]}],
        },
    ),
    (
        "VirtualMachine",
        317,
        {
            "name": "inst1",
            "templateId": 0,
            "memory": 96,
            "nics": [{"networkId": 0, "ip": "10.10.0.27"}],
            "tags": {"IAC_TAG": "x"},
        },
    ),
    ("VirtualMachine", 443, {"name": "vm-unsched", "cpu": 0.1, "memory": 64, "schedRequirements": 'NAME="nohost"'}),
]


class Recorded(Client):
    """A connection to nothing but one recorded document."""

    def __init__(self, number: int) -> None:
        super().__init__("http://127.0.0.1:1/RPC2", "oneadmin", "password")
        self.number = number

    def info(self, kind: str, id: int) -> Document:
        return document(self.number)


def refresh(kind: str, number: int, inputs: Properties) -> tuple[Properties, Properties]:
    """The inputs with their defaults, and what a refresh makes of them."""
    provider = OpenNebula()
    token = f"opennebula:index:{kind}"
    resource = provider.resources[token]
    cloud: Cloud = resource.cloud  # type: ignore[attr-defined]
    cloud.connect(Recorded(number), "0", "")
    complete, failures = provider.schema.check(inputs, provider.schema.resource_inputs(token)) if inputs else ({}, [])
    assert failures == []
    operation = Operation(f"urn:pulumi:dev::test::{token}::x", lambda *_: None, Cancellation())
    found = resource.read(operation, str(document(number).id), complete, complete)
    assert found is not None
    return complete, found.inputs


def drift(kind: str, number: int, inputs: Properties) -> set[str]:
    complete, live = refresh(kind, number, inputs)
    schema = OpenNebula().schema
    return set(diff(complete, live, schema.resource_inputs(f"opennebula:index:{kind}"), schema, ()))


@pytest.mark.parametrize(("kind", "number", "inputs"), NO_DRIFT)
def test_what_oned_adds_by_itself_is_no_drift(kind: str, number: int, inputs: Properties) -> None:
    assert drift(kind, number, inputs) == set()


@pytest.mark.parametrize(
    ("kind", "number", "changed", "paths"),
    [
        ("VirtualNetwork", 48, {"gateway": "10.10.0.2"}, {"gateway"}),
        ("VirtualNetwork", 48, {"description": None}, {"description"}),
        (
            "VirtualNetwork",
            48,
            {"addressRanges": [{"type": "IP4", "ip4": "10.10.0.10", "size": 21}]},
            {"addressRanges[0].size"},
        ),
        ("VirtualNetwork", 48, {"addressRanges": []}, {"addressRanges[0]"}),
        ("SecurityGroup", 99, {"rules": [{"protocol": "ALL", "ruleType": "OUTBOUND"}]}, {"rules[1]"}),
        ("Image", 124, {"persistent": False}, {"persistent"}),
        ("VirtualMachine", 202, {"memory": 128}, {"memory"}),
        ("VirtualMachine", 202, {"nics": []}, {"nics[0]"}),
        ("VirtualMachine", 202, {"nics": [{"networkId": 0}, {"networkId": 0}]}, {"nics[1]"}),
        ("VirtualMachine", 202, {"nics": [{"networkId": 0, "ip": "10.10.0.11"}]}, {"nics[0].ip"}),
        ("VirtualMachine", 202, {"context": {"NETWORK": "YES", "SSH_PUBLIC_KEY": "other"}}, {"context.SSH_PUBLIC_KEY"}),
        ("VirtualMachine", 202, {"tags": {"IAC_TAG": "t2"}}, {"tags.IAC_TAG"}),
        ("VirtualMachine", 202, {"tags": {"GONE": "x"}}, {"tags.GONE"}),
    ],
)
def test_what_somebody_changed_is_drift_at_its_path(
    kind: str, number: int, changed: Properties, paths: set[str]
) -> None:
    inputs = next(inputs for other, found, inputs in NO_DRIFT if (other, found) == (kind, number))
    wanted = {name: value for name, value in {**inputs, **changed}.items() if value is not None}
    assert drift(kind, number, wanted) == paths


@pytest.mark.parametrize(("kind", "number"), [(kind, number) for kind, number, _ in NO_DRIFT])
def test_what_an_import_reads_is_accepted_as_inputs_and_shows_no_drift(kind: str, number: int) -> None:
    _, imported = refresh(kind, number, {})
    assert drift(kind, number, imported) == set()
    provider, token = OpenNebula(), f"opennebula:index:{kind}"
    operation = Operation(f"urn:pulumi:dev::test::{token}::x", lambda *_: None, Cancellation())
    failures = [failure.reason for failure in provider.resources[token].check(operation, {}, imported)[1]]
    # The recorded network 0 really leases some addresses twice.
    assert [reason for reason in failures if "leased twice" not in reason] == []


def test_a_terminated_machine_is_gone_though_oned_answers_for_it() -> None:
    provider = OpenNebula()
    resource = provider.resources["opennebula:index:VirtualMachine"]
    resource.cloud.connect(Recorded(375), "0", "")  # type: ignore[attr-defined]
    operation = Operation("urn:pulumi:dev::test::opennebula:index:VirtualMachine::x", lambda *_: None, Cancellation())
    assert resource.read(operation, "0", {"name": "vm-hold"}, {}) is None


def test_templates_are_rendered_as_the_recorded_calls_had_them() -> None:
    text = recordings()[188].arguments[0]
    attributes = [
        (match[1], dict(re.findall(r'(\w+)="((?:\\"|[^"])*)"', match[2])) if match[2][0] == "[" else match[2][1:-1])
        for match in re.finditer(r'^(\w+)=(".*?"|\[.*?\])$', text, re.MULTILINE)
    ]
    assert len(attributes) == 9
    assert render(attributes) == text.strip()
