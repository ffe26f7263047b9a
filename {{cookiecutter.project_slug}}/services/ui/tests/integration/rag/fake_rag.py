"""The service of documents, as its HTTP contract says, with some documents in memory."""

import threading
import time
from collections.abc import Iterator

from contract import contract_of
from fake_service import FakeService, Json, Request, Response, event, problem
from rag_samples import (
    PAGES,
    QUOTE,
    T0,
    T1,
    Thing,
    document,
    evaluation,
    finished_evaluation,
    job,
    new_id,
    usage_lines,
    usage_sum,
)  # fmt: skip

WORDS = (
    "Revenue ",
    "was **$4.2 million** ",
    "in 2025, up from $3.1 million ",
    "[1]. ",
    "Subscriptions ",
    "doubled [1].",
)
BLANK_SECONDS = 0.2


class FakeRag(FakeService):
    """Answers like the service does. `reading_seconds` is the time of an ingestion.

    While `may_end` is not set, an answer is not finished: blanks are written instead of its last word.
    """

    def __init__(self) -> None:
        super().__init__(contract_of("rag"))
        self.may_end = threading.Event()
        self.may_end.set()
        self.reading_seconds = 60.0
        self.begun: dict[str, float] = {}  # when the reading of a document began
        self.documents: list[Thing] = []
        self.conversations: dict[str, Thing] = {}
        self.answers: list[Thing] = []
        self.shares: list[Thing] = []
        self.feedback: dict[str, Thing] = {}
        self.evaluations: list[Thing] = []
        self.jobs: dict[str, Thing] = {}
        self.usage: list[Thing] = []
        self.stop = {"stopped": False, "reason": "", "actor": None, "changed_at": None}
        self.closed_streams = 0
        self._document_routes()
        self._conversation_routes()
        self._other_routes()

    # documents

    def _document_routes(self) -> None:
        self.add("GET", "/v1/documents", self._list)
        self.add("POST", "/v1/documents", self._upload)
        self.add("GET", "/v1/documents/{id}", lambda _, id: self._one(id))
        self.add("PATCH", "/v1/documents/{id}", self._change)
        self.add("DELETE", "/v1/documents/{id}", lambda _, id: self._remove(id))
        self.add("GET", "/v1/documents/{id}/pages/{page}", self._page)
        self.add(
            "GET", "/v1/documents/{id}/content", lambda _, id: Response(body=b"%PDF", media_type="application/pdf")
        )

    def _one(self, id: str) -> Thing:
        return next(one for one in self.documents if one["id"] == id)

    def _list(self, request: Request) -> Thing:
        for one in self.documents:
            self._read_on(one)
        query = request.query
        found = [
            one for one in self.documents
            if query.get("name", "").lower() in one["name"].lower()
            and query.get("tag") in (None, *one["tags"]) and query.get("state") in (None, one["state"])
        ]  # fmt: skip
        limit = int(query.get("limit", 20))
        return {"items": found[:limit], "next_cursor": "more" if len(found) > limit else None}

    def _read_on(self, one: Thing) -> None:
        if one["id"] not in self.begun:
            return
        fraction = (time.monotonic() - self.begun[one["id"]]) / self.reading_seconds
        if fraction >= 1:
            del self.begun[one["id"]]
        state, message = ("processing", "page 1 of 3") if fraction < 1 else ("ready", None)
        one |= {
            "state": state,
            "searchable": state == "ready",
            "progress": {"fraction": min(1.0, fraction), "message": message},
        }

    def _upload(self, request: Request) -> Json:
        files, fields = request.form()
        items, refused = [], []
        for name, content in files:
            if content.startswith(b"MZ"):
                refused.append(
                    {"name": name, "code": "unsupported_type", "detail": "It is a program.", "hint": "Upload a PDF."}
                )
            elif any(one["name"] == name and one["size"] == len(content) for one in self.documents):
                same = next(one for one in self.documents if one["name"] == name)
                items.append({"document": same, "job_id": None, "outcome": "unchanged"})
            else:
                tags = [tag for tag in fields.get("tags", "").split(",") if tag]
                made = document(name, "queued", size=len(content), tags=tags, created_at=T1, updated_at=T1)
                self.documents.insert(0, made)
                self.begun[made["id"]] = time.monotonic()
                items.append({"document": made, "job_id": new_id(), "outcome": "accepted"})
        status = 202 if items else 422
        if not items:
            return problem(422, "nothing_taken", "No file was taken.", "See what is said about each.", refused=refused)
        return Response(status, {"items": items, "refused": refused})

    def _change(self, request: Request, id: str) -> Thing:
        self._one(id).update(request.json)
        return self._one(id)

    def _remove(self, id: str) -> Response:
        self.documents.remove(self._one(id))
        return Response(204)

    def _page(self, _: Request, id: str, page: str) -> Json:
        one, number = self._one(id), int(page)
        texts = PAGES if one["pages"] else ["\n\n".join(PAGES)]  # a format without pages has one
        if not 1 <= number <= len(texts):
            return problem(404, "page_not_found", f"There is no page {page}.")
        text = texts[number - 1]
        return {"document_id": id, "document_name": one["name"], "page": number, "pages": len(texts), "text": text}

    # asking

    def _conversation_routes(self) -> None:
        self.add("POST", "/v1/ask", self._ask)
        self.add("GET", "/v1/conversations", self._threads)
        self.add("GET", "/v1/conversations/{id}", lambda _, id: self._thread(id))
        self.add("PATCH", "/v1/conversations/{id}", self._rename)
        self.add("DELETE", "/v1/conversations/{id}", lambda _, id: Response(204, self.conversations.pop(id)))
        self.add("GET", "/v1/conversations/{id}/export", self._export)
        self.add(
            "GET", "/v1/conversations/{id}/shares", lambda _, id: {"items": [_without_token(s) for s in self.shares]}
        )
        self.add("POST", "/v1/conversations/{id}/shares", self._share)
        self.add("DELETE", "/v1/conversations/{id}/shares/{share}", self._revoke)
        self.add("GET", "/v1/shared/{token}", self._shared, open_to_all=True)
        self.add("POST", "/v1/answers/{id}/feedback", self._judge)
        self.add("GET", "/v1/feedback", lambda _: {"items": list(self.feedback.values()), "next_cursor": None})

    def begin(self, title: str, *questions: str) -> str:
        """Make a conversation with answered questions."""
        id = new_id()
        self.conversations[id] = {
            "id": id,
            "title": title,
            "turns": 0,
            "created_at": T0,
            "updated_at": T1,
            "messages": [],
        }
        for question in questions:
            self.say(id, question)
        return id

    def say(self, id: str, question: str, **more: Json) -> Thing:
        given = {**self.make_answer(id, question), **more}
        self.conversations[id]["messages"] += [
            {"role": "user", "text": question, "answer": None, "created_at": T1},
            {"role": "assistant", "text": given["answer"], "answer": given, "created_at": T1},
        ]
        self.conversations[id]["turns"] += 1
        return given

    def make_answer(self, id: str, question: str) -> Thing:
        source = self.documents[0]
        where = {"document_id": source["id"], "document_name": source["name"], "page": 2, "ordinal": 3}
        why = {"fused": 0.03, "dense": None, "sparse": None, "terms": ["revenue"], "rerank": None}
        passage = {**where, "heading": ["Results", "Revenue"], "page_end": 2, "text": QUOTE, "score": 0.032, "why": why}
        return {
            "id": new_id(), "conversation_id": id, "question": question, "standalone_question": question + " (in 2025)",
            "answer": "".join(WORDS), "abstained": False, "support": 0.94,
            "citations": [{**where, "marker": 1, "quote": QUOTE}], "removed_citations": 1, "data": None,
            "sources": [{**passage, "suspicious": []}], "withheld": [],
            "meta": {
                "model": "offline", "provider": "offline", "prompt": {"name": "answer", "version": "1"},
                "tokens": {"input": 1210, "output": 38, "estimated": True}, "cost_usd": "0.000412", "cache": None,
                "timings_ms": {"retrieve": 12.4, "answer": 80.2, "total": 93.1}, "trace_id": "4bf92f3577b34da6",
                "request_id": "req-7", "attempts": 1, "fell_back_from": [],
            },
            "created_at": T1,
        }  # fmt: skip

    def _ask(self, request: Request) -> Json:
        asked = request.json
        known = asked.get("conversation_id")
        if known and known not in self.conversations:
            return problem(404, "conversation_not_found", "There is no such conversation.")
        id = known or self.begin(asked["question"][:60])
        return Response(media_type="text/event-stream", chunks=self._tokens(id, asked["question"]))

    def _tokens(self, id: str, question: str) -> Iterator[bytes]:
        try:
            yield b": keep-alive\n\n"
            found = self.make_answer(id, question)
            yield event("sources", {"items": found["sources"], "withheld": found["withheld"]})
            for word in WORDS[:-1]:
                yield event("token", {"text": word})
            while not self.may_end.wait(BLANK_SECONDS):
                yield event("token", {"text": " "})
            yield event("token", {"text": WORDS[-1]})
            if question == "break":
                return
            if question == "fail":
                busy = problem(503, "model_overloaded", "The model is busy.", "Ask again.", instance="/v1/ask")
                yield event("error", busy.body)
                return
            yield event("answer", self.say(id, question))
        except GeneratorExit:
            self.closed_streams += 1
            raise

    def _threads(self, request: Request) -> Thing:
        newest = list(reversed(self.conversations.values()))
        limit = int(request.query.get("limit", 50))
        items = [{name: one[name] for name in one if name != "messages"} for one in newest[:limit]]
        return {"items": items, "next_cursor": items[-1]["id"] if len(newest) > limit else None}

    def _thread(self, id: str) -> Json:
        found = self.conversations.get(id)
        return found or problem(404, "conversation_not_found", "There is no such conversation.")

    def _rename(self, request: Request, id: str) -> Json:
        self.conversations[id]["title"] = request.json["title"]
        return self.conversations[id]

    def _export(self, request: Request, id: str) -> Response:
        thread = self.conversations[id]
        if request.query["format"] == "json":
            return Response(body=thread)
        texts = [f"# {thread['title']}", *(message["text"] for message in thread["messages"])]
        return Response(body="\n\n".join(texts).encode(), media_type="text/markdown")

    def share(self, id: str) -> Thing:
        """Make a link to a conversation."""
        made = {
            "id": new_id(), "conversation": id, "token": "tok-" + new_id()[:8], "turns": 1, "created_at": T1,
            "expires_at": "2026-12-26T18:30:00Z",
        }  # fmt: skip
        self.shares.append(made)
        return made

    def _share(self, _: Request, id: str) -> Response:
        made = self.share(id)
        return Response(201, made | {"path": f"/v1/shared/{made['token']}"})

    def _revoke(self, _: Request, id: str, share: str) -> Response:
        self.shares = [one for one in self.shares if one["id"] != share]
        return Response(204)

    def _shared(self, _: Request, token: str) -> Json:
        share = next((one for one in self.shares if one["token"] == token), None)
        if share is None:
            return problem(404, "share_not_found", "This link does not work.")
        thread = self.conversations[share["conversation"]]
        messages = [
            {
                "role": one["role"], "text": one["text"], "created_at": T1,
                "citations": [{k: c[k] for k in ("marker", "document_name", "page", "quote")} for c in cited(one)],
            }
            for one in thread["messages"]
        ]  # fmt: skip
        return {"title": thread["title"], "created_at": T0, "messages": messages}

    def _judge(self, request: Request, id: str) -> Thing:
        found = {
            message["answer"]["id"]: message["answer"]
            for thread in self.conversations.values()
            for message in thread["messages"]
            if message["answer"]
        }[id]
        about = {name: found[name] for name in ("conversation_id", "question", "standalone_question", "answer")}
        judged = {"answer_id": id, "comment": None, "created_at": T1, "updated_at": T1}
        self.feedback[id] = judged | about | request.json
        return self.feedback[id]

    # the rest

    def _other_routes(self) -> None:
        models = [
            {"id": "rag", "object": "model", "owned_by": "rag"},
            {"id": "rag:offline", "object": "model", "owned_by": "offline"},
        ]
        self.add("GET", "/v1/models", lambda _: {"object": "list", "data": models})
        self.add("GET", "/v1/evaluations", lambda _: {"items": self.evaluations, "next_cursor": None})
        self.add("POST", "/v1/evaluations", self._evaluate)
        self.add("GET", "/v1/evaluations/{id}", lambda _, id: next(one for one in self.evaluations if one["id"] == id))
        self.add("GET", "/v1/jobs/{id}", lambda _, id: self.jobs[id])
        self.add("GET", "/v1/usage", self._usage)
        self.add("GET", "/v1/models/stop", lambda _: self.stop)
        self.add("PUT", "/v1/models/stop", self._turn)

    def _evaluate(self, request: Request) -> Response:
        id = new_id()
        asked = request.json
        self.jobs[id] = job(id, "running")
        self.evaluations.insert(0, evaluation(id, asked["set"], "running"))
        return Response(202, self.jobs[id])

    def _usage(self, _: Request) -> Thing:
        budget = {"day": "2026-11-26", "limit_usd": "5", "spent_usd": "1.25", "reserved_usd": "0"}
        return {
            "since": "2026-10-28",
            "until": "2026-11-26",
            "by": ["day", "model"],
            "items": self.usage,
            "total": usage_sum(self.usage),
            "budget": budget,
        }

    def _turn(self, request: Request) -> Thing:
        self.stop = {**request.json, "actor": "development key", "changed_at": T1}
        return self.stop


def cited(message: Thing) -> list[Thing]:
    return message["answer"]["citations"] if message["answer"] else []


def _without_token(share: Thing) -> Thing:
    return {name: value for name, value in share.items() if name not in ("token", "conversation")}


def filled() -> FakeRag:
    """Return a service with documents in every state, conversations, evaluations and usage."""
    fake = FakeRag()
    broken = {"code": "encrypted", "detail": "The file is protected by a password.", "hint": None}
    busy = {"fraction": 0.4, "message": "page 12 of 30"}
    fake.documents = [
        document("report-2025.pdf", tags=["finance", "2025"]),
        document("handbook_v2.docx", pages=None, chunks=212, size=88_000, tags=["people"]),
        document("minutes.pdf", "processing", progress=busy, pages=None, chunks=None),
        document("secret.pdf", "failed", error=broken, pages=None, chunks=None, size=912),
    ]
    fake.evaluations = [finished_evaluation(), evaluation(new_id(), "project", "failed")]
    nothing = {"code": "no_documents", "detail": "There is nothing to search.", "hint": None}
    fake.jobs = {
        one["id"]: job(one["id"], "dead_letter", error=nothing) for one in fake.evaluations
    }  # fmt: skip
    fake.usage = usage_lines()
    return fake
