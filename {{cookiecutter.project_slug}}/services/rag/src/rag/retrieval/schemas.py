"""What callers send to a search and get from it."""

from typing import Annotated, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, StringConstraints

from rag.fields import ANY, VISIBLE, NumberOnly
from rag.indexing.ports import Filter, Mode
from rag.retrieval.passages import Expansion, Found, Half, Passage, RetrievalOptions, Rewriting
from rag.retrieval.settings import RetrievalSettings

QUESTION_LENGTH = 4000
QuestionText = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=QUESTION_LENGTH, pattern=VISIBLE),
]
"""Text with at least one visible character."""
Label = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=100, pattern=r"^[^\x00]+$")]
Number = Annotated[StrictInt, Field(ge=-(2**53), le=2**53)] | Annotated[StrictFloat, Field(allow_inf_nan=False)]
Scalar: TypeAlias = StrictBool | Number | Annotated[StrictStr, StringConstraints(max_length=500, pattern=ANY)]
Limit = Annotated[int, Field(ge=1, le=50), NumberOnly]


class FilterRequest(BaseModel):
    """Narrows a search. The caller's own documents are all that is ever searched."""

    model_config = ConfigDict(extra="forbid")

    documents: list[UUID] = Field(default=[], max_length=100, description="Any of these documents.")
    tags: list[Label] = Field(default=[], max_length=20, description="All of these tags.")
    metadata: dict[Label, Scalar | Annotated[list[Scalar], Field(min_length=1, max_length=50)]] = Field(
        default={}, max_length=10, description="For each key this value, or any of these."
    )

    def to_filter(self) -> Filter:
        """Return it as the index reads it."""
        values = {key: tuple(value) if isinstance(value, list) else (value,) for key, value in self.metadata.items()}
        return Filter(tuple(self.documents), tuple(self.tags), values)


class RetrievalRequest(BaseModel):
    """How to search. What is left out is as the settings say."""

    model_config = ConfigDict(extra="forbid")

    limit: Limit | None = Field(default=None, description="Passages that are wanted.")
    mode: Mode | None = None
    rerank: StrictBool | None = None
    expansion: Expansion | None = None
    rewriting: Rewriting | None = None
    condense: StrictBool | None = Field(default=None, description="Rewrite a follow-up by the turns before it.")
    filter: FilterRequest = FilterRequest()

    def to_options(self, settings: RetrievalSettings, *, explain: bool = False) -> RetrievalOptions:
        """Return the options of one search."""
        defaults = settings.options()
        return RetrievalOptions(
            limit=self.limit or defaults.limit,
            candidates=defaults.candidates,
            mode=self.mode or defaults.mode,
            dense_weight=defaults.dense_weight,
            rerank=defaults.rerank if self.rerank is None else self.rerank,
            expansion=self.expansion or defaults.expansion,
            rewriting=self.rewriting or defaults.rewriting,
            condense=defaults.condense if self.condense is None else self.condense,
            filter=self.filter.to_filter(),
            explain=explain,
        )


class SearchRequest(RetrievalRequest):
    """A search."""

    query: QuestionText
    explain: StrictBool = Field(default=False, description="Also say what each half of the index found; slower.")


class HalfDocument(BaseModel):
    """How one half of the index saw a passage."""

    score: float
    rank: int

    @classmethod
    def of(cls, half: Half | None) -> "HalfDocument | None":
        """Show it, if the half found the passage."""
        return None if half is None else cls(score=half.score, rank=half.rank)


class WhyDocument(BaseModel):
    """Why a passage was found. All but `fused` and `rerank` need `explain`."""

    fused: float
    dense: HalfDocument | None
    sparse: HalfDocument | None
    terms: list[str]
    rerank: float | None


class PassageDocument(BaseModel):
    """A passage of a document. With reasons under `suspicious` a model is given at most what is harmless in it."""

    document_id: UUID
    document_name: str
    ordinal: int
    heading: list[str]
    page: int
    page_end: int
    text: str
    score: float
    why: WhyDocument
    suspicious: list[str]

    @classmethod
    def of(cls, passage: Passage) -> "PassageDocument":
        """Show a passage."""
        why = passage.why
        return cls(
            document_id=passage.document_id,
            document_name=passage.document_name,
            ordinal=passage.ordinal,
            heading=list(passage.heading),
            page=passage.page,
            page_end=passage.page_end,
            text=passage.text,
            score=passage.score,
            why=WhyDocument(
                fused=why.fused,
                dense=HalfDocument.of(why.dense),
                sparse=HalfDocument.of(why.sparse),
                terms=list(why.terms),
                rerank=why.rerank,
            ),
            suspicious=list(passage.suspicious),
        )


class SearchAnswer(BaseModel):
    """What was found, best first."""

    query: str
    queries: list[str] = Field(description="What was searched for: the query, and what rewriting added.")
    items: list[PassageDocument]
    timings_ms: dict[str, float]

    @classmethod
    def of(cls, found: Found) -> "SearchAnswer":
        """Show what a search found."""
        return cls(
            query=found.query,
            queries=list(found.queries),
            items=[PassageDocument.of(passage) for passage in found.passages],
            timings_ms=found.timings_ms,
        )
