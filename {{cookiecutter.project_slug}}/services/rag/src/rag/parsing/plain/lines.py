"""The lines of a text file with their pages, in bounded memory."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rag.parsing import refusals
from rag.parsing.encoding import TextFile
from rag.parsing.flow import ends_sentence
from rag.parsing.furniture import Edge, Sheet, without_furniture
from rag.parsing.limits import ParsingLimits

PAGED_BELOW = 20_000
"""Characters. Longer pages are no pages of paper, and have no running heads."""
EDGE_LINES = 3
FULL_LINE = 0.6
"""A line that ends a paragraph is often shorter than this part of the next."""
BULLETS = ("o ", "* ", "- ", "+ ", "• ")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text."""

    text: str
    page: int

    @property
    def indent(self) -> int:
        """Spaces before the first character."""
        return len(self.text) - len(self.text.lstrip())


@dataclass(frozen=True, slots=True)
class Shape:
    """What a first pass over the text has shown."""

    pages: int
    characters: int
    indent: int
    """That of most lines, which is the margin of the text."""

    @property
    def paged(self) -> bool:
        """Whether form feeds divide it into pages of paper."""
        return self.pages > 1 and self.characters / self.pages < PAGED_BELOW


def survey(text: TextFile, limits: ParsingLimits) -> Shape:
    """Count pages, characters and margins. Raises `ParsingRefused` on a file without text or with too many pages."""
    page = last = 1
    characters = 0
    indents: Counter[int] = Counter()
    for line in text.lines():
        page += line.count("\f")
        content = line.replace("\f", "")
        if content and not content.isspace():
            last = page
            indents[len(content) - len(content.lstrip())] += 1
            characters += len(content)
    if not characters:
        raise refusals.no_text("The file holds nothing but white space.")
    if last > limits.max_pages:
        raise refusals.too_large(f"The document has {last} pages; the limit is {limits.max_pages}.")
    return Shape(last, characters, indents.most_common(1)[0][0])


def lines_of(text: TextFile, shape: Shape) -> Iterator[Line]:
    """Yield the lines; of paged text without running heads and feet, and without the gap between two pages."""
    numbered = _numbered(text.lines())
    return _without_gaps(numbered) if shape.paged else numbered


def _numbered(lines: Iterable[str]) -> Iterator[Line]:
    page = 1
    for line in lines:
        if "\f" not in line:
            yield Line(line, page)
            continue
        for count, part in enumerate(line.split("\f")):
            page += count > 0
            yield Line(part, page)


def _pages(lines: Iterable[Line]) -> Iterator[list[Line]]:
    page: list[Line] = []
    for line in lines:
        if page and line.page != page[-1].page:
            yield page
            page = []
        page.append(line)
    yield page


def _sheets(lines: Iterable[Line]) -> Iterator[Sheet[tuple[list[Line], list[Line]]]]:
    for page in _pages(lines):
        filled = [line for line in page if line.text.strip()]
        top, bottom = filled[:EDGE_LINES], filled[EDGE_LINES:][-EDGE_LINES:]
        edges = [Edge(line.text, (at, 0)) for at, line in enumerate(top)]
        edges += [Edge(line.text, (at - len(bottom), 0)) for at, line in enumerate(bottom)]
        yield Sheet((page, [*top, *bottom]), edges)


def _without_gaps(lines: Iterable[Line]) -> Iterator[Line]:
    before: Line | None = None
    for (page, edges), furniture in without_furniture(_sheets(lines)):
        dropped = {id(edges[index]) for index in furniture}
        rest = _trimmed([line for line in page if id(line) not in dropped])
        if not rest:
            continue
        if before is not None and not _goes_on(before, rest[0]):
            yield Line("", rest[0].page)
        yield from rest
        before = rest[-1]


def _trimmed(page: list[Line]) -> list[Line]:
    filled = [at for at, line in enumerate(page) if line.text.strip()]
    return page[filled[0] : filled[-1] + 1] if filled else []


def _goes_on(before: Line, after: Line) -> bool:
    """Whether a paragraph goes on over the end of the page."""
    text = after.text.strip()
    return (
        before.indent == after.indent
        and not ends_sentence(before.text)
        and not (text[:1].isupper() and len(before.text.strip()) < FULL_LINE * len(text))
        and not text.startswith(BULLETS)
    )
