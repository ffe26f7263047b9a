"""What callers ask and what they are answered."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictBool, StringConstraints

from rag.answering.withholding import Withheld
from rag.fields import JSON_OBJECT, NumberOnly
from rag.retrieval.schemas import PassageDocument, QuestionText, RetrievalRequest

ModelName = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


Temperature = Annotated[float, Field(ge=0, le=2, allow_inf_nan=False), NumberOnly]
AnswerSchema = Annotated[
    dict[str, JsonValue],
    Field(json_schema_extra={"properties": {"type": {"const": "object"}}, "required": ["type"], **JSON_OBJECT}),
]
"""A JSON schema of an object. The document says no more of it, because it would be the schema of all schemas."""


class AskRequest(BaseModel):
    """A question."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    question: QuestionText
    conversation_id: UUID | None = Field(
        default=None, description="The conversation that it goes on with; without one a new conversation begins."
    )
    model: ModelName | None = Field(default=None, description="One of `GET /v1/models`, without the prefix `rag:`.")
    temperature: Temperature | None = None
    answer_schema: AnswerSchema | None = Field(
        default=None, alias="schema", description="A JSON schema of an object; the answer follows it, under `data`."
    )
    retrieval: RetrievalRequest = RetrievalRequest()
    stream: StrictBool = Field(default=False, description="Answer with events; so does `Accept: text/event-stream`.")


class CitationDocument(BaseModel):
    """A marker of the answer, with the words of the document that it stands on."""

    marker: int
    document_id: UUID
    document_name: str
    page: int
    quote: str
    ordinal: int


class WithheldDocument(BaseModel):
    """A passage that was kept away from the model, whole or in part, because it speaks to the model."""

    document_id: UUID
    document_name: str
    page: int
    ordinal: int
    whole: bool = Field(description="Whether all of the passage was kept away; else the rest is among the sources.")
    reasons: list[str] = Field(description="What was seen in the passage, its headings or the document's name.")

    @classmethod
    def of(cls, withheld: Withheld) -> "WithheldDocument":
        """Show it, without the text itself."""
        passage = withheld.passage
        return cls(
            document_id=passage.document_id,
            document_name=passage.document_name,
            page=passage.page,
            ordinal=passage.ordinal,
            whole=withheld.whole,
            reasons=list(passage.suspicious),
        )


class SourcesDocument(BaseModel):
    """What is known before the answer: what the model reads, in the order of the markers, and what it does not."""

    items: list[PassageDocument]
    withheld: list[WithheldDocument]


class PromptDocument(BaseModel):
    """The version of the prompt that the answer was made with."""

    name: str
    version: str


class TokensDocument(BaseModel):
    """Tokens of all model calls that the answer took."""

    input: int
    output: int
    estimated: bool


class AnswerMeta(BaseModel):
    """How the answer came about. Without a model call there is no model and nothing was spent."""

    model: str | None
    provider: str | None
    prompt: PromptDocument | None
    tokens: TokensDocument
    cost_usd: str = Field(description="A decimal number: the cost of all model calls that the answer took.")
    cache: Literal["exact", "semantic"] | None
    timings_ms: dict[str, float]
    trace_id: str | None
    request_id: str | None
    attempts: int
    fell_back_from: list[str]


class Answer(BaseModel):
    """An answer with what it stands on."""

    id: UUID
    conversation_id: UUID | None
    question: str
    standalone_question: str = Field(description="The question as it was searched for: a follow-up is completed.")
    answer: str
    abstained: bool
    support: float = Field(ge=0, le=1, description="Share of the answer's words that the cited passages hold.")
    citations: list[CitationDocument]
    removed_citations: int = Field(
        description="Markers that were taken out because nothing supports them, or with an answer that was withheld."
    )
    data: dict[str, JsonValue] | None = Field(description="The answer in the caller's schema.")
    sources: list[PassageDocument] = Field(description="What the model read; the first is cited as [1].")
    withheld: list[WithheldDocument] = Field(default=[], description="What was found and kept away from the model.")
    meta: AnswerMeta
    created_at: datetime
