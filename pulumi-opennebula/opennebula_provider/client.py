"""Calls to oned's XML-RPC interface: transport, retries, and errors that say what to do.

pyone's own transport knows no time-outs, and its objects drop what its XML schema does not name; so the calls are made
here, and pyone's part is the names of states.
"""

from __future__ import annotations

import random
import threading
import time
import xmlrpc.client
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from xml.parsers.expat import ExpatError

import requests
from pulumi_provider_kit import UserError

from .document import Document

CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 120.0  # oned looks at the whole file of an image before it answers `image.allocate`
ATTEMPTS = 6
_FIRST_BACKOFF = 0.25

_MEANINGS = {
    0x0100: "authentication failed",
    0x0200: "not allowed: rights, quota, lock or restricted attribute",
    0x0400: "no such object",
    0x0800: "not in this state",
    0x1000: "bad kind of update",
    0x2000: "refused",
    0x4000: "cannot be allocated",
}


# What a user can do about refusals that have more than one cause, by a part of oned's words.
_REMEDIES = {
    "Cannot get IP/MAC lease": "the address is taken or outside the network's address ranges, or no address is free",
    "is already taken": "another object of this user has that name: choose another name, or import the object",
    "leases in use": "some machine still has an address of it",
    "has VMs using it": "some machine still uses it",
    "Not enough space": "free some space, or choose another datastore",
    "quota": "ask the cloud's administrator for a larger quota",
    "Not authorized": "ask the cloud's administrator for the right, or the owner to permit it",
    "is locked": "unlock it with OpenNebula's own tools first",
}


class OneError(UserError):
    """OpenNebula refused a call.

    Attributes:
        method: the method called, such as `vm.allocate`.
        reason: oned's own words, without its prefix.
        code: oned's error code; a fault's code is negative.
    """

    def __init__(self, method: str, reason: str, code: int) -> None:
        self.method, self.code = method, code
        self.reason = reason.removeprefix(f"[one.{method}]").strip()
        meaning = _MEANINGS.get(code, "fault" if code < 0 else "error")
        remedy = "".join(f"; {remedy}" for words, remedy in _REMEDIES.items() if words in reason)
        super().__init__(f"{self.reason.rstrip('.')}{remedy} ({meaning}: one.{method}, code {code})")


class NotFound(OneError):
    """There is no such object."""


class WrongState(OneError):
    """The object is not in a state that allows the action, or is in use."""


class ConnectionFailed(UserError):
    """No answer from OpenNebula.

    Attributes:
        sent: whether the call may have been carried out all the same.
    """

    def __init__(self, message: str, sent: bool) -> None:
        self.sent = sent
        super().__init__(message)


class NoAnswerInTime(ConnectionFailed):
    """The call was sent, but its answer did not come in time; asking again at once would only add to the load."""


@dataclass
class Client:
    """One user's access to one OpenNebula; used from many threads at once.

    Args:
        endpoint: URL, usually ending in `/RPC2`.
        username: of OpenNebula.
        password: or a login token.
        ca_bundle: path of a PEM file; None for the system's authorities.
    """

    endpoint: str
    username: str
    password: str = field(repr=False)
    ca_bundle: str | None = None

    def __post_init__(self) -> None:
        self._threads = threading.local()
        loopback = (urlsplit(self.endpoint).hostname or "") in ("localhost", "127.0.0.1", "::1")
        self._proxies = {"http": None, "https": None, "all": None} if loopback else None

    def info(self, kind: str, id: int) -> Document:
        """The object of that kind: `vm`, `vn`, `secgroup`, `image`, `template`, ...

        Raises:
            NotFound: there is none.
        """
        return self.document(f"{kind}.info", id, False)

    def document(self, method: str, *arguments: Any) -> Document:
        """The XML answer of a method that only reads; retried while the connection fails."""
        answer = self.call(method, *arguments, again=True)
        try:
            return Document.parse(answer)
        except ValueError as error:
            raise UserError(f"OpenNebula's answer to one.{method} is unusable: {error}") from error

    def call(self, method: str, *arguments: Any, again: bool = False) -> Any:
        """Call a method and give its value.

        Args:
            method: such as `vm.allocate`.
            arguments: those after the session.
            again: whether it does no harm to carry it out twice. A call that never left is repeated in any case.

        Raises:
            OneError: OpenNebula refused.
            ConnectionFailed: no answer, after some attempts.
        """
        for attempt in range(ATTEMPTS):
            try:
                return self._attempt(method, arguments)
            except ConnectionFailed as error:
                harmless = not error.sent or (again and not isinstance(error, NoAnswerInTime))
                if attempt == ATTEMPTS - 1 or not harmless:
                    raise
                time.sleep(_FIRST_BACKOFF * 2**attempt * random.uniform(0.75, 1.25))  # noqa: S311
        raise AssertionError("unreachable")

    def call_once(self, method: str, *arguments: Any) -> Any:
        """Call a method without any second attempt, so that a wrong endpoint is told at once."""
        return self._attempt(method, arguments)

    def _attempt(self, method: str, arguments: tuple[Any, ...]) -> Any:
        body = xmlrpc.client.dumps((f"{self.username}:{self.password}", *arguments), f"one.{method}").encode()
        response = self._post(body)
        if response.status_code != 200:
            if response.status_code in (502, 503, 504):  # a proxy in front of oned; it may have passed the call on
                raise ConnectionFailed(self._http_problem(response), sent=True)
            raise UserError(self._http_problem(response))
        try:
            (answer,), _ = xmlrpc.client.loads(response.content)
        except xmlrpc.client.Fault as fault:
            raise OneError(method, fault.faultString, int(fault.faultCode)) from None
        except (ExpatError, xmlrpc.client.ResponseError, ValueError, TypeError, LookupError):
            raise UserError(self._not_xmlrpc(response)) from None
        if not isinstance(answer, list) or len(answer) < 3:
            raise UserError(self._not_xmlrpc(response))
        if answer[0]:
            return answer[1]
        kind = {0x0400: NotFound, 0x0800: WrongState}.get(answer[2], OneError)
        raise kind(method, str(answer[1]), int(answer[2]))

    def _post(self, body: bytes) -> requests.Response:
        session = getattr(self._threads, "session", None)
        if session is None:
            session = self._threads.session = requests.Session()
            session.auth = _no_authentication  # the session string is in the body; never one from ~/.netrc
        where = f"OpenNebula at {self.endpoint}"
        try:
            return session.post(
                self.endpoint,
                data=body,
                headers={"Content-Type": "text/xml"},
                timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
                verify=self.ca_bundle or True,
                proxies=self._proxies,  # type: ignore[arg-type]  # None says: no proxy, whatever the environment names
                allow_redirects=False,
            )
        except requests.exceptions.SSLError as error:
            raise UserError(
                f"{where}: its certificate is not accepted ({_cause(error)}); "
                "set opennebula:caBundle to a PEM file with the authority that signed it"
            ) from None
        except requests.exceptions.ConnectTimeout:
            raise ConnectionFailed(
                f"{where} does not answer within {CONNECT_TIMEOUT:g} s; check opennebula:endpoint, "
                "firewalls and proxies between here and there",
                sent=False,
            ) from None
        except requests.exceptions.ReadTimeout:
            raise NoAnswerInTime(f"{where} did not answer the call within {READ_TIMEOUT:g} s", sent=True) from None
        except requests.exceptions.ConnectionError as error:
            raise self._connection_failed(where, error) from None
        except (requests.exceptions.RequestException, OSError) as error:
            raise UserError(f"{where} cannot be called: {error}; check opennebula:endpoint and caBundle") from None

    def _connection_failed(self, where: str, error: requests.exceptions.ConnectionError) -> ConnectionFailed:
        cause = _cause(error)
        if "refused" in cause:
            remedy = "is the front end running, and are host and port of opennebula:endpoint right?"
        elif "resolve" in cause or "Name or service" in cause or "name resolution" in cause:
            remedy = "is the host of opennebula:endpoint spelled right?"
        else:
            return ConnectionFailed(f"{where} broke the connection off ({cause})", sent=True)
        return ConnectionFailed(f"{where} cannot be reached ({cause}); {remedy}", sent=False)

    def _http_problem(self, response: requests.Response) -> str:
        said = f"{response.status_code} {response.reason}".strip()
        if response.status_code == 404:
            return (
                f"OpenNebula at {self.endpoint}: {said}: there is no XML-RPC interface at this path; "
                "opennebula:endpoint usually ends in /RPC2, without a slash after it"
            )
        return f"OpenNebula at {self.endpoint} answers {said} instead of XML-RPC; check opennebula:endpoint and proxies"

    def _not_xmlrpc(self, response: requests.Response) -> str:
        kind = response.headers.get("Content-Type", "no content type")
        start = response.text.strip()[:60]
        return (
            f"OpenNebula at {self.endpoint} answers something other than XML-RPC ({kind}: {start!r}); "
            "opennebula:endpoint is the XML-RPC interface, such as http://frontend:2633/RPC2, not Sunstone's address"
        )


def _no_authentication(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _cause(error: BaseException) -> str:
    """The innermost reason, which is the one that says something."""
    reason: object = error
    while True:
        inner = getattr(reason, "reason", None) or (getattr(reason, "args", None) or [None])[-1]
        if not isinstance(inner, BaseException):
            break
        reason = inner
    text = getattr(reason, "strerror", None) or str(reason)
    return str(text).rsplit(": ", 1)[-1]
