"""A provider made with the kit, in its own process, answers as the engine's protocol wants."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, status_pb2
from pulumi_provider_kit import UNKNOWN, Secret
from pulumi_provider_kit.codec import decode, encode, plain

from tests.contract.plugin_process import Engine, Plugin, failing, until, urn

THING = "toy:index:Thing"
TOY = [sys.executable, str(Path(__file__).with_name("toy_provider.py"))]


@pytest.fixture
def engine() -> Iterator[Engine]:
    running = Engine()
    yield running
    running.stop()


@pytest.fixture
def plugin(tmp_path: Path, engine: Engine) -> Iterator[Plugin]:
    running = Plugin([*TOY, engine.address], {"TOY_CLOUD": str(tmp_path)})
    yield running
    running.stop()


def create(plugin: Plugin, *, preview: bool = False, timeout: float = 0, **inputs: Any) -> provider_pb2.CreateResponse:
    return plugin.create(THING, "a", inputs, preview=preview, timeout=timeout)


def test_the_first_line_is_the_port_on_loopback(plugin: Plugin) -> None:
    assert plugin.port.isdigit()
    handshake = plugin.client.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))
    assert (handshake.accept_secrets, handshake.accept_resources, handshake.accept_outputs) == (True, False, False)


def test_schema_and_version_are_told(plugin: Plugin) -> None:
    schema = json.loads(plugin.client.GetSchema(provider_pb2.GetSchemaRequest()).schema)
    assert (schema["name"], schema["version"]) == ("toy", "1.0.0")
    assert "toy:index:Thing" in schema["resources"]
    assert plugin.client.GetPluginInfo(empty_pb2.Empty()).version == "1.0.0"


def test_configuration_is_handed_over_typed_with_the_providers_id(plugin: Plugin, engine: Engine) -> None:
    arguments = {"region": Secret("eu"), "limits": "[1, 2]", "version": "1.0.0"}
    answer = plugin.client.Configure(provider_pb2.ConfigureRequest(id="p-1", args=encode(arguments)))
    assert (answer.acceptSecrets, answer.supportsPreview) == (True, True)
    id, _, config = engine.logs[-1].message.partition(" configured with ")
    assert (id, json.loads(config)) == ("p-1", {"region": "eu", "limits": [1, 2]})


def test_wrong_configuration_is_refused_by_name(plugin: Plugin) -> None:
    news = {"limits": "many", "regoin": "eu", "version": "1.0.0"}
    answer = plugin.client.CheckConfig(provider_pb2.CheckRequest(news=encode(news)))
    assert {failure.property: failure.reason for failure in answer.failures} == {
        "limits": "must be a list, not 'many'",
        "regoin": "is no property here; did you mean region?",
    }
    assert decode(answer.inputs)["version"] == "1.0.0"


def test_other_configuration_updates_the_provider_without_replacing(plugin: Plugin) -> None:
    answer = plugin.client.DiffConfig(
        provider_pb2.DiffRequest(old_inputs=encode({"region": "eu"}), news=encode({"region": "us"}))
    )
    assert list(answer.diffs) == ["region"]
    assert not answer.replaces


def test_check_reports_form_and_meaning_together(plugin: Plugin) -> None:
    news = {"size": 101, "ports": [{}], "pasword": "x"}
    answer = plugin.client.Check(provider_pb2.CheckRequest(urn=urn(THING, "a"), news=encode(news)))
    assert {failure.property for failure in answer.failures} == {"size", "ports[0].number", "pasword"}


def test_checked_inputs_have_defaults_and_secrets(plugin: Plugin) -> None:
    news = {"size": 1, "password": "p", "ports": [{"number": 1, "key": "k"}], "note": Secret("n")}
    answer = plugin.client.Check(provider_pb2.CheckRequest(urn=urn(THING, "a"), news=encode(news)))
    inputs = decode(answer.inputs)
    assert inputs["kind"] == "plain"
    assert inputs["password"] == Secret("p")
    assert inputs["note"] == Secret("n")
    assert inputs["ports"] == [{"number": 1, "key": Secret("k")}]


def test_a_diff_names_paths_and_replacements(plugin: Plugin) -> None:
    old = {"size": 1, "kind": "plain", "ports": [{"number": 1}], "note": "a"}
    new = {"size": 1, "kind": "fancy", "ports": [{"number": 2}], "note": "b"}
    answer = plugin.client.Diff(
        provider_pb2.DiffRequest(
            urn=urn(THING, "a"),
            id="a",
            old_inputs=encode(old),
            olds=encode(old),
            news=encode(new),
            ignoreChanges=["note"],
        )
    )
    kinds = {path: provider_pb2.PropertyDiff.Kind.Name(found.kind) for path, found in answer.detailedDiff.items()}
    assert kinds == {"kind": "UPDATE_REPLACE", "ports[0].number": "UPDATE"}
    assert list(answer.replaces) == ["kind"]
    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(answer.stables) == ["serial"]


def test_a_diff_of_equal_inputs_is_none(plugin: Plugin) -> None:
    same = encode({"size": 1})
    answer = plugin.client.Diff(provider_pb2.DiffRequest(urn=urn(THING, "a"), old_inputs=same, olds=same, news=same))
    assert answer.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_previews_say_unknown_for_what_only_creating_tells(plugin: Plugin, tmp_path: Path) -> None:
    outputs = decode(create(plugin, preview=True, size=1, note=UNKNOWN).properties)
    assert outputs["size"] == 1
    assert outputs["note"] is outputs["address"] is outputs["serial"] is UNKNOWN
    assert not list(tmp_path.iterdir())


def test_previews_of_updates_keep_stable_outputs_alone(plugin: Plugin) -> None:
    created = decode(create(plugin, size=1).properties)
    answer = plugin.client.Update(
        provider_pb2.UpdateRequest(
            urn=urn(THING, "a"), id="a", olds=encode(created), news=encode({"size": 2}), preview=True
        )
    )
    outputs = decode(answer.properties)
    assert (outputs["size"], outputs["serial"]) == (2, "a")
    assert outputs["address"] is UNKNOWN


def test_created_outputs_keep_secrets_and_integers(plugin: Plugin) -> None:
    answer = create(plugin, size=3, password=Secret("p"), note=Secret("n"))
    outputs = decode(answer.properties)
    assert answer.id == "a"
    assert outputs["size"] == 3
    assert (outputs["password"], outputs["note"], outputs["token"]) == (Secret("p"), Secret("n"), Secret("t"))


def test_update_sees_old_outputs_and_returns_the_new(plugin: Plugin) -> None:
    created = create(plugin, size=1)
    answer = plugin.client.Update(
        provider_pb2.UpdateRequest(
            urn=urn(THING, "a"),
            id="a",
            olds=created.properties,
            old_inputs=encode({"size": 1}),
            news=encode({"size": 2}),
        )
    )
    assert decode(answer.properties)["revision"] == 2


def test_read_returns_live_inputs_with_their_secrets(plugin: Plugin, tmp_path: Path) -> None:
    created = create(plugin, size=1, password=Secret("p"))
    (tmp_path / "a.json").write_text(json.dumps({"inputs": {"size": 9, "password": "p"}, "revision": 4}))
    answer = plugin.client.Read(
        provider_pb2.ReadRequest(
            urn=urn(THING, "a"),
            id="a",
            inputs=encode({"size": 1, "password": Secret("p")}),
            properties=created.properties,
        )
    )
    assert decode(answer.inputs) == {"size": 9, "password": Secret("p")}
    assert decode(answer.properties)["address"] == "10.0.0.4"
    assert decode(answer.properties)["token"] == Secret("t")


def test_an_imported_things_secrets_are_those_of_the_schema(plugin: Plugin) -> None:
    create(plugin, size=1, password="p", ports=[{"number": 1, "key": "k"}])
    answer = plugin.client.Read(provider_pb2.ReadRequest(urn=urn(THING, "a"), id="a"))
    for side in (answer.inputs, answer.properties):
        assert decode(side)["password"] == Secret("p")
        assert decode(side)["ports"] == [{"number": 1, "key": Secret("k")}]


def test_read_of_what_is_gone_is_empty(plugin: Plugin) -> None:
    assert plugin.client.Read(provider_pb2.ReadRequest(urn=urn(THING, "a"), id="a")) == provider_pb2.ReadResponse()


def test_delete_removes_and_may_be_repeated(plugin: Plugin, tmp_path: Path) -> None:
    created = create(plugin, size=1)
    for _ in range(2):
        plugin.client.Delete(provider_pb2.DeleteRequest(urn=urn(THING, "a"), id="a", properties=created.properties))
    assert not list(tmp_path.glob("*.json"))


def test_functions_check_their_arguments(plugin: Plugin) -> None:
    def invoke(**arguments: Any) -> provider_pb2.InvokeResponse:
        request = provider_pb2.InvokeRequest(tok="toy:index:count", args=encode(arguments))
        return cast(provider_pb2.InvokeResponse, plugin.client.Invoke(request))

    assert decode(getattr(invoke(atLeast=3), "return")) == {"count": 3}
    assert [failure.property for failure in invoke(atLeast="x").failures] == ["atLeast"]


ERRORS = [
    ({"fate": "refuse"}, grpc.StatusCode.FAILED_PRECONDITION, "a refused"),
    ({"fate": "hang", "timeout": 0.3}, grpc.StatusCode.DEADLINE_EXCEEDED, "waiting for a"),
    ({"fate": "crash"}, grpc.StatusCode.INTERNAL, "KeyError: 'a bug'"),
]


@pytest.mark.parametrize(("inputs", "code", "message"), ERRORS, ids=[str(row[1]) for row in ERRORS])
def test_failures_have_the_code_that_the_engine_understands(
    plugin: Plugin, inputs: dict[str, Any], code: grpc.StatusCode, message: str
) -> None:
    error = failing(lambda: create(plugin, size=1, **inputs))
    assert error.code() is code
    assert message in error.details()


def test_an_unknown_type_is_refused_by_name(plugin: Plugin) -> None:
    request = provider_pb2.CheckRequest(urn=urn("toy:index:Other", "a"))
    assert "toy 1.0.0 has no resource type toy:index:Other" in failing(lambda: plugin.client.Check(request)).details()


def test_a_half_made_thing_is_reported_with_its_state(plugin: Plugin) -> None:
    error = failing(lambda: create(plugin, size=1, fate="half", password=Secret("p")))
    details = dict(error.trailing_metadata() or ())["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(cast(bytes, details))
    partial = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(partial)
    assert (partial.id, list(partial.reasons)) == ("a", ["no address", "no route"])
    assert decode(partial.properties)["password"] == Secret("p")
    assert plain(decode(partial.properties))["serial"] == "a"


def test_progress_lines_are_ephemeral_and_messages_stay(plugin: Plugin, engine: Engine) -> None:
    create(plugin, size=1)
    assert [(log.message, log.ephemeral, log.urn) for log in engine.logs] == [
        ("creating", True, urn(THING, "a")),
        ("a is there", False, urn(THING, "a")),
    ]


def test_cancel_ends_what_is_under_way_and_is_welcome_at_any_time(plugin: Plugin, tmp_path: Path) -> None:
    failures: list[grpc.Call] = []
    creating = threading.Thread(target=lambda: failures.append(failing(lambda: create(plugin, size=1, fate="hang"))))
    creating.start()
    until((tmp_path / "hanging").exists, "creating hangs")
    for _ in range(2):
        plugin.client.Cancel(empty_pb2.Empty())
    creating.join(10)
    assert failures[0].code() is grpc.StatusCode.CANCELLED


def test_cancel_is_heard_however_many_things_are_waiting(plugin: Plugin, engine: Engine) -> None:
    count = 100
    inputs = encode({"size": 1, "fate": "hang"})
    waiting = [
        plugin.client.Create.future(provider_pb2.CreateRequest(urn=urn(THING, f"t{index}"), properties=inputs))
        for index in range(count)
    ]
    until(lambda: len({log.urn for log in engine.logs}) == count, "all are waiting")
    plugin.client.Cancel(empty_pb2.Empty(), timeout=10)
    errors = [cast(grpc.Call, call.exception(10)) for call in waiting]
    assert {error.code() for error in errors} == {grpc.StatusCode.CANCELLED}


def test_ctrl_c_before_cancel_does_not_end_the_plugin(plugin: Plugin, tmp_path: Path) -> None:
    failures: list[grpc.Call] = []
    creating = threading.Thread(target=lambda: failures.append(failing(lambda: create(plugin, size=1, fate="hang"))))
    creating.start()
    until((tmp_path / "hanging").exists, "creating hangs")
    plugin.process.send_signal(signal.SIGINT)
    plugin.client.GetPluginInfo(empty_pb2.Empty())
    assert creating.is_alive()
    plugin.client.Cancel(empty_pb2.Empty())
    creating.join(10)
    assert failures[0].code() is grpc.StatusCode.CANCELLED


@pytest.mark.parametrize("cancelled", [True, False], ids=["SIGINT after cancel", "SIGTERM"])
def test_the_plugin_ends_when_asked_to(plugin: Plugin, cancelled: bool) -> None:
    if cancelled:
        plugin.client.Cancel(empty_pb2.Empty())
    plugin.process.send_signal(signal.SIGINT if cancelled else signal.SIGTERM)
    assert plugin.process.wait(10) == 0


def test_the_plugin_ends_with_a_parent_that_died(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        ["/bin/sh", "-c", '"$@" & echo $!; wait', "sh", *TOY],
        env={**os.environ, "TOY_CLOUD": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.stdout.readline()  # the port: the plugin is up
    parent.kill()
    parent.wait()
    until(lambda: not Path(f"/proc/{child}").exists() or _is_zombie(child), "the plugin ends")


def test_an_engine_can_attach_to_a_running_plugin(tmp_path: Path, engine: Engine) -> None:
    running = Plugin(TOY, {"TOY_CLOUD": str(tmp_path)})
    try:
        running.client.Attach(plugin_pb2.PluginAttach(address=engine.address))
        create(running, size=1)
    finally:
        running.stop()
    assert "a is there" in [log.message for log in engine.logs]


def _is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
