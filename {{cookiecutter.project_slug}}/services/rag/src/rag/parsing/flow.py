"""Lines back into running text: words that were cut at the end of a line, and paragraphs that go on over a page."""

import re

from rag.parsing.blocks import Block, BlockKind

CUT_WORD = re.compile(r"(?:^|[\s(\"'“\u2018/])([^\W\d_]+)[-\u2010]$")
COMPOUND = re.compile(r"\b[^\W\d_]{2,}-[^\W\d_]{2,}\b")
FIRST_WORD = re.compile(r"[^\W\d_]+")
_REAL_HYPHEN_AFTER = (
    "well self non cross long short high low year one two three four five six seven eight nine first second third half "
    "single double client server peer fixed"
)
REAL_HYPHEN_AFTER = frozenset(_REAL_HYPHEN_AFTER.split())
"""First halves of compounds: `well-` and `known` keep their hyphen even when the line ends between them."""
SHORTEST_SECOND = 3
"""Letters of a second half; `long-` and `er` are no compound."""
MOST_COMPOUNDS = 20_000
SOFT_HYPHEN = "\u00ad"
SENTENCE_END = re.compile(r"[.!?:;…][\"'”\u2019)\]]*$")


class Compounds:
    """The hyphenated words that were seen inside lines, to know them again when a line ends in their middle."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def learn(self, line: str) -> None:
        """Remember the compounds of a line."""
        if "-" in line and len(self._seen) < MOST_COMPOUNDS:
            self._seen.update(word.lower() for word in COMPOUND.findall(line))

    def keeps_hyphen(self, first: str, second: str) -> bool:
        """Whether the two halves of a word belong together with their hyphen."""
        known = first.lower() in REAL_HYPHEN_AFTER and len(second) >= SHORTEST_SECOND
        return known or f"{first}-{second}".lower() in self._seen


def glue(before: str, after: str, compounds: Compounds) -> tuple[str, str]:
    """Return the end of the text so far, as it has to be, and what comes between it and the next line."""
    if before.endswith(SOFT_HYPHEN):
        return before[:-1], ""
    if before.endswith(("-", "\u2010")) and len(before) > 1 and not before[-2].isspace():
        first, second = CUT_WORD.search(before[-60:]), FIRST_WORD.match(after)
        if first is None or second is None or not (_is_word(first[1]) and second[0].islower()):
            return before, "" if after[:1].isalnum() else " "
        return (before if compounds.keeps_hyphen(first[1], second[0]) else before[:-1]), ""
    return before, " "


def _is_word(first: str) -> bool:
    """Whether it may be the first half of a word that was cut: `Torfmächtig-`, and neither `COVID-` nor `X-`."""
    return first.islower() or (first[:1].isupper() and first[1:].islower())


def ends_sentence(text: str) -> bool:
    """Whether nothing has to follow."""
    return SENTENCE_END.search(text[-8:]) is not None


class Running:
    """Text that grows by lines and remembers where pages begin in it."""

    def __init__(self, compounds: Compounds) -> None:
        self._compounds = compounds
        self._parts: list[str] = []
        self._length = 0
        self._breaks: list[int] = []
        self.page = 0
        self._last_page = 0

    def __bool__(self) -> bool:
        return bool(self._parts)

    def __len__(self) -> int:
        return self._length

    @property
    def end(self) -> str:
        """The last line, as it stands now."""
        return self._parts[-1] if self._parts else ""

    def add(self, line: str, page: int, between: str | None = None) -> None:
        """Append a line: glued as running text, or after `between` as it is."""
        self._compounds.learn(line)
        if not self._parts:
            self.page = self._last_page = page
        elif between is None:
            end, gap = glue(self._parts[-1], line, self._compounds)
            self._length += len(end) - len(self._parts[-1])
            self._parts[-1] = end
            self._append(gap)
        else:
            self._append(between)
        for _ in range(page - self._last_page):
            self._breaks.append(self._length)
        self._last_page = page
        self._append(line)

    def _append(self, text: str) -> None:
        if text:
            self._parts.append(text)
            self._length += len(text)

    def take(self, kind: BlockKind, level: int = 0) -> Block:
        """Return the block and begin anew."""
        block = Block(kind, "".join(self._parts), self.page, level, tuple(self._breaks))
        self._parts, self._breaks, self._length = [], [], 0
        return block
