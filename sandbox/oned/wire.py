"""XML-RPC as oned's library (Xmlrpc-c) speaks it: what comes in, byte for byte what goes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias
from xml.etree import ElementTree
from xml.parsers import expat
from xml.sax.saxutils import escape

from sandbox.oned.errors import Fault

Value: TypeAlias = "bool | int | str | list[Value] | Other"


@dataclass(frozen=True)
class Other:
    """A value of a type that no method of oned takes, such as <i8> or <double>."""

    tag: str


def parse_call(body: bytes) -> tuple[str, list[Value]]:
    """Method and parameters of a request; raises Fault -503 when it is not one."""
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 (loopback only; expat bounds entity expansion)
    except ElementTree.ParseError as error:
        reason = expat.ErrorString(error.code)
        raise _not_a_call(
            f"Call is not valid XML.  Invalid XML \"content\".  Problem with token at '...': {reason}"
        ) from error
    name = root.findtext("methodName")
    if root.tag != "methodCall" or not name:
        raise _not_a_call("There is no <methodCall> with a <methodName>")
    return name.strip(), [_value(element) for element in root.iterfind("params/param/value")]


def success(value: int | str) -> bytes:
    """`[true, value, 0]`."""
    return _response(_array("<boolean>1</boolean>", _scalar(value), "<i4>0</i4>"))


def failure(message: str, code: int, object_id: int) -> bytes:
    """`[false, message, code, object id or -1, -1]`; the last one is an <i8>."""
    return _response(_array("<boolean>0</boolean>", _scalar(message), _scalar(code), _scalar(object_id), "<i8>-1</i8>"))


def fault(code: int, message: str) -> bytes:
    """An XML-RPC fault. It goes out with HTTP status 200 like any answer."""
    return _document(
        "<fault>",
        "<value><struct>",
        "<member><name>faultCode</name>",
        f"<value>{_scalar(code)}</value></member>",
        "<member><name>faultString</name>",
        f"<value>{_scalar(message)}</value></member>",
        "</struct></value>",
        "</fault>",
    )


def _value(element: ElementTree.Element) -> Value:
    if len(element) == 0:
        return element.text or ""
    typed = element[0]
    text = typed.text or ""
    try:
        match typed.tag:
            case "string":
                return text
            case "int" | "i4":
                return int(text)
            case "boolean":
                return bool(int(text))
            case "array":
                return [_value(item) for item in typed.iterfind("data/value")]
            case tag:
                return Other(tag)
    except ValueError as error:
        raise _not_a_call(f"Invalid value {text!r} in <{typed.tag}>") from error


def _not_a_call(reason: str) -> Fault:
    return Fault(-503, f"Call XML not a proper XML-RPC call.  {reason}")


def _scalar(value: int | str) -> str:
    return f"<i4>{value}</i4>" if isinstance(value, int) else f"<string>{escape(value)}</string>"


def _array(*items: str) -> list[str]:
    return ["<array><data>", *(f"<value>{item}</value>" for item in items), "</data></array>"]


def _response(array: list[str]) -> bytes:
    first, *middle, last = array
    return _document("<params>", f"<param><value>{first}", *middle, f"{last}</value></param>", "</params>")


def _document(*lines: str) -> bytes:
    document = ['<?xml version="1.0" encoding="UTF-8"?>', "<methodResponse>", *lines, "</methodResponse>", ""]
    return "\r\n".join(document).encode()
