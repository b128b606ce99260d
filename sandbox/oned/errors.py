"""How a call fails: oned's error codes, and the faults of the XML-RPC library below it."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """Third element of a failed answer."""

    AUTHENTICATION = 0x0100
    AUTHORIZATION = 0x0200
    NO_EXISTS = 0x0400
    ACTION = 0x0800
    XML_RPC_API = 0x1000
    INTERNAL = 0x2000
    ALLOCATE = 0x4000


class ApiError(Exception):
    """The call is refused: `[false, "[method] message", code, object id, -1]`.

    What the call wrote is undone, except with `keep`: oned writes as it goes, and a few traces of failed calls show
    (the next address of a range moves on).
    """

    def __init__(self, code: Code, message: str, object_id: int = -1, *, keep: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.object_id = object_id
        self.keep = keep


class Fault(Exception):
    """The call is no proper call (XML-RPC fault): -500 no parameters, -501 types, -503 not XML, -506 no such method."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
