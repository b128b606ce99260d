"""remote.Command behaves as the official plugin's, against a real SSH server."""

import os
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import asyncssh
import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, provider_pb2
from pulumi_provider_kit import UNKNOWN, Properties, Secret
from pulumi_provider_kit.codec import decode, encode, plain

from tests.contract.command.conftest import PASSWORD, SshServer, start_plugin
from tests.contract.plugin_process import Engine, Plugin, failing, until, urn

COMMAND = "command:remote:Command"


def create(plugin: Plugin, connection: Mapping[str, Any], name: str = "c", **inputs: Any) -> Properties:
    inputs["connection"] = Secret(dict(connection))
    return decode(plugin.create(COMMAND, name, inputs).properties)


def refused(plugin: Plugin, connection: Mapping[str, Any], **inputs: Any) -> str:
    error = failing(lambda: create(plugin, connection, **{"create": "true", **inputs}))
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    return error.details() or ""


def checked_connection(plugin: Plugin, connection: Mapping[str, Any]) -> Any:
    news = encode({"connection": dict(connection)})
    return decode(plugin.client.Check(provider_pb2.CheckRequest(urn=urn(COMMAND, "c"), news=news)).inputs)["connection"]


def test_a_command_runs_there_and_its_streams_are_kept(plugin: Plugin, ssh: SshServer) -> None:
    outputs = create(plugin, ssh.connection(), create="echo out; cat >&2; echo $SSH_CONNECTION", stdin="err ä\n")
    assert outputs["stdout"].splitlines()[0] == "out"
    assert outputs["stderr"] == "err ä"


def test_the_connection_is_secret_in_the_outputs_and_streams_are_not(plugin: Plugin, ssh: SshServer) -> None:
    outputs = create(plugin, ssh.connection(), create="echo out")
    assert outputs["connection"] == Secret(ssh.connection())
    assert outputs["stdout"] == "out"


def test_connections_have_the_official_defaults_and_are_secret(plugin: Plugin) -> None:
    connection = checked_connection(plugin, {"host": "h", "proxy": {"host": "p"}})
    defaults = {"user": "root", "port": 22, "dialErrorLimit": 10, "perDialTimeout": 15}
    assert connection == Secret({"host": "h", **defaults, "proxy": {"host": "p", **defaults}})


def test_a_connection_without_host_is_refused(plugin: Plugin) -> None:
    news = encode({"connection": {"hots": "h"}})
    answer = plugin.client.Check(provider_pb2.CheckRequest(urn=urn(COMMAND, "c"), news=news))
    assert {failure.property for failure in answer.failures} == {"connection.host", "connection.hots"}


def test_a_failure_quotes_status_command_and_both_streams(plugin: Plugin, ssh: SshServer) -> None:
    message = refused(plugin, ssh.connection(), create='echo out; echo "err" >&2; exit 3')
    assert message.startswith('Process exited with status 3: running "echo out; echo \\"err\\" >&2; exit 3":\n')
    assert sorted(message.splitlines()[1:]) == ["err", "out"]


def test_a_command_ended_by_a_signal_is_a_failure(plugin: Plugin, ssh: SshServer) -> None:
    assert "Process exited with status 137 from signal KILL" in refused(plugin, ssh.connection(), create="kill -9 $$")


def test_large_output_arrives_whole(plugin: Plugin, ssh: SshServer) -> None:
    outputs = create(plugin, ssh.connection(), create="head -c 3000000 /dev/zero | tr '\\0' x", logging="none")
    assert outputs["stdout"] == "x" * 3_000_000


def test_variables_that_the_server_accepts_are_set(plugin: Plugin, ssh: SshServer) -> None:
    outputs = create(plugin, ssh.connection(), create='echo "$GREETING"', environment={"GREETING": "it's\n$HOME"})
    assert outputs["stdout"] == "it's\n$HOME"


def test_variables_that_the_server_refuses_fail_before_the_command_runs(
    plugin: Plugin, ssh: SshServer, tmp_path: Path
) -> None:
    message = refused(plugin, ssh.connection(), create=f"touch {tmp_path}/ran", environment={"TOKEN": "hunter2"})
    assert "TOKEN" in message
    assert "AcceptEnv" in message
    assert "hunter2" not in message
    assert not list(tmp_path.iterdir())


def test_the_previous_output_is_set_where_accepted_and_else_only_warned_about(
    plugin: Plugin, ssh: SshServer, engine: Engine
) -> None:
    inputs = {"connection": Secret(ssh.connection()), "update": 'echo "$PULUMI_COMMAND_STDOUT/$PULUMI_COMMAND_STDERR"'}
    request = provider_pb2.UpdateRequest(
        urn=urn(COMMAND, "previous"), id="c1", olds=encode({"stdout": "o", "stderr": "e"}), news=encode(inputs)
    )
    assert decode(plugin.client.Update(request).properties)["stdout"] == "o/"
    [warning] = [log for log in engine.logs if log.severity == engine_pb2.WARNING and "previous" in log.urn]
    assert "PULUMI_COMMAND_STDERR" in warning.message


def test_the_previous_output_is_not_sent_if_unwanted(plugin: Plugin, ssh: SshServer) -> None:
    inputs = {
        "connection": Secret(ssh.connection()),
        "create": 'echo "$PULUMI_COMMAND_STDOUT"',
        "addPreviousOutputInEnv": False,
    }
    request = provider_pb2.UpdateRequest(
        urn=urn(COMMAND, "c"), id="c1", olds=encode({"stdout": "o", "stderr": ""}), news=encode(inputs)
    )
    assert decode(plugin.client.Update(request).properties)["stdout"] == ""


def test_delete_runs_delete_there(plugin: Plugin, ssh: SshServer, tmp_path: Path) -> None:
    state = {"connection": Secret(ssh.connection()), "delete": f"touch {tmp_path}/deleted", "stdout": "", "stderr": ""}
    plugin.client.Delete(provider_pb2.DeleteRequest(urn=urn(COMMAND, "c"), id="c1", properties=encode(state)))
    assert (tmp_path / "deleted").exists()


def test_without_delete_no_machine_is_needed_to_delete(plugin: Plugin) -> None:
    state = encode({"connection": {"host": "192.0.2.1"}, "create": "true"})
    plugin.client.Delete(provider_pb2.DeleteRequest(urn=urn(COMMAND, "c"), id="c1", properties=state))


def test_previews_of_updates_know_no_streams(plugin: Plugin) -> None:
    request = provider_pb2.UpdateRequest(
        urn=urn(COMMAND, "c"),
        id="c1",
        olds=encode({"stdout": "o", "stderr": ""}),
        news=encode({"connection": UNKNOWN, "create": "x"}),
        preview=True,
    )
    outputs = decode(plugin.client.Update(request).properties)
    assert plain(outputs["connection"]) is outputs["stdout"] is outputs["stderr"] is UNKNOWN


# Connecting


def test_the_expected_host_key_is_accepted_and_another_is_refused_at_once(plugin: Plugin, ssh: SshServer) -> None:
    create(plugin, ssh.connection(), create="true")
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    message = refused(plugin, ssh.connection(hostKey=other, dialErrorLimit=-1))
    assert f"port {ssh.port} is not the expected {other}" in message


def test_without_host_key_any_is_accepted(plugin: Plugin, ssh: SshServer) -> None:
    connection = ssh.connection()
    del connection["hostKey"]
    assert create(plugin, connection, create="echo out")["stdout"] == "out"


@pytest.mark.parametrize("key", ["", "ssh-ed25519"], ids=["no key", "half a key"])
def test_a_host_key_that_is_none_is_refused_unless_empty(plugin: Plugin, ssh: SshServer, key: str) -> None:
    if key:
        assert "hostKey of" in refused(plugin, ssh.connection(hostKey=key))
    else:
        create(plugin, ssh.connection(hostKey=key), create="true")


def test_a_private_key_that_is_none_is_refused_without_being_shown(plugin: Plugin, ssh: SshServer) -> None:
    message = refused(plugin, ssh.connection(privateKey="hunter2"))
    assert "privateKey for" in message
    assert "hunter2" not in message


def test_an_encrypted_private_key_needs_its_password(plugin: Plugin, ssh: SshServer) -> None:
    encrypted = asyncssh.import_private_key(ssh.private_key).export_private_key(passphrase="p").decode()
    connection = ssh.connection(privateKey=encrypted)
    assert create(plugin, {**connection, "privateKeyPassword": "p"}, create="echo out")["stdout"] == "out"
    assert "privateKey for" in refused(plugin, connection)


def test_a_password_serves_where_there_is_no_key(plugin: Plugin, asyncssh_server: SshServer) -> None:
    connection = asyncssh_server.connection(password=PASSWORD)
    del connection["privateKey"]
    assert create(plugin, connection, create="echo out")["stdout"] == "out"
    assert "Permission denied" in refused(plugin, {**connection, "password": "wrong"})


def test_either_key_or_password_suffices(plugin: Plugin, asyncssh_server: SshServer) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    create(plugin, asyncssh_server.connection(password="wrong"), create="true")
    create(plugin, asyncssh_server.connection(password=PASSWORD, privateKey=other), create="true")
    message = refused(plugin, asyncssh_server.connection(password="wrong", privateKey=other))
    assert f"{asyncssh_server.user}@127.0.0.1 port {asyncssh_server.port}" in message


def test_a_key_needs_no_newline_at_its_end(plugin: Plugin, ssh: SshServer) -> None:
    create(plugin, ssh.connection(privateKey=ssh.private_key.strip()), create="true")


@pytest.mark.parametrize("named", [True, False], ids=["by agentSocketPath", "by SSH_AUTH_SOCK"])
def test_an_agents_key_serves_where_there_is_no_other(
    engine: Engine, ssh: SshServer, agent: str, tmp_path: Path, named: bool
) -> None:
    connection = ssh.connection(**({"agentSocketPath": agent} if named else {}))
    del connection["privateKey"]
    plugin = start_plugin(engine, tmp_path, "" if named else agent)
    try:
        assert create(plugin, connection, create="echo out")["stdout"] == "out"
    finally:
        plugin.stop()


@pytest.fixture
def agent(tmp_path: Path, keys: Path) -> Iterator[str]:
    path = str(tmp_path / "agent")
    process = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL)
    until(lambda: Path(path).exists(), "the agent listens")
    subprocess.run(["ssh-add", "-q", str(keys / "client")], env={**os.environ, "SSH_AUTH_SOCK": path}, check=True)
    yield path
    process.terminate()
    process.wait()


def test_a_machine_is_reached_through_the_proxy_alone(
    plugin: Plugin, ssh: SshServer, asyncssh_server: SshServer
) -> None:
    proxied = create(plugin, ssh.connection(proxy=asyncssh_server.connection()), create="echo out")
    assert proxied["stdout"] == "out"
    dead = asyncssh_server.connection(port=_closed_port())
    assert f"port {dead['port']}" in refused(plugin, ssh.connection(proxy=dead))


def test_the_proxys_host_key_is_verified_too(plugin: Plugin, ssh: SshServer, asyncssh_server: SshServer) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    proxy = asyncssh_server.connection(hostKey=other)
    assert f"port {asyncssh_server.port} is not the expected" in refused(plugin, ssh.connection(proxy=proxy))


def test_a_machine_that_is_not_there_through_the_proxy_is_named(plugin: Plugin, ssh: SshServer) -> None:
    port = _closed_port()
    message = refused(plugin, ssh.connection(port=port, proxy=ssh.connection()))
    assert f"port {port} through the proxy" in message


@pytest.mark.parametrize(("limit", "attempts"), [(0, 1), (2, 3)])
def test_connecting_is_tried_again_up_to_the_limit(
    plugin: Plugin, ssh: SshServer, engine: Engine, limit: int, attempts: int
) -> None:
    name = f"dial{limit}"
    connection = ssh.connection(port=_closed_port(), dialErrorLimit=limit)
    message = failing(lambda: create(plugin, connection, name, create="true")).details()
    assert f"after {limit} failed attempts" in (message or "")
    retries = [line for line in engine.lines(name) if "retrying" in line]
    assert len(retries) == attempts - 1


def test_without_limit_connecting_goes_on_until_the_machine_is_there(
    plugin: Plugin, ssh: SshServer, engine: Engine
) -> None:
    with socket.socket() as late:
        late.bind(("127.0.0.1", 0))  # refuses: nobody listens yet
        connection = ssh.connection(port=late.getsockname()[1], dialErrorLimit=-1)
        found: list[Properties] = []
        creating = threading.Thread(target=lambda: found.append(create(plugin, connection, "late", create="echo out")))
        creating.start()
        until(lambda: len(engine.lines("late")) >= 3, "it is tried a third time")
        late.listen()
        peer, _ = late.accept()
        forwarding = threading.Thread(target=_forward, args=(peer, ssh.port))
        forwarding.start()
        creating.join(20)
        forwarding.join(20)
    assert found[0]["stdout"] == "out"


def test_an_attempt_that_is_not_answered_ends_after_its_time(plugin: Plugin, ssh: SshServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connection = ssh.connection(port=silent.getsockname()[1], perDialTimeout=1)
        assert "no answer within 1 s" in refused(plugin, connection)


# Progress and interruption


def test_lines_are_shown_while_the_command_runs(plugin: Plugin, ssh: SshServer, engine: Engine, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    script = f"echo first; until [ -e {gate} ]; do sleep 0.05; done"
    running = threading.Thread(target=create, args=(plugin, ssh.connection(), "shown"), kwargs={"create": script})
    running.start()
    until(lambda: engine.lines("shown") == ["first"], "the first line is shown")
    gate.touch()
    running.join(10)
    assert not running.is_alive()


@pytest.mark.parametrize(
    ("logging", "shown"), [("stdout", {"out"}), ("stderr", {"err"}), ("none", set()), (None, {"out", "err"})]
)
def test_lines_are_shown_as_logging_says(
    plugin: Plugin, ssh: SshServer, engine: Engine, logging: str | None, shown: set[str]
) -> None:
    name = f"logging-{logging}"
    create(plugin, ssh.connection(), name, create="echo out; echo err >&2", logging=logging)
    assert set(engine.lines(name)) == shown


def test_cancelling_closes_the_connection_and_the_remote_process_goes_on(
    engine: Engine, ssh: SshServer, tmp_path: Path
) -> None:
    plugin = start_plugin(engine, tmp_path)
    try:
        script = f"cd {tmp_path}; touch began; until [ -e gate ]; do sleep 0.05; done; touch ended"
        errors: list[grpc.Call] = []
        running = threading.Thread(
            target=lambda: errors.append(failing(lambda: create(plugin, ssh.connection(), create=script)))
        )
        running.start()
        until((tmp_path / "began").exists, "the command runs")
        plugin.client.Cancel(empty_pb2.Empty())
        running.join(10)
        assert errors[0].code() is grpc.StatusCode.CANCELLED
    finally:
        plugin.stop()
    (tmp_path / "gate").touch()
    until((tmp_path / "ended").exists, "the remote process ends by itself")


def test_cancelling_ends_connecting(engine: Engine, ssh: SshServer, tmp_path: Path) -> None:
    plugin = start_plugin(engine, tmp_path)
    try:
        connection = ssh.connection(port=_closed_port(), dialErrorLimit=-1)
        errors: list[grpc.Call] = []
        running = threading.Thread(
            target=lambda: errors.append(failing(lambda: create(plugin, connection, "dialling", create="true")))
        )
        running.start()
        until(lambda: bool(engine.lines("dialling")), "it is tried")
        plugin.client.Cancel(empty_pb2.Empty())
        running.join(10)
        assert errors[0].code() is grpc.StatusCode.CANCELLED
    finally:
        plugin.stop()


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _forward(peer: socket.socket, port: int) -> None:
    """Carry bytes between a peer and a port until either ends."""
    with socket.create_connection(("127.0.0.1", port)) as server, peer:
        back = threading.Thread(target=_pump, args=(server, peer))
        back.start()
        _pump(peer, server)
        back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        target.close()
