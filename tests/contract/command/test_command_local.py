"""local.Command and local.run behave as the official plugin's."""

import os
import re
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2
from pulumi_provider_kit import UNKNOWN, Archive, Asset, Properties, Secret
from pulumi_provider_kit.codec import decode, encode

from tests.contract.plugin_process import Engine, Plugin, failing, until, urn

COMMAND = "command:local:Command"


def create(plugin: Plugin, name: str = "c", **inputs: Any) -> Properties:
    return decode(plugin.create(COMMAND, name, inputs).properties)


def update(plugin: Plugin, old: Mapping[str, Any], *, preview: bool = False, **inputs: Any) -> Properties:
    request = provider_pb2.UpdateRequest(
        urn=urn(COMMAND, "c"), id="c1", olds=encode(old), news=encode(inputs), preview=preview
    )
    return decode(plugin.client.Update(request).properties)


def delete(plugin: Plugin, **state: Any) -> None:
    plugin.client.Delete(provider_pb2.DeleteRequest(urn=urn(COMMAND, "c"), id="c1", properties=encode(state)))


def test_the_id_is_the_name_and_eight_hex_digits(plugin: Plugin) -> None:
    assert re.fullmatch(r"build[0-9a-f]{8}", plugin.create(COMMAND, "build", {"create": "true"}).id)


def test_outputs_are_the_inputs_and_both_streams(plugin: Plugin) -> None:
    outputs = create(plugin, create="echo out; echo err >&2", triggers=[1, {"a": "b"}])
    assert outputs == {
        "create": "echo out; echo err >&2",
        "triggers": [1, {"a": "b"}],
        "stdout": "out",
        "stderr": "err",
    }


@pytest.mark.parametrize(("printed", "kept"), [("a\n\n", "a\n"), ("a", "a"), ("", ""), ("\n", ""), ("ä€🌸\n", "ä€🌸")])
def test_one_trailing_newline_is_trimmed(plugin: Plugin, printed: str, kept: str) -> None:
    assert create(plugin, create="cat", stdin=printed)["stdout"] == kept


def test_without_commands_nothing_runs(plugin: Plugin) -> None:
    outputs = create(plugin)
    assert outputs == {"stdout": "", "stderr": ""}
    delete(plugin, **outputs)


def test_the_shell_is_sh_and_the_folder_the_projects(plugin: Plugin) -> None:
    folder = Path(f"/proc/{plugin.process.pid}/cwd").readlink()
    assert create(plugin, create='echo "$0 $PWD"')["stdout"] == f"/bin/sh {folder}"


def test_another_interpreter_gets_the_command_as_last_argument(plugin: Plugin) -> None:
    outputs = create(plugin, create="print(1 + 1)", interpreter=["python3", "-c"])
    assert outputs["stdout"] == "2"


def test_a_folder_can_be_chosen(plugin: Plugin, tmp_path: Path) -> None:
    assert create(plugin, create="pwd", dir=str(tmp_path))["stdout"] == str(tmp_path)


def test_variables_add_to_those_of_the_plugin(plugin: Plugin) -> None:
    outputs = create(plugin, create='echo "$GREETING"; test -n "$PATH"', environment={"GREETING": "it's $HOME"})
    assert outputs["stdout"] == "it's $HOME"


def test_a_secret_input_stays_secret_in_the_outputs_and_streams_do_not(plugin: Plugin) -> None:
    outputs = create(plugin, create="echo x", environment=Secret({"TOKEN": "t"}))
    assert outputs["environment"] == Secret({"TOKEN": "t"})
    assert outputs["stdout"] == "x"


def test_update_runs_update(plugin: Plugin) -> None:
    assert update(plugin, {"stdout": "old"}, create="echo c", update="echo u")["stdout"] == "u"


def test_update_without_update_runs_create(plugin: Plugin) -> None:
    assert update(plugin, {"stdout": "old"}, create="echo c")["stdout"] == "c"


def test_update_without_commands_keeps_the_old_outputs(plugin: Plugin) -> None:
    old = {"stdout": "old", "stderr": "olderr", "assets": {"a": Asset("h", path="a")}, "create": "x"}
    assert update(plugin, old, delete="true") == {
        "delete": "true",
        "stdout": "old",
        "stderr": "olderr",
        "assets": {"a": Asset("h", path="a")},
    }


PREVIOUS = 'echo "$PULUMI_COMMAND_STDOUT/$PULUMI_COMMAND_STDERR"'


def test_the_previous_output_is_in_the_environment(plugin: Plugin) -> None:
    assert update(plugin, {"stdout": "o\n1", "stderr": "e"}, create=PREVIOUS)["stdout"] == "o\n1/e"


def test_the_previous_output_is_not_there_if_unwanted(plugin: Plugin) -> None:
    outputs = update(plugin, {"stdout": "o", "stderr": "e"}, create=PREVIOUS, addPreviousOutputInEnv=False)
    assert outputs["stdout"] == "/"


def test_delete_runs_with_everything_as_in_the_state(plugin: Plugin, tmp_path: Path) -> None:
    environment = {"WHERE": str(tmp_path / "deleted")}
    delete(plugin, delete=f'{PREVIOUS} > "$WHERE"', environment=environment, stdout="out", stderr="err")
    assert (tmp_path / "deleted").read_text() == "out/err\n"


def test_a_failure_quotes_status_command_and_both_streams(plugin: Plugin) -> None:
    error = failing(lambda: create(plugin, create='echo out; echo "err" >&2; exit 3'))
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION  # which keeps no pending operation
    assert error.details() == 'exit status 3: running "echo out; echo \\"err\\" >&2; exit 3":\nout\nerr\n'


def test_a_failing_update_and_delete_fail_alike(plugin: Plugin) -> None:
    assert "exit status 4" in failing(lambda: update(plugin, {}, create="exit 4")).details()
    assert "exit status 5" in failing(lambda: delete(plugin, delete="exit 5")).details()


def test_what_cannot_be_started_is_named(plugin: Plugin) -> None:
    error = failing(lambda: create(plugin, create="x", interpreter=["no-such-program"]))
    assert "cannot run no-such-program" in error.details()
    assert "dir /nowhere is not a directory" in failing(lambda: create(plugin, create="x", dir="/nowhere")).details()


def test_previews_run_nothing_and_know_no_streams(plugin: Plugin, tmp_path: Path) -> None:
    answer = plugin.create(COMMAND, "c", {"create": f"touch {tmp_path}/ran", "stdin": UNKNOWN}, preview=True)
    outputs = decode(answer.properties)
    assert outputs["stdin"] is outputs["stdout"] is outputs["stderr"] is outputs["assets"] is UNKNOWN
    assert outputs["create"].startswith("touch")
    outputs = update(plugin, {"stdout": "old", "stderr": ""}, preview=True, create=f"touch {tmp_path}/ran")
    assert outputs["stdout"] is UNKNOWN
    assert not list(tmp_path.iterdir())


def diff(plugin: Plugin, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, str]:
    request = provider_pb2.DiffRequest(
        urn=urn(COMMAND, "c"), id="c1", old_inputs=encode(old), olds=encode(old), news=encode(new)
    )
    found = plugin.client.Diff(request).detailedDiff
    return {path: provider_pb2.PropertyDiff.Kind.Name(change.kind) for path, change in found.items()}


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ({"create": "a"}, {"create": "a"}, {}),
        ({"create": "a"}, {"create": "b"}, {"create": "UPDATE"}),
        ({"delete": "a"}, {"delete": "b"}, {"delete": "UPDATE"}),
        ({"triggers": [1, 2]}, {"triggers": [1, 3]}, {"triggers[1]": "UPDATE_REPLACE"}),
        ({"environment": {"A": "1"}}, {"environment": {"A": "2"}}, {"environment.A": "UPDATE"}),
    ],
)
def test_inputs_update_and_triggers_replace(
    plugin: Plugin, old: dict[str, Any], new: dict[str, Any], changes: dict[str, str]
) -> None:
    assert diff(plugin, old, new) == changes


def test_a_replacement_creates_first(plugin: Plugin) -> None:
    request = provider_pb2.DiffRequest(
        urn=urn(COMMAND, "c"), old_inputs=encode({"triggers": [1]}), news=encode({"triggers": [2]})
    )
    assert not plugin.client.Diff(request).deleteBeforeReplace


def test_refresh_echoes_the_state(plugin: Plugin) -> None:
    inputs, outputs = {"create": "a"}, {"create": "a", "stdout": "b", "stderr": ""}
    answer = plugin.client.Read(
        provider_pb2.ReadRequest(urn=urn(COMMAND, "c"), id="c1", inputs=encode(inputs), properties=encode(outputs))
    )
    assert (answer.id, decode(answer.inputs), decode(answer.properties)) == ("c1", inputs, outputs)


@pytest.mark.parametrize(
    ("logging", "shown"),
    [
        (None, {"out", "err"}),
        ("stdoutAndStderr", {"out", "err"}),
        ("stdout", {"out"}),
        ("stderr", {"err"}),
        ("none", set()),
    ],
)
def test_lines_are_shown_as_logging_says(plugin: Plugin, engine: Engine, logging: str | None, shown: set[str]) -> None:
    name = f"logging-{logging}"
    outputs = create(plugin, name, create="echo out; echo err >&2", logging=logging)
    assert set(engine.lines(name)) == shown
    assert (outputs["stdout"], outputs["stderr"]) == ("out", "err")


def test_lines_are_shown_while_the_command_runs(plugin: Plugin, engine: Engine, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    script = f"echo first; until [ -e {gate} ]; do sleep 0.05; done"
    running = threading.Thread(target=create, args=(plugin, "shown"), kwargs={"create": script})
    running.start()
    until(lambda: engine.lines("shown") == ["first"], "the first line is shown")
    gate.touch()
    running.join(10)
    assert not running.is_alive()


def test_asset_and_archive_paths_are_returned(plugin: Plugin, tmp_path: Path) -> None:
    script = "mkdir -p a/b; echo 1 > a/b/x.txt; echo 2 > a/secret.txt; echo 3 > top.txt"
    outputs = create(
        plugin, create=script, dir=str(tmp_path), assetPaths=["**.txt", "!**secret*"], archivePaths=["*.txt"]
    )
    assert set(outputs["assets"]) == {"a/b/x.txt", "top.txt"}
    asset = outputs["assets"]["a/b/x.txt"]
    assert asset.path == str(tmp_path / "a/b/x.txt")
    assert asset.hash == "4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865"  # sha256 of "1\n"
    assert isinstance(outputs["archive"], Archive)
    assert list(outputs["archive"].assets or ()) == ["top.txt"]


def test_mistakes_in_inputs_are_named(plugin: Plugin) -> None:
    news = {"crate": "x", "environment": {"A": 1}, "logging": "loud"}
    answer = plugin.client.Check(provider_pb2.CheckRequest(urn=urn(COMMAND, "c"), news=encode(news)))
    assert {failure.property: failure.reason for failure in answer.failures} == {
        "crate": "is no property here; did you mean create?",
        "environment.A": "must be a string, not 1",
        "logging": "must be one of stdout, stderr, stdoutAndStderr, none, not 'loud'",
    }


def run(plugin: Plugin, **arguments: Any) -> Properties:
    answer = plugin.client.Invoke(provider_pb2.InvokeRequest(tok="command:local:run", args=encode(arguments)))
    return decode(getattr(answer, "return"))


def test_the_function_runs_each_time(plugin: Plugin, tmp_path: Path) -> None:
    for count in (1, 2):
        result = run(plugin, command='echo x >> f; wc -l < f; echo "$A" >&2', dir=str(tmp_path), environment={"A": "b"})
        assert (result["stdout"].strip(), result["stderr"]) == (str(count), "b")
    assert "exit status 1" in failing(lambda: run(plugin, command="false")).details()


def test_configuring_says_that_this_is_the_stand_in(plugin: Plugin, engine: Engine) -> None:
    plugin.client.Configure(provider_pb2.ConfigureRequest())
    [line] = [log.message for log in engine.logs if "stands in for the official plugin" in log.message]
    assert "\n" not in line


PATIENT = """echo $$ > pid; sleep 60 & echo $! > child; trap 'echo asked > asked; exit 1' TERM; wait"""
STUBBORN = """echo $$ > pid; trap '' TERM; sleep 60 & echo $! > child; wait; sleep 60"""


@pytest.mark.parametrize("script", [PATIENT, STUBBORN], ids=["that ends when asked", "that must be killed"])
def test_cancelling_ends_the_command_with_all_it_started(own_plugin: Plugin, tmp_path: Path, script: str) -> None:
    errors: list[grpc.Call] = []
    running = threading.Thread(target=lambda: errors.append(failing(lambda: create(own_plugin, create=script))))
    running.start()
    until(lambda: _number(tmp_path / "child") > 0, "the command runs")
    own_plugin.process.send_signal(signal.SIGINT)  # as the terminal does
    own_plugin.client.Cancel(empty_pb2.Empty())
    running.join(20)
    assert errors[0].code() is grpc.StatusCode.CANCELLED
    assert (tmp_path / "asked").exists() == (script == PATIENT)
    for name in ("pid", "child"):
        until(lambda name=name: not _runs(_number(tmp_path / name)), f"{name} is gone")  # type: ignore[misc]


def test_custom_timeouts_end_the_command(plugin: Plugin) -> None:
    error = failing(lambda: plugin.create(COMMAND, "slow", {"create": "sleep 60"}, timeout=0.5))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert "customTimeouts" in error.details()


def _number(path: Path) -> int:
    text = path.read_text().strip() if path.exists() else ""
    return int(text or 0)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
