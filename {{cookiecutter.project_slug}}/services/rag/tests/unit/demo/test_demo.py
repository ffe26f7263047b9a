import argparse
import io
import json
import re
from collections.abc import Callable
from importlib import resources

import httpx2
import pytest

from rag.demo.cli import add_commands
from rag.demo.client import Service
from rag.demo.play import HANDBOOK, HARBOUR, LUGGAGE, NEW_RULE, OLD_RULE, run
from rag.settings import RagSettings
from servicekit.narrator import DemoFailed, Narrator
from servicekit.testkit.settings import make_settings

PIER = "From which pier"
ANSWERS = {
    LUGGAGE: ("Together up to 30 kilograms [1].", HANDBOOK),
    "What does a bicycle": ("It costs 3 crowns [1], and they leave from pier 2 [2].", HARBOUR),
    PIER: ("From pier 3 [1].", HARBOUR),
    "And ferries": ("From pier 2 [1].", HARBOUR),
    "Which wines": ("I do not know.", None),
}


class ScriptedService:
    """A service that plays its part; single answers can be overridden by `lies`, by the end of the path."""

    def __init__(self, **lies) -> None:
        self.lies = lies
        self.editions = 0
        self.sent: list[str] = []
        self.tags = ["demo"]

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        self.sent.append(f"{request.method} {path}")
        for part, answer in self.lies.items():
            if path.endswith(part):
                return answer
        return reply(self.answer(request, path))

    def answer(self, request: httpx2.Request, path: str) -> object:
        if path == "/v1/documents" and request.method == "GET":
            return {"items": [{"id": "old", "tags": self.tags}]}
        if path == "/v1/documents":
            return self.upload(request.content)
        if path.startswith("/v1/documents/"):
            return document(path.rsplit("/", 1)[1])
        if path.startswith("/v1/jobs/"):
            return {"finished_at": "now", "state": "succeeded"}
        if path == "/v1/search":
            return {"items": [found(HANDBOOK, "Animals")]}
        if path == "/v1/ask":
            return self.say(json.loads(request.content)["question"])
        if path == "/v1/feedback":
            return {"items": [{"answer_id": "a1", "rating": "up"}]}
        return {}

    def upload(self, content: bytes) -> dict:
        names = [name for name in (HANDBOOK, HARBOUR) if name.encode() in content]
        self.editions += 1
        outcome = "accepted" if self.editions == 1 else "replaces"
        items = [{"document": {"id": name}, "job_id": "j1", "outcome": outcome} for name in names]
        return {"items": items, "refused": []}

    def say(self, question: str) -> dict:
        text, source = next(answer for start, answer in ANSWERS.items() if question.startswith(start))
        if self.editions > 1 and "30" in text:
            text = "Together up to 25 kilograms [1]."
        sources = [found(HANDBOOK, "Luggage"), found(HARBOUR, "Piers")] if "[2]" in text else [found(source, "One")]
        cited = [
            {"marker": int(number), "document_name": sources[int(number) - 1]["document_name"], "quote": "so it says"}
            for number in re.findall(r"\[(\d)\]", text)
        ]
        return {
            "id": "a1",
            "conversation_id": "c1",
            "standalone_question": question,
            "answer": text,
            "abstained": source is None,
            "support": 1.0,
            "citations": cited,
            "sources": sources,
            "meta": {"model": "offline", "cost_usd": "0.001", "tokens": {"input": 10, "output": 5}},
        }


def found(name: str | None, heading: str) -> dict:
    why = {"dense": {"rank": 1}, "sparse": None, "terms": ["dog"]}
    return {"document_name": name, "page": 1, "heading": [heading], "score": 0.5, "why": why}


def document(name: str, state: str = "ready", **rest) -> dict:
    progress = {"fraction": 0.5, "message": None}
    return {"id": name, "name": name, "state": state, "media_type": "text", "chunks": 7, "progress": progress} | rest


def reply(body: object, status: int = 200) -> httpx2.Response:
    return httpx2.Response(status, json=body)


def perform(script: Callable[[httpx2.Request], httpx2.Response]) -> str:
    out = io.StringIO()
    with Service("http://service/", "key", transport=httpx2.MockTransport(script)) as service:
        run(service, Narrator(out))
    return out.getvalue()


def test_the_story_is_told_to_its_end_and_leaves_nothing_behind() -> None:
    script = ScriptedService()
    told = perform(script)
    assert "9. What happened" in told
    assert "6 questions, answered by offline, for 0.006 US dollars" in told
    assert "ok: nothing of the old edition is left" in told
    assert "[2] vessa-harbour.html, page 1, Piers" in told
    assert script.sent.count("DELETE /v1/documents/old") == 2  # what an earlier performance has left
    assert {f"DELETE /v1/documents/{HANDBOOK}", f"DELETE /v1/documents/{HARBOUR}"} <= set(script.sent)


def ask(text: str, **rest) -> httpx2.Response:
    return reply(ScriptedService().say(LUGGAGE) | {"answer": text} | rest)


LIES = {
    "is not ready": {"/readyz": reply({}, 503)},
    "answered 422": {"/v1/ask": reply({"detail": "no"}, 422)},
    "the answer says “30 kilograms”": {"/v1/ask": ask("Together 300.")},
    "it cites skerry": {"/v1/ask": ask("30 kilograms.", citations=[])},
    "could not be read: too large": {f"/{HANDBOOK}": reply(document(HANDBOOK, "failed", error="too large"))},
    "animals is first": {"/v1/search": reply({"items": [found(HARBOUR, "Parking")]})},
    "the rating is kept": {"/v1/feedback": reply({"items": []})},
    "ended as failed: bad": {
        "/v1/jobs/j1": reply({"finished_at": "x", "state": "failed", "kind": "k", "error": "bad"})
    },
}


@pytest.mark.parametrize(("complaint", "lies"), LIES.items())
def test_the_first_thing_that_is_not_true_ends_the_story(complaint, lies) -> None:
    with pytest.raises(DemoFailed, match=complaint):
        perform(ScriptedService(**lies))


def test_a_refused_document_ends_the_story() -> None:
    script = ScriptedService()
    script.upload = lambda _: {"items": [], "refused": [{"name": HANDBOOK, "code": "too_large"}]}
    with pytest.raises(DemoFailed, match=r"refused.*too_large"):
        perform(script)


def test_a_document_of_somebody_else_is_not_touched() -> None:
    script = ScriptedService()
    script.tags = ["mine"]
    with pytest.raises(DemoFailed, match="not the demonstration's"):
        perform(script)
    assert not any(line.startswith("DELETE") for line in script.sent)


def test_the_documents_are_deleted_when_the_story_breaks_off() -> None:
    script = ScriptedService(**{"/v1/search": reply({"items": []})})
    with pytest.raises(DemoFailed):
        perform(script)
    assert f"DELETE /v1/documents/{HANDBOOK}" in script.sent


def test_a_service_that_is_not_there_is_said_so() -> None:
    with Service("http://127.0.0.1:9", "key") as service, pytest.raises(DemoFailed, match="make dev"):
        service.require_ready()


def test_what_does_not_end_ends_the_story() -> None:
    job = {
        "finished_at": None,
        "state": "running",
        "kind": "document.ingest",
        "progress": {"fraction": 0, "message": ""},
    }
    script = ScriptedService(**{"/jobs/j": reply(job), "/documents/d": reply(document("d", "processing"))})
    with Service("http://service", "key", transport=httpx2.MockTransport(script)) as service:
        with pytest.raises(DemoFailed, match="was not read within"):
            service.follow("d", lambda *_: None, timeout=0)
        with pytest.raises(DemoFailed, match="did not end"):
            service.follow_job("j", lambda *_: None, timeout=0)


def test_what_cannot_be_deleted_is_said() -> None:
    script = ScriptedService(**{"/d": reply({}, 403)})
    with (
        Service("http://service", "key", transport=httpx2.MockTransport(script)) as service,
        pytest.raises(DemoFailed, match="DELETE /d answered 403"),
    ):
        service.delete("/d")


def test_the_shipped_documents_say_what_the_story_asks() -> None:
    handbook, harbour = [
        (resources.files("rag.demo") / "documents" / name).read_text(encoding="utf-8") for name in (HANDBOOK, HARBOUR)
    ]
    assert OLD_RULE in handbook
    assert NEW_RULE not in handbook
    assert "wine" not in handbook + harbour
    assert "from pier 2" in harbour


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_overwrites_itself_on_a_terminal() -> None:
    out = Terminal()
    narrator = Narrator(out)
    narrator.progress(0.5, "half")
    narrator.progress(0.5, "half")
    narrator.end_progress()
    assert out.getvalue().count("half") == 1
    assert out.getvalue().startswith("\r")
    assert out.getvalue().endswith("\n")


def run_command(settings: RagSettings, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(), lambda: settings)
    parsed = parser.parse_args(["demo", *arguments])
    return parsed.run(parsed)


def test_the_command_needs_a_key(tmp_path, capsys) -> None:
    assert run_command(make_settings(RagSettings, tmp_path)) == 2
    assert "RAG_KEY" in capsys.readouterr().err


def test_the_command_says_when_nothing_answers(tmp_path, capsys) -> None:
    settings = make_settings(RagSettings, tmp_path, rag_key="pk_x", rag_url="http://127.0.0.1:9")
    assert run_command(settings) == 1
    assert "nothing answers at http://127.0.0.1:9" in capsys.readouterr().err
