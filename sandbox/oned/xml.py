"""The few shapes that oned's documents are made of. Text from users goes into CDATA, numbers and names do not."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape


def element(tag: str, text: object = "") -> str:
    """`<TAG>text</TAG>`, escaped; empty text gives `<TAG></TAG>`."""
    return f"<{tag}>{escape(str(text))}</{tag}>"


def cdata(tag: str, text: object = "") -> str:
    """`<TAG><![CDATA[text]]></TAG>`."""
    return f"<{tag}><![CDATA[{str(text).replace(']]>', ']]]]><![CDATA[>')}]]></{tag}>"


def group(tag: str, *parts: str) -> str:
    """`<TAG>` around elements."""
    return f"<{tag}>{''.join(parts)}</{tag}>"


def ids(tag: str, values: Iterable[int]) -> str:
    """`<TAG><ID>1</ID><ID>2</ID></TAG>`, in ascending order as oned's sets are."""
    return group(tag, *(element("ID", value) for value in sorted(values)))
