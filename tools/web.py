"""Asking the web, briefly: most of the machines that this runs on reach little of it."""

import urllib.error
import urllib.request
from collections.abc import Iterator

PATIENCE = 4
"""Seconds to wait for an answer."""


def get(url: str) -> bytes | None:
    """What lies at a URL, or None if it cannot be had within seconds. Proxies are honoured."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 - https URLs of our own
            content: bytes = answer.read()
            return content
    except OSError:
        return None


def reachable(url: str) -> bool:
    """Whether anything answers there within seconds, be it that it wants a login."""
    try:
        urllib.request.urlopen(url, timeout=PATIENCE).close()  # noqa: S310 - https URLs of our own
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def chunks(url: str) -> Iterator[bytes]:
    """What lies at a URL, 1 MiB at a time. Raises OSError if the connection fails or stalls."""
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - https URLs of our own
        while chunk := answer.read(1 << 20):
            yield chunk
