"""Pieces that will be a chunk."""

from dataclasses import dataclass, field
from itertools import takewhile

from rag.chunking.chunks import Chunk
from rag.chunking.pieces import Path, Piece
from rag.parsing.blocks import BlockKind

FENCES = 4
"""Tokens of the two lines around code. A blank line between two pieces is one."""


@dataclass(slots=True)
class Draft:
    """A chunk that may still grow."""

    pieces: list[Piece] = field(default_factory=list)
    tokens: int = 0

    def add(self, piece: Piece) -> None:
        """Append a piece."""
        piece = piece.after(self.pieces[-1]) if self.pieces else piece
        self.pieces.append(piece)
        self.tokens += piece.tokens + (FENCES if piece.kind is BlockKind.CODE else bool(self.pieces[1:]))

    @property
    def has_text(self) -> bool:
        """Whether there is more than headings."""
        return any(piece.kind is not BlockKind.HEADING for piece in self.pieces)

    @property
    def page_end(self) -> int:
        """The last page that it reaches."""
        return max(piece.page_end for piece in self.pieces)

    @property
    def opens(self) -> int:
        """The level of the heading that it begins with, or 0."""
        return self.pieces[0].level if self.pieces else 0

    def without_last_headings(self) -> tuple["Draft", "Draft"]:
        """Return it without the headings at its end, whose text is still to come, and these."""
        if not self.pieces or self.pieces[-1].kind is not BlockKind.HEADING:
            return self, Draft()
        count = sum(1 for _ in takewhile(lambda piece: piece.kind is BlockKind.HEADING, reversed(self.pieces)))
        body, headings = Draft(), Draft()
        for at, piece in enumerate(self.pieces):
            (headings if at >= len(self.pieces) - count else body).add(piece)
        return body, headings

    def absorb(self, other: "Draft") -> None:
        """Append another one."""
        for piece in other.pieces:
            self.add(piece)

    def path(self) -> Path:
        """Return the headings that stand above all of its text."""
        paths = [piece.path for piece in self.pieces if piece.kind is not BlockKind.HEADING] or [self.pieces[-1].path]
        common = paths[0]
        for path in paths[1:]:
            same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(common, path, strict=False)))
            common = common[:same]
        return common

    def chunk(self, ordinal: int, parent: int) -> Chunk:
        """Return it as a chunk."""
        text, first = "", self.pieces[0].page
        breaks: list[int] = []
        for piece in self.pieces:
            code = piece.kind is BlockKind.CODE
            shown = fenced(piece.text) if code else piece.text
            text += piece.before if text else ""
            breaks += [len(text)] * (piece.page - first - len(breaks))
            start = len(text) + (shown.index("\n") + 1 if code else 0)
            breaks += [start + at for at in piece.breaks if at < len(piece.text)]
            text += shown
        return Chunk(ordinal, text, self.path(), first, tuple(breaks), parent, self.tokens)


def fenced(code: str) -> str:
    """Return code between fences that it does not hold itself."""
    fence = "```"
    while fence in code:
        fence += "`"
    return f"{fence}\n{code}\n{fence}"
