"""A PDF file as blocks, page by page: what is kept of the pages before is a few of them, however many there are."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.parsing import refusals
from rag.parsing.blocks import Block, DocumentInfo
from rag.parsing.detection import PDF
from rag.parsing.furniture import Edge, Sheet, without_furniture
from rag.parsing.limits import ParsingLimits
from rag.parsing.pdf.columns import zones_of
from rag.parsing.pdf.flow import Flow
from rag.parsing.pdf.geometry import Page, Segment
from rag.parsing.pdf.lines import Line, line_of
from rag.parsing.pdf.native import NativeDocument, open_native
from rag.parsing.pdf.outline import read_outline
from rag.parsing.pdf.styles import Styles, survey
from rag.parsing.pdf.tables import Table, divide

SAMPLE_PAGES = 16
MARGIN = 0.1
"""Part of a page's height, above and below, in which running heads and feet stand."""
MOST_EDGES = 8
"""Pieces of text in a margin. More are a table."""
REOPEN_AFTER = 250
"""Pages. PDFium keeps what it has read of a file, so a long one is opened again now and then."""
GENERATED = (
    "untitled",
    "anonymous",
    "unspecified",
    "microsoft word",
    "microsoft powerpoint",
    ".doc",
    ".indd",
    ".qxd",
    ".tex",
    ".dvi",
)


@contextmanager
def open_pdf(path: Path, limits: ParsingLimits) -> Iterator[tuple[DocumentInfo, Iterator[Block]]]:
    """Open a PDF file. Raises `ParsingRefused`, here and while blocks are read."""
    with open_native(path) as document:
        if document.pages > limits.max_pages:
            raise refusals.too_large(f"The document has {document.pages} pages; the limit is {limits.max_pages}.")
        if document.pages <= 0:
            raise refusals.corrupt("The PDF file has no pages.")
        step = max(1, document.pages // SAMPLE_PAGES)
        sample = {index: document.page(index) for index in range(0, document.pages, step)[:SAMPLE_PAGES]}
        styles = survey(sample.values(), read_outline(document))
        info = DocumentInfo(PDF, _title(document, sample[0], styles), document.pages)
    yield info, _blocks(_pages(path, document.pages, sample), document.pages, styles)


def _title(document: NativeDocument, first: Page, styles: Styles) -> str | None:
    """Return the title that the file states, unless a program made it up, else the largest text of the first page."""
    stated = " ".join(document.meta(b"Title").split())[:500]
    if stated and not any(each in stated.lower() for each in GENERATED):
        return stated
    largest = max((each.size for each in first.segments), default=0.0)
    if largest < 1.3 * styles.body:
        return None
    words = [each.text for each in first.segments if each.size > largest - 0.5]
    return " ".join(" ".join(words).split())[:300]


def _pages(path: Path, count: int, sample: dict[int, Page]) -> Iterator[Page]:
    """Yield all pages; those of the sample are not read twice."""
    for first in range(0, count, REOPEN_AFTER):
        with open_native(path) as document:
            for index in range(first, min(count, first + REOPEN_AFTER)):
                yield sample.pop(index) if index in sample else document.page(index)


def _blocks(pages: Iterator[Page], count: int, styles: Styles) -> Iterator[Block]:
    flow = Flow(styles)
    found, unreadable = False, 0
    for (page, edges), furniture in without_furniture(map(_sheet, pages)):
        found = found or bool(page.segments)
        unreadable += not page.readable
        dropped = {id(edges[index]) for index in furniture}
        segments = [each for each in page.segments if id(each) not in dropped] if dropped else page.segments
        yield from flow.take(_items(page, segments, flow), page.number)
    yield from flow.finish()
    if not found and unreadable:
        raise refusals.corrupt(f"The PDF file is damaged: {unreadable} of its {count} pages cannot be opened.")
    if not found:
        raise refusals.scanned()


def _sheet(page: Page) -> Sheet[tuple[Page, list[Segment]]]:
    top, bottom = MARGIN * page.height, (1 - MARGIN) * page.height
    above = [each for each in page.segments if each.baseline < top][:MOST_EDGES]
    below = [each for each in page.segments if each.baseline > bottom][-MOST_EDGES:]
    edges = [Edge(each.text, (each.baseline, each.left)) for each in above]
    edges += [Edge(each.text, (each.baseline - page.height, each.left)) for each in below]
    return Sheet((page, [*above, *below]), edges)


def _items(page: Page, segments: list[Segment], flow: Flow) -> list[Line | Table]:
    """Return lines and tables of a page in reading order."""
    found = [
        (item, zone) for zone in zones_of(segments, page.rules) for item in divide(zone, page.rules, flow.compounds)
    ]
    before = flow.table_before
    rest = before.rows_after([item for item, _ in found], flow.compounds) if before else None
    lines: list[Line | Table] = [rest] if rest else []
    for item, zone in found[len(rest.rows) - 1 if rest else 0 :]:
        lines.append(item if isinstance(item, Table) else line_of(item, page.number, zone))
    return lines
