"""Endpoints and credentials that are wrong, connections that break: each says what is wrong and what to do."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opennebula_provider import client as client_module
from opennebula_provider import configuration
from opennebula_provider.client import Client, ConnectionFailed, NoAnswerInTime, OneError
from pulumi_provider_kit import UNKNOWN, UserError


def response(*values: str) -> bytes:
    data = "".join(f"<value>{value}</value>" for value in values)
    head = '<?xml version="1.0"?><methodResponse><params><param><value><array><data>'
    return f"{head}{data}</data></array></value></param></params></methodResponse>".encode()


OK = response("<boolean>1</boolean>", "<string>7.4.0</string>", "<i4>0</i4>")
REFUSED = response(
    "<boolean>0</boolean>",
    "<string>[one.system.version] User couldn't be authenticated, aborting call.</string>",
    *("<i4>256</i4>", "<i4>-1</i4>", "<i8>-1</i8>"),
)

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer(self)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Broken connections are wanted here."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"{'https' if context else 'http'}://localhost:{server.server_address[1]}/RPC2"
        finally:
            server.shutdown()
            thread.join()


def body(content: bytes, status: int = 200, kind: str = "text/xml") -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def cut(handler: BaseHTTPRequestHandler) -> None:
    """The call was carried out, but its answer never arrives."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.connection.close()


def settings(endpoint: str, **more: Any) -> dict[str, Any]:
    return {"endpoint": endpoint, "username": "oneadmin", "password": "s3cret", **more}


def problem(endpoint: str, **more: Any) -> str:
    with pytest.raises(UserError) as error:
        configuration.connect(settings(endpoint, **more))
    assert endpoint in str(error.value)
    assert "s3cret" not in str(error.value)
    return str(error.value)


def unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_FIRST_BACKOFF", 0.001)
    for name in ("ONE_XMLRPC", "ONE_AUTH", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


def test_an_endpoint_where_nobody_listens() -> None:
    said = problem(f"http://127.0.0.1:{unused_port()}/RPC2")
    assert "Connection refused" in said
    assert "is the front end running" in said


def test_a_host_that_does_not_exist() -> None:
    assert "spelled right" in problem("http://no-such-host.invalid:2633/RPC2")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (body(b"", 404), "404 Not Found: there is no XML-RPC interface at this path; opennebula:endpoint usually ends"),
        (body(b"<html><title>Sunstone</title>", kind="text/html"), "not Sunstone's address"),
        (body(b"", 405), "405 Method Not Allowed instead of XML-RPC"),
        (body(b"", 302), "302 Found instead of XML-RPC"),
        (body(b"", 503), "503 Service Unavailable instead of XML-RPC"),
        (body(response("<boolean>1</boolean>")), "something other than XML-RPC"),
        (body(b"no such thing"), "something other than XML-RPC"),
        (body(OK[:-40]), "something other than XML-RPC"),
        (body(OK.replace(b"array", b"struct")), "something other than XML-RPC"),
        (body(REFUSED), "does not accept user 'oneadmin' with the password from opennebula:password"),
        (cut, "broke the connection off"),
    ],
)  # fmt: skip
def test_an_answer_that_is_none(answer: Answer, says: str) -> None:
    with serving(answer) as endpoint:
        assert says in problem(endpoint)


def test_a_certificate_that_nobody_vouches_for_and_one_that_the_bundle_does(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*new, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    with serving(body(OK), context) as endpoint:
        said = problem(endpoint)
        assert "certificate is not accepted" in said
        assert "opennebula:caBundle" in said
        assert configuration.connect(settings(endpoint, caBundle=str(certificate)))[1] == "7.4.0"


def test_a_lost_answer_is_asked_for_again_only_where_that_does_no_harm() -> None:
    calls: list[int] = []

    def lose_the_first(handler: BaseHTTPRequestHandler) -> None:
        calls.append(1)
        (cut if len(calls) == 1 else body(OK))(handler)

    with serving(lose_the_first) as endpoint:
        assert Client(endpoint, "oneadmin", "x").call("system.version", again=True) == "7.4.0"
    assert len(calls) == 2
    calls.clear()
    with serving(lose_the_first) as endpoint, pytest.raises(ConnectionFailed) as lost:
        Client(endpoint, "oneadmin", "x").call("vm.allocate", "NAME=a", False)
    assert len(calls) == 1
    assert lost.value.sent


def test_an_answer_that_takes_too_long_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    enough = threading.Event()

    def hold(handler: BaseHTTPRequestHandler) -> None:
        calls.append(1)
        enough.wait(10)

    monkeypatch.setattr(client_module, "READ_TIMEOUT", 0.2)
    with serving(hold) as endpoint:
        with pytest.raises(NoAnswerInTime, match=r"did not answer the call within 0\.2 s"):
            Client(endpoint, "oneadmin", "x").info("vm", 1)
        enough.set()
    assert len(calls) == 1


def test_a_connection_that_always_breaks_is_given_up_with_its_cause() -> None:
    with serving(cut) as endpoint, pytest.raises(ConnectionFailed, match="broke the connection off"):
        Client(endpoint, "oneadmin", "x").info("vm", 1)


def test_an_object_that_is_no_xml_is_told_with_its_method() -> None:
    broken = response("<boolean>1</boolean>", "<string>no XML</string>", "<i4>0</i4>")
    with serving(body(broken)) as endpoint, pytest.raises(UserError, match=r"answer to one\.vm\.info is unusable"):
        Client(endpoint, "oneadmin", "x").info("vm", 1)


def test_a_bundle_that_vanished_after_the_check_is_named() -> None:
    said = problem(f"https://127.0.0.1:{unused_port()}/RPC2", caBundle="/no/such.pem")
    assert "/no/such.pem" in said
    assert "caBundle" in said


def test_a_login_that_is_refused_for_another_reason_is_told_with_that() -> None:
    locked = REFUSED.replace(b"User couldn't be authenticated, aborting call.", b"User is locked").replace(
        b"256", b"512"
    )
    with serving(body(locked)) as endpoint, pytest.raises(OneError, match=r"User is locked; unlock it .*code 512"):
        configuration.connect(settings(endpoint))


def test_a_call_that_never_left_is_repeated_whatever_it_is() -> None:
    port, asked = unused_port(), threading.Event()

    def start_late() -> None:
        asked.wait(5)
        server = ThreadingHTTPServer(("127.0.0.1", port), type("Late", (Replying,), {}))
        server.handle_request()
        server.server_close()

    class Replying(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body(OK)(self)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    class Watched(Client):
        def _attempt(self, method: str, arguments: tuple[Any, ...]) -> Any:
            try:
                return super()._attempt(method, arguments)
            except ConnectionFailed:
                asked.set()
                late.join(0.2)
                raise

    late = threading.Thread(target=start_late)
    late.start()
    client = Watched(f"http://127.0.0.1:{port}/RPC2", "oneadmin", "x")
    assert client.call("vm.allocate", "NAME=a", False) == "7.4.0"
    late.join()


@pytest.mark.parametrize(
    ("config", "path", "says"),
    [
        ({}, "endpoint", "ONE_XMLRPC"),
        ({"endpoint": "frontend:2633"}, "endpoint", "must be an http or https address, not 'frontend:2633'"),
        ({"endpoint": "ftp://frontend"}, "endpoint", "ftp"),
        ({"endpoint": "http://oneadmin:s3cret@frontend:2633/RPC2"}, "endpoint", "must not hold credentials"),
        ({"endpoint": "http://f/RPC2", "password": None}, "username", "opennebula:password is missing"),
        ({"endpoint": "http://f/RPC2", "username": None}, "username", "opennebula:username is missing"),
        ({"endpoint": "http://f/RPC2", "caBundle": "/no/such.pem"}, "caBundle", "/no/such.pem"),
    ],
)
def test_settings_that_cannot_be_right_are_named(config: dict[str, Any], path: str, says: str) -> None:
    given = {key: value for key, value in {**settings(""), **config}.items() if value}
    (failure,) = configuration.check(given)
    assert failure.property == path
    assert says in failure.reason
    assert "s3cret" not in failure.reason


def test_settings_that_are_not_known_yet_are_not_checked() -> None:
    assert configuration.check({"endpoint": UNKNOWN}) == []


def test_endpoint_and_credentials_come_from_opennebulas_own_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = tmp_path / "one_auth"
    auth.write_text("alice:pass:word\n")
    monkeypatch.setenv("ONE_AUTH", str(auth))
    with serving(body(OK)) as endpoint:
        monkeypatch.setenv("ONE_XMLRPC", endpoint)
        assert configuration.check({}) == []
        client, _ = configuration.connect({})
    assert (client.endpoint, client.username, client.password) == (endpoint, "alice", "pass:word")


@pytest.mark.parametrize(
    ("text", "says"), [(None, "cannot be read|nor can"), ("", "must hold one line"), ("alice", "must hold one line")]
)
def test_an_auth_file_that_is_unusable_is_named(tmp_path: Path, text: str | None, says: str) -> None:
    auth = tmp_path / "one_auth"
    if text is not None:
        auth.write_text(text)
    (failure,) = configuration.check({"endpoint": "http://f/RPC2", "authFile": str(auth)})
    assert str(auth) in failure.reason
    assert any(part in failure.reason for part in says.split("|"))


def test_the_password_is_not_in_the_clients_text() -> None:
    assert "s3cret" not in repr(Client("http://f/RPC2", "oneadmin", "s3cret"))


@pytest.mark.parametrize("version", ["6.6.3", "5.12", "6.7.99"])
def test_a_version_before_the_oldest_supported_one_is_too_old(version: str) -> None:
    assert configuration.too_old(version)


@pytest.mark.parametrize("version", ["7.4.0", "6.8.0", "6.10.1", "edge"])
def test_any_other_version_is_not(version: str) -> None:
    assert not configuration.too_old(version)
