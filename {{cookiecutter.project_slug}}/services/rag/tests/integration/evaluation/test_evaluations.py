"""Evaluations over HTTP: asked for, run as a job, looked at."""

import json
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rag.answering.schemas import Answer, AnswerMeta, CitationDocument, TokensDocument
from rag.conversations.models import Conversation, Feedback, Message
from rag.evaluation.errors import JudgeUnavailable
from rag.evaluation.files import read_cases
from rag.evaluation.memory import MemoryAnswering, MemorySearching
from rag.evaluation.observations import Given
from rag.evaluation.parts import EvaluationParts
from rag.indexing.ports import IndexUnavailable
from servicekit.database import utc_now, uuid7

CASES = [
    {"id": "port", "question": "Which port?", "answer": "The port is 8002.", "document": "a.md", "facts": ["8002"]},
    {"id": "moon", "question": "How far is the moon?", "kind": "unanswerable"},
]
GIVEN = {"port": Given("The port is 8002.", False), "moon": Given("I do not know.", True)}
pytestmark = pytest.mark.settings(evaluation__mlflow=False)


class AwaySearching:
    async def search(self, tenant, case, options):
        raise IndexUnavailable("away")


@pytest.fixture
def parts() -> EvaluationParts:
    return EvaluationParts(MemorySearching({}), MemoryAnswering(GIVEN), configuration={"embedder": "hashed"})


@pytest.fixture
async def run(job_runner, resources, parts):
    """Run the queued jobs with parts that say what they were told to."""

    async def run(changed: EvaluationParts = parts):
        return await job_runner.run_all(replace(resources, open_evaluation=lambda: nullcontext(changed)))

    return run


async def start(client, **body) -> dict:
    answer = await client.post("/v1/evaluations", json=body)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def test_an_evaluation_is_asked_for_run_and_looked_at(client, run) -> None:
    job = await start(client, cases=CASES)
    waiting = (await client.get(f"/v1/evaluations/{job['id']}")).json()
    assert (waiting["state"], waiting["report"], waiting["cases"], waiting["set"]) == ("queued", None, 2, "own")
    (done,) = await run()
    assert done.result["metrics"]["facts"] == 1
    found = (await client.get(f"/v1/evaluations/{job['id']}")).json()
    assert found["state"] == "succeeded"
    assert found["finished_at"] is not None
    assert found["report"]["metrics"]["abstention_recall"] == {"value": 1, "low": 1, "high": 1, "cases": 1}
    assert found["report"]["kinds"].keys() == {"single-hop", "unanswerable"}
    assert [row["id"] for row in found["report"]["rows"]] == ["port", "moon"]
    assert found["report"]["configuration"]["embedder"] == "hashed"
    assert found["comparison"] is None


async def test_two_ways_to_search_are_compared(client, run) -> None:
    job = await start(client, cases=CASES, retrieval={"mode": "hybrid"}, compare_with={"mode": "sparse"})
    (done,) = await run()
    assert done.progress_fraction == 1
    comparison = (await client.get(f"/v1/evaluations/{job['id']}")).json()["comparison"]
    assert (comparison["first"]["mode"], comparison["second"]["mode"]) == ("hybrid", "sparse")
    assert comparison["metrics"]["facts"]["verdict"] == "not shown"


async def test_the_projects_own_set_is_the_default(client, run, parts) -> None:
    job = await start(client)
    everyone = MemoryAnswering(dict.fromkeys(_project_ids(), Given("I do not know.", True)))
    await run(replace(parts, answering=everyone))
    found = (await client.get(f"/v1/evaluations/{job['id']}")).json()
    assert (found["set"], found["cases"]) == ("project", len(_project_ids()))
    assert found["report"]["metrics"]["abstention_recall"]["value"] == 1


async def test_evaluations_are_listed_page_by_page(client, run) -> None:
    first, second = [await start(client, cases=CASES) for _ in range(2)]
    await run()
    page = (await client.get("/v1/evaluations", params={"limit": 1})).json()
    assert [item["id"] for item in page["items"]] == [second["id"]]
    assert page["items"][0]["metrics"]["facts"]["value"] == 1
    rest = (await client.get("/v1/evaluations", params={"cursor": page["next_cursor"]})).json()
    assert [item["id"] for item in rest["items"]] == [first["id"]]
    assert rest["next_cursor"] is None


async def test_another_tenant_sees_nothing(client, other_client) -> None:
    job = await start(client, cases=CASES)
    assert (await other_client.get(f"/v1/evaluations/{job['id']}")).json()["code"] == "evaluation_not_found"
    assert (await other_client.get("/v1/evaluations")).json()["items"] == []


async def test_a_key_needs_the_scope(make_client) -> None:
    reader = await make_client(scopes={"rag:read"})
    assert (await reader.post("/v1/evaluations", json={})).status_code == 403


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"set": "unknown"}, "unknown_question_set"),
        ({"set": "project", "cases": CASES}, "invalid_questions"),
        ({"cases": [CASES[0], CASES[0]]}, "invalid_questions"),
        ({"cases": [{"id": "x", "question": "q", "document": "a.md"}]}, "invalid_request"),
        ({"cases": [CASES[0] | {"page": 0}]}, "invalid_request"),
        ({"sets": "project"}, "invalid_request"),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(client, body, code) -> None:
    answer = await client.post("/v1/evaluations", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.settings(evaluation__max_cases=1, evaluation__mlflow=False)
async def test_too_many_questions_are_refused(client) -> None:
    answer = await client.post("/v1/evaluations", json={"cases": CASES})
    assert "the limit is 1" in answer.json()["detail"]


async def test_a_store_that_is_away_is_tried_again(client, run, parts) -> None:
    job = await start(client, cases=CASES)
    await run(replace(parts, searching=AwaySearching()))
    found = (await client.get(f"/v1/jobs/{job['id']}")).json()
    assert (found["state"], found["error"]["code"]) == ("queued", "index_unavailable")


async def test_a_judge_that_is_not_there_ends_the_job_with_a_sentence(client, run, parts) -> None:
    def refuse():
        raise JudgeUnavailable("The offline model cannot judge.")

    job = await start(client, cases=CASES)
    await run(replace(parts, make_judge=refuse))
    found = (await client.get(f"/v1/jobs/{job['id']}")).json()
    assert (found["state"], found["error"]["code"]) == ("failed", "judge_unavailable")
    assert (await client.get(f"/v1/evaluations/{job['id']}")).json()["state"] == "failed"


@pytest.mark.settings(evaluation__mlflow=True, mlflow__tracking_uri="http://127.0.0.1:9")
async def test_an_mlflow_that_is_away_costs_the_log_and_not_the_evaluation(client, run) -> None:
    job = await start(client, cases=CASES)
    await run()
    found = (await client.get(f"/v1/evaluations/{job['id']}")).json()
    assert (found["state"], found["mlflow_run"]) == ("succeeded", None)


async def test_rated_answers_are_exported_as_questions(client, other_client, database) -> None:
    async with database.session() as session:
        for row in [*rated("It is 8002 [1].", "up", None), *rated("It is 9 [1].", "down", None)]:
            session.add(row)
            await session.flush()  # each refers to the one before
    exported = await client.get("/v1/evaluations/cases")
    assert exported.headers["content-type"].startswith("application/jsonl")
    (case,) = read_cases(exported.text.splitlines(), "exported")
    assert (case.question, case.answer) == ("Which port has rag?", "It is 8002.")
    assert [json.loads(line)["places"] for line in exported.text.splitlines()] == [[{"document": "a.md", "page": 3}]]
    assert (await other_client.get("/v1/evaluations/cases")).text == ""
    again = await start(client, cases=[json.loads(line) for line in exported.text.splitlines()])
    assert again["kind"] == "evaluation.run"


def rated(text: str, rating: str, comment: str | None) -> list[object]:
    now, conversation, answer_id = utc_now(), uuid7(), uuid7()
    cited = CitationDocument(marker=1, document_id=uuid7(), document_name="a.md", page=3, quote="8002", ordinal=0)
    answer = Answer(
        id=answer_id,
        conversation_id=conversation,
        question="And the port?",
        standalone_question="Which port has rag?",
        answer=text,
        abstained=False,
        support=1,
        citations=[cited],
        removed_citations=0,
        data=None,
        sources=[],
        meta=AnswerMeta(
            model="offline",
            provider="offline",
            prompt=None,
            tokens=TokensDocument(input=1, output=1, estimated=False),
            cost_usd="0",
            cache=None,
            timings_ms={},
            trace_id=None,
            request_id=None,
            attempts=1,
            fell_back_from=[],
        ),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return [
        Conversation(id=conversation, tenant="acme", title="t", named=False, turns=1, created_at=now, updated_at=now),
        Message(
            id=answer_id,
            conversation_id=conversation,
            tenant="acme",
            place=0,
            question="And the port?",
            answer_text=text,
            answer=answer.model_dump(mode="json"),
            created_at=now,
        ),
        Feedback(answer_id=answer_id, tenant="acme", rating=rating, comment=comment, created_at=now, updated_at=now),
    ]


def _project_ids() -> list[str]:
    from rag.evaluation.files import read_set

    return [case.id for case in read_set("project")]
