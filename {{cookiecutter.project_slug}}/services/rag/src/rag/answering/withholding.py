"""Keeps text that speaks to the model away from it: only the offending part where that is certain, else the passage."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from rag.retrieval.passages import Passage, Piece

Spans: TypeAlias = Sequence[tuple[int, int]]
Harmless: TypeAlias = Callable[[str], Spans | None]
"""Returns the parts of a text that a model may read, None when nothing of it is certain to be harmless."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """A passage that no model read, or not all of it."""

    passage: Passage
    """As it was found."""
    whole: bool


def nothing(_text: str) -> None:
    """Find nothing harmless in suspicious text: the null adapter."""


def rest_of(passage: Passage, harmless: Harmless) -> Passage | None:
    """Return a suspicious passage without what made it so; None when it has to stay away whole.

    What expansion added was judged before it was added; each part that is left becomes a piece of its own, so that no
    quote reaches over a gap.
    """
    if not is_harmless("\n".join((passage.document_name, *passage.heading)), harmless):
        return None
    spans = harmless(passage.text)
    if not spans:
        return None
    own = _piece_of(passage)
    kept = [_part(own, start, end) for start, end in spans]
    text = "\n".join(piece.text for piece in kept)
    if not is_harmless("\n".join((*passage.heading, text)), harmless):
        return None  # a heading and the text below it make an order together
    pieces: list[Piece] = []
    for piece in passage.pieces or (own,):
        pieces += kept if piece.ordinal == passage.ordinal else [piece]
    return replace(
        passage,
        text=text,
        context="\n".join(piece.text for piece in pieces),
        pieces=tuple(pieces),
        suspicious=(),
    )


def is_harmless(text: str, harmless: Harmless) -> bool:
    """Whether a model may read the whole text."""
    spans = harmless(text)
    return spans is not None and list(spans) == [(0, len(text))]


def _piece_of(passage: Passage) -> Piece:
    own = [piece for piece in passage.pieces if piece.ordinal == passage.ordinal]
    return own[0] if own else Piece(passage.ordinal, passage.page, passage.text)


def _part(piece: Piece, start: int, end: int) -> Piece:
    """Return a part of a piece, without the white space around it, with its pages."""
    part = piece.text[start:end]
    start += len(part) - len(part.lstrip())
    text = part.strip()
    passed = bisect_right(piece.breaks, start)
    breaks = tuple(at - start for at in piece.breaks[passed:] if at < start + len(text))
    return Piece(piece.ordinal, piece.page + passed, text, breaks)
