"""XML as a stream of elements, without anything that makes XML dangerous.

Office files hold no document type, so one is refused: no entities, so no expansion of them and nothing fetched.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Protocol
from xml.parsers import expat  # document types, and with them all entities, are refused below

from rag.parsing import refusals

DEEPEST = 1_000
SPACES = {
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main": "w",
    "http://purl.oclc.org/ooxml/wordprocessingml/main": "w",  # files in the strict form of the standard
    "http://schemas.openxmlformats.org/markup-compatibility/2006": "mc",
    "http://purl.org/dc/elements/1.1/": "dc",
}
Attributes = Mapping[str, str]


class Handler(Protocol):
    """What is told about each element. Names look like `w:p`, whatever prefix the file uses."""

    def start(self, name: str, attributes: Attributes) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def characters(self, text: str) -> None:
        """Text between them."""


class Feed:
    """Parses XML piece by piece. Raises `ParsingRefused` on what is not well-formed or not harmless."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._depth = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = _refuse_document_type
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = handler.characters

    def take(self, piece: bytes, *, last: bool = False) -> None:
        """Parse some more."""
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as error:
            raise refusals.corrupt("The XML in the DOCX file is broken.") from error

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise refusals.corrupt(f"The XML in the DOCX file is nested more than {DEEPEST} levels deep.")
        self._handler.start(
            _short(name), {_short(key): value for key, value in attributes.items()} if attributes else {}
        )

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._handler.end(_short(name))


def parse_all(pieces: Iterable[bytes], handler: Handler) -> None:
    """Parse a whole part. Raises `ParsingRefused`."""
    feed = Feed(handler)
    for piece in pieces:
        feed.take(piece)
    feed.take(b"", last=True)


@lru_cache(maxsize=2_000)
def _short(name: str) -> str:
    space, _, local = name.rpartition(" ")
    return f"{SPACES.get(space, '?')}:{local}" if space else local


def _refuse_document_type(*_: object) -> None:
    raise refusals.corrupt("The XML in the DOCX file declares a document type, which Office files never do.")
