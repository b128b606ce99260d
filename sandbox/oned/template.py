"""oned's templates: attributes `NAME = value` and vectors `NAME = [ KEY = value, ... ]`, as text or as XML.

Names are upper-cased and may repeat; documents show them sorted by name, repeated ones in the order of their coming.
In a quoted value only the quote is escaped (`\\"`), newlines are kept; an unquoted value holds no space. `#` starts a
comment line. (recordings 054, 174, 215, 398, 487, 509-511)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias
from xml.etree import ElementTree

from pydantic import BaseModel, Field

from sandbox.oned.xml import cdata, group

Vector: TypeAlias = dict[str, str]


class TemplateError(ValueError):
    """The text is no template; the message is oned's."""


class Template(BaseModel):
    """Attributes in the order of their coming."""

    items: list[tuple[str, str | Vector]] = Field(default_factory=list)

    def text(self, name: str, default: str = "") -> str:
        """The first plain value of that name."""
        return next((value for key, value in self.items if key == name and isinstance(value, str)), default)

    def vector(self, name: str) -> Vector | None:
        """The first vector of that name; changing it changes the template."""
        return next(iter(self.vectors(name)), None)

    def vectors(self, name: str) -> list[Vector]:
        """All vectors of that name; changing one changes the template."""
        return [value for key, value in self.items if key == name and isinstance(value, dict)]

    def has(self, name: str) -> bool:
        """Whether there is an attribute of that name, plain or vector."""
        return any(key == name for key, _ in self.items)

    def add(self, name: str, value: str | Vector) -> None:
        """Add one more attribute of that name."""
        self.items.append((name, value))

    def set(self, name: str, *values: str | Vector) -> None:
        """Put these in the place of all attributes of that name."""
        self.remove(name)
        self.items.extend((name, value) for value in values)

    def remove(self, *names: str) -> None:
        """Remove all attributes of these names."""
        self.items = [(key, value) for key, value in self.items if key not in names]

    def take(self, name: str) -> str:
        """Remove that plain attribute and return it ("" when there is none)."""
        value = self.text(name)
        self.remove(name)
        return value

    def merge(self, other: Template) -> None:
        """Append mode of the update calls: names that `other` has lose their old values, vectors included."""
        self.remove(*{name for name, _ in other.items})
        self.items.extend(other.items)

    def xml(self, tag: str) -> str:
        """The document's element of that name."""
        return group(tag, *(_attribute(name, value) for name, value in sorted(self.items, key=lambda item: item[0])))


def parse(text: str) -> Template:
    """A template from the user's text or XML; raises TemplateError."""
    return _parse_xml(text) if text.lstrip().startswith("<") else _Parser(text).template()


def _attribute(name: str, value: str | Vector) -> str:
    if isinstance(value, str):
        return cdata(name, value)
    return group(name, *(cdata(key, value[key]) for key in sorted(value)))


def _parse_xml(text: str) -> Template:
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 (loopback only; expat bounds entity expansion)
    except ElementTree.ParseError as error:
        raise TemplateError(f"Error parsing XML template: {error}") from error
    return Template(
        items=[
            (item.tag.upper(), {key.tag.upper(): key.text or "" for key in item} if len(item) else item.text or "")
            for item in root
        ]
    )


class _Parser:
    """Recursive descent over the text; reports errors as bison's parser in oned does."""

    SPACE = re.compile(r"(?:\s+|#[^\n]*)*")
    BLANKS = re.compile(r"[ \t]*")
    NAME = re.compile(r"[A-Za-z0-9_.-]+")
    EQUAL = re.compile(r"=")
    OPEN = re.compile(r"\[")
    COMMA = re.compile(r",")
    CLOSE = re.compile(r"\]")
    QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
    PLAIN = re.compile(r"[^\s=,\[\]]+")
    LAST_TOKEN = re.compile(r"[A-Za-z0-9_.-]+$|.$", re.DOTALL)

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def template(self) -> Template:
        template = Template()
        self._skip(self.SPACE)
        while self.at < len(self.text):
            name = self._expect(self.NAME, "VARIABLE").upper()
            self._skip(self.BLANKS)
            self._expect(self.EQUAL, "EQUAL or EQUAL_EMPTY")
            self._skip(self.BLANKS)
            template.add(name, self._vector() if self._match(self.OPEN) else self._scalar())
            self._skip(self.SPACE)
        return template

    def _vector(self) -> Vector:
        vector: Vector = {}
        while True:
            self._skip(self.SPACE)
            key = self._expect(self.NAME, "CBRACKET or VARIABLE").upper()
            self._skip(self.BLANKS)
            self._expect(self.EQUAL, "EQUAL or EQUAL_EMPTY")
            self._skip(self.BLANKS)
            vector[key] = self._scalar()
            self._skip(self.SPACE)
            if self._match(self.CLOSE):
                return vector
            self._expect(self.COMMA, "COMMA or CBRACKET")

    def _scalar(self) -> str:
        if quoted := self._match(self.QUOTED):
            return quoted[1].replace('\\"', '"')
        if plain := self._match(self.PLAIN):
            return plain[0]
        return ""

    def _skip(self, pattern: re.Pattern[str]) -> None:
        if match := pattern.match(self.text, self.at):
            self.at = match.end()

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def _expect(self, pattern: re.Pattern[str], expected: str) -> str:
        if match := self._match(pattern):
            return match[0]
        if self.at == len(self.text):
            last = self.LAST_TOKEN.search(self.text)
            unexpected, first, end = "$end", last.start() + 1 if last else 1, len(self.text) + 1
        else:
            unexpected, first, end = repr(self.text[self.at]), self.at + 1, self.at + 2
        line = self.text.count("\n", 0, self.at) + 1
        raise TemplateError(
            f"Parse error: syntax error, unexpected {unexpected}, expecting {expected} "
            f"at line {line}, columns {first}:{end}"
        )


def listed(values: Iterable[int]) -> str:
    """`0,100`: how templates write sets of ids."""
    return ",".join(str(value) for value in values)


def listed_ids(text: str) -> list[int]:
    """The ids of `0,100`; what is no number is passed over, as in oned."""
    return [int(part) for part in text.split(",") if part.strip().isdigit()]
