"""XML-RPC: what is no call, and the bytes of answers."""

from __future__ import annotations

import xmlrpc.client

import pytest

from sandbox.oned import wire
from sandbox.oned.errors import Fault

NO_CALLS = [b"", b"hello", b"<methodCall><methodName>x", b"<other/>", b"<methodCall></methodCall>"]


@pytest.mark.parametrize("body", NO_CALLS)
def test_what_is_no_call_is_a_fault(body: bytes) -> None:
    with pytest.raises(Fault) as fault:
        wire.parse_call(body)
    assert fault.value.code == -503


def test_types_are_told_apart() -> None:
    body = """<methodCall><methodName>m</methodName><params>
        <param><value>plain</value></param><param><value><string>s &amp; t</string></value></param>
        <param><value><i4>-1</i4></value></param><param><value><boolean>1</boolean></value></param>
        <param><value><i8>5</i8></value></param>
        <param><value><array><data><value><int>2</int></value></data></array></value></param>
    </params></methodCall>"""
    method, parameters = wire.parse_call(body.encode())
    assert (method, parameters) == ("m", ["plain", "s & t", -1, True, wire.Other("i8"), [2]])


def test_clients_read_back_what_is_answered() -> None:
    text = "<A><![CDATA[ü < & ]]></A>"
    assert xmlrpc.client.loads(wire.success(text))[0] == ([True, text, 0],)
    assert xmlrpc.client.loads(wire.failure("[m] no.", 1024, 7))[0] == ([False, "[m] no.", 1024, 7, -1],)


def test_answer_is_as_long_as_the_recorded_one() -> None:
    assert len(wire.success(0)) == 251  # Content-length of recording 046: lines end in CR LF, the last one too
