"""Parts of blocks that know on which pages they are, and how they are divided further."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rag.chunking.boundaries import Cutter, next_sentence
from rag.chunking.tokens import estimate
from rag.parsing.blocks import Block, BlockKind

BETWEEN_BLOCKS = "\n\n"
LONGEST_HEADING = 200
"""Characters of a heading that are repeated with each chunk below it."""
EXACTLY_BELOW = 1.5
"""A rest of fewer than so many rooms is counted exactly; of a longer one an estimate by subtraction is enough."""
LESS = 0.8

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that goes into a chunk whole, or is divided."""

    kind: BlockKind
    text: str
    page: int
    breaks: tuple[int, ...]
    """Offsets in the text at which the following pages begin."""
    tokens: int
    path: Path
    """The headings above it; of a heading, its own too."""
    level: int = 0
    before: str = BETWEEN_BLOCKS
    """What stands between it and the piece before it in the same chunk."""
    repeated: int = 0
    """Characters at its beginning that repeat the header of the table whose rows it goes on with."""

    @property
    def page_end(self) -> int:
        """The page of its last character."""
        return self.page + bisect_left(self.breaks, len(self.text))

    def after(self, other: "Piece") -> "Piece":
        """Return it as it stands in the same chunk after another piece: a table's header is there already."""
        if not self.repeated or other.kind is not BlockKind.TABLE:
            return self
        text = self.text[self.repeated :]
        breaks = tuple(at - self.repeated for at in self.breaks)
        return replace(self, text=text, breaks=breaks, tokens=estimate(text), before="\n", repeated=0)


def piece_of(block: Block, path: Path) -> Piece:
    """Return a whole block as one piece; headings are marked as in Markdown."""
    if block.kind is BlockKind.HEADING:
        text = f"{'#' * max(1, min(block.level, 6))} {' '.join(block.text.split())}"
        return Piece(block.kind, text, block.page, (), estimate(text), path, block.level)
    return _trimmed(Piece(block.kind, block.text, block.page, block.breaks, estimate(block.text), path))


def _trimmed(piece: Piece) -> Piece:
    """Cut white space off both ends; the first line of code keeps its indentation."""
    signs = "\n" if piece.kind is BlockKind.CODE else None
    begun = piece.text.lstrip(signs)
    text, lead = begun.rstrip(signs), len(piece.text) - len(begun)
    if len(text) == len(piece.text):
        return piece
    passed = bisect_right(piece.breaks, lead)
    breaks = tuple(at - lead for at in piece.breaks[passed:])
    return Piece(piece.kind, text, piece.page + passed, breaks, piece.tokens, piece.path, piece.level, piece.before)


def split_at(piece: Piece, at: int, tokens: int = 0) -> tuple[Piece, Piece]:
    """Divide a piece at an offset; the tokens of its first part may be known already."""
    passed = bisect_right(piece.breaks, at)
    text, breaks = piece.text[:at], piece.breaks[: bisect_left(piece.breaks, at)]
    size = tokens or estimate(text)
    first = Piece(piece.kind, text, piece.page, breaks, size, piece.path, piece.level, piece.before)
    before = " " if piece.kind is BlockKind.PARAGRAPH else "\n"
    page, later = piece.page + passed, tuple(each - at for each in piece.breaks[passed:])
    size = max(1, piece.tokens - size)
    return _trimmed(first), _trimmed(
        Piece(piece.kind, piece.text[at:], page, later, size, piece.path, piece.level, before)
    )


def split_by_room(piece: Piece, room: int, cut: Cutter) -> tuple[Piece, Piece]:
    """Divide a piece so that the first part has at most as many tokens as there is room for, or is one character."""
    limit = max(1, min(len(piece.text) - 1, int(len(piece.text) * room / piece.tokens)))
    while True:
        at = cut(piece.text, limit)
        tokens = estimate(piece.text[:at])
        if limit == 1 or tokens <= room:
            break
        limit = max(1, int(min(limit, at) * LESS))
    first, rest = split_at(piece, at, tokens)
    if rest.tokens < EXACTLY_BELOW * room:
        rest = replace(rest, tokens=estimate(rest.text))
    return first, rest


def by_page(piece: Piece) -> Iterator[Piece]:
    """Divide a piece where a page ends: after the sentence, the row or the line that is on both pages."""
    while piece.breaks:
        at = _whole(piece, piece.breaks[0])
        if not 0 < at < len(piece.text):
            break
        first, piece = split_at(piece, at)
        yield first
        piece = replace(piece, tokens=estimate(piece.text))
    yield piece


def _whole(piece: Piece, at: int) -> int:
    if piece.kind is BlockKind.PARAGRAPH:
        return next_sentence(piece.text, at)
    line = piece.text.find("\n", max(0, at - 1))
    return len(piece.text) if line < 0 else line + 1


def heading_text(text: str) -> str:
    """Return a heading as it stands in paths: a very long one is none that helps."""
    words = " ".join(text.split())
    return words if len(words) <= LONGEST_HEADING else f"{words[: LONGEST_HEADING - 1].rstrip()}…"
