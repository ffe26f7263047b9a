"""What retrieval gives: passages with their place in a document, and why each was found."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from rag.indexing.ports import Filter, Mode


class Expansion(StrEnum):
    """How much text around a hit goes into the context."""

    NONE = "none"
    NEIGHBOURS = "neighbours"
    PARENT = "parent"


class Rewriting(StrEnum):
    """What is searched for besides the question itself."""

    NONE = "none"
    MULTI_QUERY = "multi_query"
    HYDE = "hyde"


@dataclass(frozen=True, slots=True)
class RetrievalOptions:
    """How one search is done. The defaults come from `RetrievalSettings`."""

    limit: int = 10
    """Passages that are returned."""
    candidates: int = 50
    """Hits that are looked at before reranking."""
    mode: Mode = Mode.HYBRID
    dense_weight: float = 1.0
    """Of hybrid mode: what a rank by meaning counts beside 1 for one by words."""
    rerank: bool = False
    expansion: Expansion = Expansion.NONE
    rewriting: Rewriting = Rewriting.NONE
    condense: bool = True
    """Of a follow-up: search for what it means after the turns before it, instead of its own words."""
    filter: Filter = field(default_factory=Filter)
    explain: bool = False
    """Also say score and rank in each half of the index, which costs two more searches."""


@dataclass(frozen=True, slots=True)
class Half:
    """How one half of the index saw a passage."""

    score: float
    rank: int


@dataclass(frozen=True, slots=True)
class Why:
    """Why a passage was found."""

    fused: float
    dense: Half | None = None
    sparse: Half | None = None
    terms: tuple[str, ...] = ()
    """Words of the query that stand in the passage."""
    rerank: float | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """One chunk of a passage's context. A quote is cited with the page of its piece."""

    ordinal: int
    page: int
    text: str
    breaks: tuple[int, ...] = ()
    """Offsets in the text at which the following pages begin."""

    def page_at(self, place: int) -> int:
        """Return the page of a place in the text."""
        return self.page + bisect_right(self.breaks, place)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that may hold the answer."""

    document_id: UUID
    document_name: str
    revision: UUID
    ordinal: int
    heading: tuple[str, ...]
    page: int
    page_end: int
    text: str
    """The chunk itself: what may be cited."""
    context: str
    """The chunk with what expansion added: what the model reads."""
    score: float
    why: Why
    suspicious: tuple[str, ...] = ()
    """Reasons to think that the text speaks to the model instead of the reader."""
    pieces: tuple[Piece, ...] = ()
    """The chunks that the context consists of, in reading order."""


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a search."""

    query: str
    """The question as it was searched for: of a follow-up the rewritten one that needs no history."""
    queries: tuple[str, ...]
    """What was searched for."""
    passages: tuple[Passage, ...]
    timings_ms: dict[str, float] = field(default_factory=dict)
    reports: tuple[Mapping[str, object], ...] = ()
    """What is known about the model calls that rewriting took, as `llmkit.call.CallReport.to_metadata` writes it."""
