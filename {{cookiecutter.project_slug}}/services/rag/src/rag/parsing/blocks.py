"""What parsing gives: a document's blocks in reading order, whatever the file format was."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class BlockKind(StrEnum):
    """What a block is in the document's structure."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST = "list"
    TABLE = "table"  # as a Markdown table
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a document that belongs together."""

    kind: BlockKind
    text: str
    page: int
    """The page it begins on, from 1; always 1 in formats without pages."""
    level: int = 0
    """Of a heading: 1 is the highest; 0 for everything else."""
    breaks: tuple[int, ...] = ()
    """Offsets in `text` at which the following pages begin, when it goes on over the end of its page."""


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """What is known about a file before its blocks are read."""

    media_type: str
    """Found out from the content, not from the name."""
    title: str | None
    pages: int | None
    """None in formats without pages."""


class ParsedDocument(Protocol):
    """A document that is being parsed. Memory does not grow with its length."""

    @property
    def info(self) -> DocumentInfo:
        """Facts about the whole file."""
        ...

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks in reading order, once; ParsingRefused when the file turns out to be bad."""
        ...


class ParsingRefused(Exception):
    """The file cannot be used. Stable codes: encrypted, corrupt, no_text, too_large, unsupported_type, timed_out."""

    def __init__(self, code: str, detail: str, hint: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.hint = hint
