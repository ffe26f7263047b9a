"""Everything these pages ask the service."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from pydantic import JsonValue

from ui.http.api import Api, File, parse_event, parse_problem
from ui.http.events import Event
from ui.http.jobs import Job, Jobs
from ui.sections.rag.measures import Evaluation, EvaluationPage, StopSwitch, Usage
from ui.sections.rag.models import (
    Answer,
    Conversation,
    Document,
    DocumentPage,
    Feedback,
    FeedbackPage,
    Models,
    PageText,
    Share,
    SharedConversation,
    Shares,
    Sources,
    ThreadPage,
    Token,
    Upload,
)

Piece = Sources | Token | Answer


@dataclass(frozen=True, slots=True)
class AskOptions:
    """How to search and which model to ask; None leaves a choice to the service."""

    model: str | None = None
    mode: str | None = None
    rerank: bool | None = None
    expansion: str | None = None
    rewriting: str | None = None
    limit: int | None = None
    tags: tuple[str, ...] = ()

    @property
    def changed(self) -> int:
        """How many choices differ from the service's own."""
        return sum(value not in (None, ()) for value in (getattr(self, name) for name in self.__slots__))

    def retrieval(self) -> dict[str, JsonValue]:
        """Return the part of a request that is about searching."""
        chosen: dict[str, JsonValue] = {
            name: getattr(self, name)
            for name in ("mode", "rerank", "expansion", "rewriting", "limit")
            if getattr(self, name) is not None
        }
        return chosen | ({"filter": {"tags": list(self.tags)}} if self.tags else {})


class Rag:
    """The service, as its pages need it."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.jobs = Jobs(api)

    # documents

    def documents(
        self, *, name: str = "", tag: str | None = None, state: str | None = None, limit: int = 20
    ) -> DocumentPage:
        """List documents, newest first."""
        return self.api.get(DocumentPage, "/v1/documents", {"name": name, "tag": tag, "state": state, "limit": limit})

    def upload(self, files: Sequence[File], tags: Sequence[str]) -> Upload:
        """Hand in documents; each is read by a job."""
        return self.api.upload(Upload, "/v1/documents", [("files", file) for file in files], {"tags": ",".join(tags)})

    def tag(self, document_id: str, tags: Sequence[str]) -> Document:
        """Replace a document's tags."""
        return self.api.send(Document, "PATCH", f"/v1/documents/{document_id}", {"tags": list(tags)})

    def delete_document(self, document_id: str) -> None:
        """Delete a document and everything made of it."""
        self.api.do("DELETE", f"/v1/documents/{document_id}")

    def page(self, document_id: str, page: int) -> PageText:
        """Read the text of a page."""
        return self.api.get(PageText, f"/v1/documents/{document_id}/pages/{page}")

    def content(self, document_id: str) -> bytes:
        """Read a document as it was uploaded."""
        return self.api.download(f"/v1/documents/{document_id}/content")

    # answers

    def models(self) -> Models:
        """List the models that can be asked."""
        return self.api.get(Models, "/v1/models")

    @contextmanager
    def ask(self, question: str, thread: str | None, options: AskOptions) -> Iterator[Iterator[Piece]]:
        """Ask, and read sources, tokens and the answer while they come. Leaving the block ends the work on it."""
        body: dict[str, JsonValue] = {"question": question, "stream": True}
        body |= {"conversation_id": thread} if thread else {}
        body |= {"model": options.model} if options.model else {}
        body |= {"retrieval": retrieval} if (retrieval := options.retrieval()) else {}
        with self.api.stream("/v1/ask", body) as events:
            yield _pieces(events)

    def rate(self, answer_id: str, feedback: Feedback) -> None:
        """Say what an answer was like; a second time replaces the first."""
        self.api.do("POST", f"/v1/answers/{answer_id}/feedback", feedback.model_dump(exclude_none=True))

    def feedback(self) -> FeedbackPage:
        """List what was said about the newest answers."""
        return self.api.get(FeedbackPage, "/v1/feedback", {"limit": 200})

    # threads

    def threads(self, limit: int = 30) -> ThreadPage:
        """List conversations, the latest first."""
        return self.api.get(ThreadPage, "/v1/conversations", {"limit": limit})

    def thread(self, thread_id: str) -> Conversation:
        """Read a conversation."""
        return self.api.get(Conversation, f"/v1/conversations/{thread_id}")

    def rename(self, thread_id: str, title: str) -> None:
        """Give a conversation another title."""
        self.api.do("PATCH", f"/v1/conversations/{thread_id}", {"title": title})

    def delete_thread(self, thread_id: str) -> None:
        """Delete a conversation."""
        self.api.do("DELETE", f"/v1/conversations/{thread_id}")

    def export(self, thread_id: str, form: str) -> bytes:
        """Read a conversation as a file: `json` or `markdown`."""
        return self.api.download(f"/v1/conversations/{thread_id}/export", {"format": form})

    def share(self, thread_id: str) -> Share:
        """Make a link; its token is told this once."""
        return self.api.send(Share, "POST", f"/v1/conversations/{thread_id}/shares")

    def shares(self, thread_id: str) -> Shares:
        """List the links of a conversation."""
        return self.api.get(Shares, f"/v1/conversations/{thread_id}/shares")

    def revoke(self, thread_id: str, share_id: str) -> None:
        """End a link."""
        self.api.do("DELETE", f"/v1/conversations/{thread_id}/shares/{share_id}")

    def shared(self, token: str) -> SharedConversation:
        """Read what a link shows."""
        return self.api.get(SharedConversation, f"/v1/shared/{quote(token, safe='')}")

    # evaluations

    def evaluations(self, limit: int = 20) -> EvaluationPage:
        """List evaluations, newest first."""
        return self.api.get(EvaluationPage, "/v1/evaluations", {"limit": limit})

    def evaluation(self, evaluation_id: str) -> Evaluation:
        """Look at one, with every question."""
        return self.api.get(Evaluation, f"/v1/evaluations/{evaluation_id}")

    def evaluate(self, name: str, first: AskOptions, second: AskOptions | None) -> Job:
        """Start one over a named set of questions; with a second configuration both are compared."""
        body: dict[str, JsonValue] = {"set": name, "retrieval": first.retrieval()}
        body |= {"compare_with": second.retrieval()} if second else {}
        return self.api.send(Job, "POST", "/v1/evaluations", body)

    # money

    def usage(self, since: date, until: date) -> Usage:
        """Read what was used from one day to another, by day and model."""
        query = {"since": since.isoformat(), "until": until.isoformat(), "by": "day,model"}
        return self.api.get(Usage, "/v1/usage", query)

    def switch(self) -> StopSwitch:
        """Whether models may be called."""
        return self.api.get(StopSwitch, "/v1/models/stop")

    def set_switch(self, *, stopped: bool, reason: str) -> StopSwitch:
        """Forbid or allow every call of a model."""
        return self.api.send(StopSwitch, "PUT", "/v1/models/stop", {"stopped": stopped, "reason": reason})


def _pieces(events: Iterator[Event]) -> Iterator[Piece]:
    for event in events:
        match event.name:
            case "sources":
                yield parse_event(Sources, event)
            case "token":
                yield parse_event(Token, event)
            case "answer":
                yield parse_event(Answer, event)
                return
            case "error":
                raise parse_problem(event)
