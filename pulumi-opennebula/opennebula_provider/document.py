"""What oned answers: an object's XML, read by paths."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

from .template import Attributes


class Document:
    """An element of an answer. Paths are relative to it, such as `TEMPLATE/DESCRIPTION`."""

    def __init__(self, element: ElementTree.Element) -> None:
        self._element = element

    @classmethod
    def parse(cls, text: str) -> Document:
        """The document of an answer's XML.

        Raises:
            ValueError: it is not XML.
        """
        try:
            return cls(ElementTree.fromstring(text))  # noqa: S314 (from the endpoint the user named and logs in to)
        except ElementTree.ParseError as error:
            raise ValueError(f"broken XML: {error}") from error

    def text(self, path: str) -> str:
        """The text at the path, empty if there is none."""
        return self._element.findtext(path) or ""

    def number(self, path: str) -> int:
        """The whole number at the path.

        Raises:
            ValueError: there is none.
        """
        text = self.text(path)
        try:
            return int(text)
        except ValueError:
            raise ValueError(f"no number at {self._element.tag}/{path} but {text!r}") from None

    def maybe(self, path: str) -> str | None:
        """The text at the path, None if there is none or it is empty."""
        return self.text(path) or None

    def numbers(self, path: str) -> list[int]:
        """The comma-separated whole numbers at the path."""
        return [int(part) for part in self.text(path).split(",") if part.strip()]

    def has(self, path: str) -> bool:
        """Whether there is such an element, be it empty."""
        return self._element.find(path) is not None

    def each(self, path: str) -> Iterator[Document]:
        """All elements at the path, in order."""
        return (Document(element) for element in self._element.findall(path))

    def attributes(self, path: str) -> Attributes:
        """The template at the path as attributes, in order."""
        found = self._element.find(path)
        return [
            (child.tag, {item.tag: item.text or "" for item in child} if len(child) else child.text or "")
            for child in (found if found is not None else ())
        ]

    @property
    def id(self) -> int:
        """The object's id."""
        return self.number("ID")

    @property
    def name(self) -> str:
        """The object's name."""
        return self.text("NAME")
