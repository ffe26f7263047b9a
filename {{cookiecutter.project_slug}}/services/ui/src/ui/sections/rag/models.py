"""What the service answers, as far as these pages show it. Fields that are not named here are passed over."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from ui.http.jobs import Failure, Progress

DocumentState = Literal["queued", "processing", "ready", "failed"]


class Document(BaseModel):
    """A document of the library."""

    id: str
    name: str
    media_type: str = ""
    size: int = 0
    pages: int | None = None
    chunks: int | None = None
    state: DocumentState
    searchable: bool = False
    progress: Progress | None = None
    error: Failure | None = None
    tags: list[str] = []
    created_at: datetime
    updated_at: datetime

    @property
    def busy(self) -> bool:
        """Whether work on it goes on."""
        return self.state in ("queued", "processing")


class DocumentPage(BaseModel):
    """Some documents, newest first."""

    items: list[Document]
    next_cursor: str | None = None


class Accepted(BaseModel):
    """What became of one uploaded file."""

    document: Document
    job_id: str | None = None
    outcome: Literal["accepted", "unchanged", "replaces"]


class RefusedFile(BaseModel):
    """A file that was not taken, and why."""

    name: str
    code: str
    detail: str = ""
    hint: str | None = None


class Upload(BaseModel):
    """The answer to an upload."""

    items: list[Accepted] = []
    refused: list[RefusedFile] = []


class PageText(BaseModel):
    """The text of one page."""

    document_id: str
    document_name: str
    page: int
    pages: int
    text: str


class Citation(BaseModel):
    """What a marker in an answer stands on."""

    marker: int
    document_id: str
    document_name: str
    page: int
    quote: str = ""


class Source(BaseModel):
    """A passage that the model read."""

    document_id: str
    document_name: str
    heading: list[str] = []
    page: int
    page_end: int | None = None
    text: str = ""
    score: float = 0
    suspicious: list[str] = []


class Sources(BaseModel):
    """The passages of one answer; the first is cited as [1]."""

    items: list[Source] = []


class Withheld(BaseModel):
    """A passage that was kept away from the model, whole or in part."""

    document_id: str
    document_name: str
    page: int
    whole: bool = True
    reasons: list[str] = []


class Token(BaseModel):
    """A piece of an answer."""

    text: str


class Prompt(BaseModel):
    """The version of a prompt."""

    name: str
    version: str


class Tokens(BaseModel):
    """Tokens that an answer took."""

    input: int = 0
    output: int = 0
    estimated: bool = False


class Meta(BaseModel):
    """How an answer came about."""

    model: str | None = None
    provider: str | None = None
    prompt: Prompt | None = None
    tokens: Tokens = Tokens()
    cost_usd: float = 0
    cache: str | None = None
    timings_ms: dict[str, float] = {}
    trace_id: str | None = None
    request_id: str | None = None
    fell_back_from: list[str] = []


Rating = Literal["up", "down"]


class Feedback(BaseModel):
    """What somebody thought of an answer."""

    rating: Rating
    comment: str | None = None


class GivenFeedback(Feedback):
    """The same, with the answer that it is about."""

    answer_id: str


class FeedbackPage(BaseModel):
    """Some feedback, that on the newest answers first."""

    items: list[GivenFeedback]


class Answer(BaseModel):
    """An answer with what it stands on."""

    id: str
    conversation_id: str | None = None
    question: str
    standalone_question: str = ""
    answer: str
    abstained: bool = False
    support: float = 0
    citations: list[Citation] = []
    removed_citations: int = 0
    sources: list[Source] = []
    withheld: list[Withheld] = []
    meta: Meta = Meta()
    created_at: datetime


class Thread(BaseModel):
    """A conversation in a list."""

    id: str
    title: str
    created_at: datetime
    updated_at: datetime


class ThreadPage(BaseModel):
    """Some conversations, the latest first."""

    items: list[Thread]
    next_cursor: str | None = None


class Message(BaseModel):
    """A question, or the answer to it (which repeats the question)."""

    role: str
    answer: Answer | None = None


class Conversation(Thread):
    """A conversation with everything that was said."""

    messages: list[Message] = []

    @property
    def answers(self) -> list[Answer]:
        """The answers, each of which holds its question."""
        return [message.answer for message in self.messages if message.answer]


class Share(BaseModel):
    """A link that shows a conversation to anybody. Its token is told once, when it is made."""

    id: str
    token: str | None = None
    created_at: datetime
    expires_at: datetime | None = None


class Shares(BaseModel):
    """The links of a conversation."""

    items: list[Share] = []


class SharedCitation(BaseModel):
    """What a marker in a shared answer stands on."""

    marker: int
    document_name: str
    page: int
    quote: str = ""


class SharedMessage(BaseModel):
    """A message, as anybody with the link sees it."""

    role: str
    text: str
    citations: list[SharedCitation] = []


class SharedConversation(BaseModel):
    """A conversation, as anybody with the link sees it."""

    title: str
    created_at: datetime
    messages: list[SharedMessage] = []


class Model(BaseModel):
    """A model that can be asked."""

    id: str
    owned_by: str = ""


class Models(BaseModel):
    """The models that can be asked."""

    data: list[Model] = []
