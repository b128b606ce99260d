"""A recording of oned: the request as it was sent, the answer as it came, and how answers compare.

Of a document everything counts but what differs between any two clouds: times, random numbers, folders.
"""

from __future__ import annotations

import re
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

FOLDER = Path(__file__).parents[1] / "recordings"

# Elements of which only matters whether they are empty or 0, and why.
VARYING = {
    **dict.fromkeys(["REGTIME", "MODTIME", "STIME", "ETIME", "PSTIME", "PETIME", "RSTIME", "RETIME"], "a time"),
    **dict.fromkeys(["ESTIME", "EETIME", "TIME", "ERROR"], "a time, or beginning with one"),
    **dict.fromkeys(["UUID", "PASSWORD", "TOKEN_PASSWORD"], "random, or made of it"),
    **dict.fromkeys(["SOURCE", "BASE_PATH", "SAFE_DIRS"], "a folder of the machine"),
    **dict.fromkeys(["DEPLOY_ID"], "the driver's name of the VM"),
    **dict.fromkeys(["TOTAL_MB", "FREE_MB", "USED_MB", "FREE_DISK", "MAX_DISK", "USED_DISK"], "the machine's disk"),
}
# Elements that do not matter at all, and why.
IGNORED = {
    "LAST_POLL": "the dummy driver's invented monitoring",
    "MONITORING": "the dummy driver's invented monitoring",
    "REQ_ID": "a random number",
    "REQUEST_ID": "a random number",
    "PCI_DEVICES": "the dummy driver's invented hardware",
    "NUMA_NODES": "the dummy driver's invented hardware",
}
ETHER_MAC = "02:00:c1:54:5f:"  # of the recorded session's ETHER range, which oned drew at random
TIMESTAMP = re.compile(r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}")
LINE = re.compile(r"at line \d+")  # oned prints uninitialized memory there as often as not


@dataclass(frozen=True)
class Recording:
    """One request and its answer."""

    number: int
    name: str
    request: bytes
    response: bytes

    @property
    def method(self) -> str:
        """E.g. `one.vm.info`."""
        match = re.search(rb"<methodName>([\w.]+)", self.request)
        return match[1].decode() if match else ""

    @property
    def reads(self) -> bool:
        """Whether asking again changes nothing, so that one may ask until the answer is there."""
        return self.method.endswith((".info", ".infoextended", ".infoset"))


def load() -> list[Recording]:
    """All of them, in the order in which they were made."""
    recordings = []
    for path in sorted(FOLDER.glob("*.xml")):
        text = path.read_bytes()
        request, rest = text.split(b"\n<!-- RESPONSE", 1)
        response = rest.split(b"-->\n", 1)[1].split(b"\n\n<!-- DECODED")[0]
        recordings.append(
            Recording(
                int(path.name[:3]), path.stem[4:], request.split(b"-->\n", 1)[1].strip(), response.rstrip(b"\n\r")
            )
        )
    return recordings


def differences(expected: bytes, actual: bytes) -> list[str]:
    """What of the answer is not as recorded, one line each; empty when it is."""
    want, have = _decoded(expected), _decoded(actual)
    if len(want) != len(have):
        return [f"{want!r} became {have!r}"]
    found = []
    for left, right in zip(want, have, strict=True):
        if isinstance(left, str) and isinstance(right, str) and _is_document(left) and _is_document(right):
            found += _document_differences(ElementTree.fromstring(left), ElementTree.fromstring(right), "")
        elif _plain(left) != _plain(right):
            found.append(f"{left!r} became {right!r}")
    if not found and not any(map(_is_document, want)):
        # What holds no document is the same byte for byte.
        left, right = (LINE.sub("", body.decode()).strip() for body in (expected, actual))
        if left != right:
            found.append(f"{left!r} became {right!r}")
    return found


def _decoded(body: bytes) -> list[object]:
    try:
        (values,), _ = xmlrpc.client.loads(body)
    except xmlrpc.client.Fault as fault:
        return ["fault", fault.faultCode, fault.faultString]
    return values if isinstance(values, list) else [values]


def _is_document(value: object) -> bool:
    return isinstance(value, str) and value.startswith("<")


def _plain(value: object) -> object:
    return LINE.sub("at line", value) if isinstance(value, str) else value


def _document_differences(want: ElementTree.Element, have: ElementTree.Element, path: str) -> list[str]:
    number = want.findtext("ID")
    path = f"{path}/{want.tag}" + (f"[{number}]" if number else "")
    if want.tag in IGNORED and want.tag == have.tag:
        return []
    left, right = [child.tag for child in want], [child.tag for child in have]
    if want.tag != have.tag or left != right:
        missing, more = sorted(set(left) - set(right)), sorted(set(right) - set(left))
        return [f"{path}: {want.tag} with {len(left)} became {have.tag} with {len(right)}: -{missing} +{more}"]
    if not left and _text(want) != _text(have) and not _random_macs(want, have):
        return [f"{path}: {want.text!r} became {have.text!r}"]
    return [line for pair in zip(want, have, strict=True) for line in _document_differences(*pair, path)]


def _random_macs(want: ElementTree.Element, have: ElementTree.Element) -> bool:
    return (want.text or "").startswith(ETHER_MAC) and (have.text or "").startswith("02:00:")


def _text(element: ElementTree.Element) -> str:
    text = element.text or ""
    if element.tag == "ERROR":
        return TIMESTAMP.sub("", text)
    if element.tag in VARYING:
        return "something" if text not in ("", "0") else text
    return text
