"""Which lines are headings: by the outline, by size, weight and number, measured against the body of the text."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from rag.parsing.pdf.geometry import Page
from rag.parsing.pdf.lines import Line
from rag.parsing.pdf.outline import Outline
from rag.parsing.pdf.tables import has_leader

LARGER = 1.1
SAME = 0.4
"""Points by which sizes of one level differ at most."""
MOST_SIZES = 5
LONGEST = 200
LONGEST_BOLD = 120
LONGEST_CAPITALS = 80
LETTER = re.compile(r"[^\W\d_]")
NUMBER = re.compile(
    r"(?:(?:chapter|section|part|appendix|annex)\s+)?(\d{1,3}(?:\.\d{1,3})*|[A-Z](?:\.\d{1,3})+|[IVX]+\.)\.?\s+\S",
    re.IGNORECASE,
)
PROSE_END = re.compile(r"[.,;]$")
MARKED = re.compile(r"[•●○▪■‣\u2013—*]\s")


@dataclass(slots=True)
class Styles:
    """What a look at some pages has shown: the size of the body, and those of headings, the largest first."""

    body: float = 10.0
    sizes: list[float] = field(default_factory=list)
    outline: Outline = field(default_factory=Outline)

    def level(self, line: Line, *, apart: bool) -> int:
        """Return the level of the heading that a line is, or 0.

        Args:
            line: A line of the page.
            apart: Whether more space than usual stands above it.
        """
        text = line.text
        outlined = self.outline.level(line.page, text) if self.outline.entries else 0
        if not (outlined or self._looks_like_one(line, apart=apart)):
            return 0
        if len(text) > LONGEST or LETTER.search(text) is None or has_leader(text):
            return 0
        if outlined:
            return outlined
        number = NUMBER.match(text)
        if number:
            return min(6, number[1].rstrip(".").count(".") + 1)
        return self._rank(line.size)

    def _looks_like_one(self, line: Line, *, apart: bool) -> bool:
        text = line.text
        if line.size >= LARGER * self.body:
            return not MARKED.match(text) and not (PROSE_END.search(text) and len(text) > LONGEST_BOLD)
        if not apart or line.mono or line.size < 0.95 * self.body or PROSE_END.search(text) or MARKED.match(text):
            return False
        if line.bold:
            return len(text) <= LONGEST_BOLD and (line.short or NUMBER.match(text) is not None)
        letters = LETTER.findall(text)
        return len(letters) >= 4 and len(text) <= LONGEST_CAPITALS and all(each.isupper() for each in letters)

    def begins_new(self, last: Line, line: Line) -> bool:
        """Whether the second of two lines that look alike is a heading of its own and not the rest of the first."""
        return NUMBER.match(line.text) is not None or self.outline.level(last.page, last.text) > 0

    def _rank(self, size: float) -> int:
        """Return the place of a size among those of headings; bold text of the body's size comes last."""
        return min(6, 1 + sum(each > size + SAME for each in self.sizes))


def survey(pages: Iterable[Page], outline: Outline) -> Styles:
    """Look at some pages of a document."""
    characters: Counter[float] = Counter()
    large: Counter[float] = Counter()
    for page in pages:
        for each in page.segments:
            size = round(each.size * 2) / 2
            characters[size] += len(each.text)
            if len(each.text) <= LONGEST_BOLD and LETTER.search(each.text):
                large[size] += 1
    if not characters:
        return Styles(outline=outline)
    body = characters.most_common(1)[0][0]
    sizes: list[float] = []
    for size in sorted((each for each in large if each >= LARGER * body), reverse=True):
        if not sizes or sizes[-1] - size > SAME:
            sizes.append(size)
    return Styles(body, sizes[:MOST_SIZES], outline)
