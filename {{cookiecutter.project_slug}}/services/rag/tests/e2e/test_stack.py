"""The service on the real stack: PostgreSQL, Redis, Qdrant, workers, and what happens when parts of it die.

The tests run in this order; each leaves the stack whole.
"""

from collections.abc import Iterator

import httpx2
import pytest

from servicekit.testkit.stack import Stack, eventually, image_size, readiness

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]

ADDED_BYTES = 900 * 1024 * 1024  # what the image may add to its base
QUESTION = {"question": "Which colour has the gate of the harbour in Brennick?"}


@pytest.fixture(scope="session")
def api(stack: Stack) -> Iterator[httpx2.Client]:
    with stack.client("rag") as client:
        yield client


def handbook(sections: int) -> bytes:
    """Write a Markdown document of so many sections; one of them holds what is asked for."""
    parts = [
        f"## Berth {n}\n\nBerth {n} takes ships of up to {n + 20} metres and is cleaned on day {n}."
        for n in range(sections)
    ]
    parts.insert(sections // 2, "## Gate\n\nThe gate of the harbour in Brennick is painted ochre every spring.")
    return "\n\n".join(["# The harbour of Brennick", *parts]).encode()


def upload(api: httpx2.Client, name: str, sections: int) -> str:
    answer = api.post("/v1/documents", files={"files": (name, handbook(sections), "text/markdown")})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["items"][0]["document"]["id"])


def ready(api: httpx2.Client, document: str) -> dict[str, object]:
    """Wait until a document can be asked."""

    def shown() -> dict[str, object] | None:
        found: dict[str, object] = api.get(f"/v1/documents/{document}").json()
        assert found["state"] != "failed", found
        return found if found["state"] == "ready" else None

    return eventually(shown)


def test_the_image_has_no_more_than_it_needs(stack: Stack) -> None:
    dockerfile = (stack.folder / "services/rag/Dockerfile").read_text(encoding="utf-8")
    base = next(line.split()[1] for line in dockerfile.splitlines() if line.startswith("FROM python:"))
    assert image_size(f"{stack.name}-rag") - image_size(base) < ADDED_BYTES


@pytest.mark.parametrize("service", ["rag", "rag-worker", "rag-beat"])
def test_a_container_knows_no_password_of_others(stack: Stack, service: str) -> None:
    secrets = {name: value for name, value in stack.secrets().items() if "PASSWORD" in name or "API_KEY" in name}
    known = stack.inside(service, "env")
    allowed = {"RAG_DATABASE_PASSWORD", "QDRANT_API_KEY"}
    assert {name for name, value in secrets.items() if value and value in known} == allowed


def test_a_document_is_read_and_answers_with_its_source(api: httpx2.Client) -> None:
    ready(api, upload(api, "harbour.md", 20))
    answer = api.post("/v1/ask", json=QUESTION)
    assert answer.status_code == 200, answer.text
    assert "ochre" in answer.json()["answer"]
    assert {citation["document_name"] for citation in answer.json()["citations"]} == {"harbour.md"}


def test_a_reading_whose_worker_is_killed_is_finished_once(stack: Stack, api: httpx2.Client) -> None:
    document = upload(api, "large.md", 12_000)
    eventually(lambda: api.get(f"/v1/documents/{document}").json()["state"] == "processing")
    stack.kill_inside("rag-worker")
    shown = ready(api, document)
    query = "select count(*), count(distinct ordinal) from chunks join revisions on revisions.id = chunks.revision_id"
    rows = stack.sql("rag", f"{query} where document_id = '{document}'")
    assert rows == f"{shown['chunks']}|{shown['chunks']}"


@pytest.mark.parametrize("part", ["redis", "qdrant", "postgres"])
def test_a_part_that_is_away_is_named_and_comes_back(stack: Stack, api: httpx2.Client, part: str) -> None:
    named = {"redis": "redis", "qdrant": "index", "postgres": "database"}[part]
    stack.compose("stop", part)
    _, text = eventually(lambda: found if (found := readiness(api))[0] == 503 else None)
    assert named in text
    assert api.get("/livez").status_code == 200
    assert api.post("/v1/search", json={"query": "gate"}).status_code in ({200} if part == "redis" else {503})
    stack.compose("start", part)
    eventually(lambda: readiness(api)[0] == 200)
    eventually(lambda: "ochre" in api.post("/v1/ask", json=QUESTION).json().get("answer", ""))


def test_a_store_of_vectors_that_was_lost_is_filled_again(stack: Stack, api: httpx2.Client) -> None:
    stack.compose("rm", "--stop", "--force", "--volumes", "qdrant")
    stack.up("qdrant")
    stack.compose("restart", "rag")
    eventually(lambda: readiness(api)[0] == 200)
    eventually(lambda: "ochre" in api.post("/v1/ask", json=QUESTION).json().get("answer", ""))
