"""What chunking gives."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document, small enough to be found and cited exactly.

    Chunks do not overlap: together, in order, they are the whole text. Context comes from neighbours and parents.
    """

    ordinal: int
    """Its place in the document, from 0, without gaps."""
    text: str
    """As it is shown and cited; a table is a Markdown table."""
    heading: tuple[str, ...]
    """The headings above it, the highest first."""
    page: int
    """The page it begins on."""
    breaks: tuple[int, ...]
    """Offsets in `text` at which the following pages begin; a page without text has the offset of the next one."""
    parent: int
    """Chunks of one parent (a section, or a part of a long one) follow each other and share this number."""
    tokens: int

    @property
    def page_end(self) -> int:
        """The page of its last character."""
        return self.page + len(self.breaks)

    @property
    def searchable(self) -> str:
        """The text that is embedded and indexed: with its headings, because they often hold the words asked for."""
        return "\n".join((" > ".join(self.heading), self.text)) if self.heading else self.text
