"""A DOCX file as blocks. Page breaks are decided by the program that shows it, so everything is on page 1."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rag.parsing import refusals
from rag.parsing.blocks import Block, DocumentInfo
from rag.parsing.detection import DOCX
from rag.parsing.docx.archive import Archive, open_archive
from rag.parsing.docx.body import Body
from rag.parsing.docx.styles import Numberings, Styles
from rag.parsing.docx.xml import Attributes, Feed, parse_all
from rag.parsing.limits import ParsingLimits

MAIN = "word/document.xml"
NOTES = ("word/footnotes.xml", "word/endnotes.xml")
OTHERS = (
    ("xl/workbook.xml", "Excel workbook"),
    ("ppt/presentation.xml", "PowerPoint presentation"),
    ("mimetype", "OpenDocument or EPUB"),
)


@contextmanager
def open_docx(path: Path, limits: ParsingLimits) -> Iterator[tuple[DocumentInfo, Iterator[Block]]]:
    """Open a DOCX file. Raises `ParsingRefused`, here and while blocks are read."""
    with open_archive(path, limits) as archive:
        _check_kind(archive)
        styles, numberings = Styles(), Numberings()
        if "word/styles.xml" in archive:
            parse_all(archive.pieces("word/styles.xml"), styles)
        if "word/numbering.xml" in archive:
            parse_all(archive.pieces("word/numbering.xml"), numberings)
        yield DocumentInfo(DOCX, _title(archive), None), _blocks(archive, styles, numberings)


def _check_kind(archive: Archive) -> None:
    if MAIN in archive and "[Content_Types].xml" in archive:
        return
    kind = next((kind for member, kind in OTHERS if member in archive), "ZIP archive")
    raise refusals.unsupported_type(f"The file is of a type that is not read: {kind}.")


@dataclass(slots=True)
class _Properties:
    """The handler of core.xml: only the title is of interest."""

    title: str = ""
    _open: bool = field(default=False)

    def start(self, name: str, attributes: Attributes) -> None:  # noqa: ARG002 - the handler's protocol
        """An element begins."""
        self._open = name == "dc:title"

    def end(self, name: str) -> None:  # noqa: ARG002 - as above
        """An element ends."""
        self._open = False

    def characters(self, text: str) -> None:
        """Text of an element."""
        if self._open:
            self.title += text


def _title(archive: Archive) -> str | None:
    if "docProps/core.xml" not in archive:
        return None
    properties = _Properties()
    parse_all(archive.pieces("docProps/core.xml"), properties)
    return " ".join(properties.title.split())[:500] or None


def _blocks(archive: Archive, styles: Styles, numberings: Numberings) -> Iterator[Block]:
    for part in (MAIN, *(note for note in NOTES if note in archive)):
        body = Body(styles, numberings)
        feed = Feed(body)
        for piece in archive.pieces(part):
            feed.take(piece)
            yield from body.ready
            body.ready.clear()
        feed.take(b"", last=True)
        body.finish()
        yield from body.ready
