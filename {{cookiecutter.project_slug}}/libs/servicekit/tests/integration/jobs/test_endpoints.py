from typing import Annotated
from uuid import uuid4

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Response, Security
from workshop import Folder, Nothing

from servicekit.app import create_app
from servicekit.auth.guard import require
from servicekit.auth.principal import Principal
from servicekit.database import Session
from servicekit.jobs import JobDocument, Jobs, accepted
from servicekit.kit import Kit
from servicekit.testkit.applications import MakeClient
from servicekit.testkit.jobs import InlineJobs

router = APIRouter()


@router.post("/v1/work/{kind}", status_code=202)
async def make_work(
    kind: str, principal: Annotated[Principal, Security(require())], jobs: Jobs, session: Session, response: Response
) -> JobDocument:
    job = await jobs.enqueue(session, kind, Nothing(), tenant=principal.tenant, actor=principal.subject)
    return accepted(response, job)


@pytest.fixture
def app(kit: Kit) -> FastAPI:
    return create_app(kit, title="workshop", routers=[router])


async def make(client: httpx2.AsyncClient, kind: str = "work.quick") -> str:
    answer = await client.post(f"/v1/work/{kind}")
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"/v1/jobs/{answer.json()['id']}"
    return str(answer.headers["Location"])


async def test_a_job_can_be_followed_to_its_result(
    client: httpx2.AsyncClient, job_runner: InlineJobs[Folder], folder: Folder
) -> None:
    location = await make(client)
    waiting = (await client.get(location)).json()
    assert (waiting["state"], waiting["progress"]) == ("queued", {"fraction": 0.0, "message": None})
    await job_runner.run_all(folder)
    done = (await client.get(location)).json()
    assert (done["state"], done["attempt"], done["result"], done["error"]) == ("succeeded", 1, {"attempt": 1}, None)
    assert done["created_at"] <= done["started_at"] <= done["finished_at"]


async def test_a_refusal_says_why(client: httpx2.AsyncClient, job_runner: InlineJobs[Folder], folder: Folder) -> None:
    location = await make(client, "work.refused")
    await job_runner.run_all(folder)
    job = (await client.get(location)).json()
    assert job["error"] == {
        "code": "too_empty",
        "detail": "There is nothing in it.",
        "hint": "Put something in.",
    }
    assert (await client.post(f"{location}/retry")).status_code == 202
    assert (await client.get(location)).json()["state"] == "queued"


async def test_another_tenants_job_is_not_found_on_any_route(
    client: httpx2.AsyncClient, other_client: httpx2.AsyncClient
) -> None:
    location = await make(client)
    answers = [
        await other_client.get(location),
        await other_client.post(f"{location}/cancel"),
        await other_client.post(f"{location}/retry"),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "job_not_found")] * 3
    assert (await other_client.get("/v1/jobs")).json() == {"items": [], "next_cursor": None}
    assert (await client.get(location)).json()["state"] == "queued"


async def test_jobs_are_listed_by_page_kind_and_state(client: httpx2.AsyncClient) -> None:
    locations = [await make(client), await make(client, "work.refused"), await make(client)]
    await client.post(f"{locations[0]}/cancel")
    first = (await client.get("/v1/jobs", params={"limit": 2})).json()
    rest = (await client.get("/v1/jobs", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    ids = [f"/v1/jobs/{job['id']}" for job in first["items"] + rest["items"]]
    assert ids == locations[::-1]
    assert rest["next_cursor"] is None
    refused = (await client.get("/v1/jobs", params={"kind": "work.refused"})).json()["items"]
    cancelled = (await client.get("/v1/jobs", params={"state": "cancelled"})).json()["items"]
    assert [len(refused), len(cancelled)] == [1, 1]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=x", "state=lost"])
async def test_a_wrong_filter_is_refused(client: httpx2.AsyncClient, query: str) -> None:
    assert (await client.get(f"/v1/jobs?{query}")).status_code == 422


async def test_steering_needs_a_scope_and_looking_needs_a_key(
    client: httpx2.AsyncClient, anonymous_client: httpx2.AsyncClient, make_client: MakeClient
) -> None:
    location = await make(client)
    reader = await make_client("acme", {"other:read"})
    assert (await reader.get(location)).status_code == 200
    assert (await reader.post(f"{location}/cancel")).status_code == 403
    assert (await anonymous_client.get(location)).status_code == 401
    assert (await (await make_client("acme", {"jobs:write"})).post(f"{location}/cancel")).json()["state"] == "cancelled"


async def test_a_job_that_never_was_is_not_found(client: httpx2.AsyncClient) -> None:
    assert (await client.get(f"/v1/jobs/{uuid4()}")).status_code == 404
    assert (await client.get("/v1/jobs/not-an-id")).status_code == 422


async def test_a_done_job_cannot_be_retried(
    client: httpx2.AsyncClient, job_runner: InlineJobs[Folder], folder: Folder
) -> None:
    location = await make(client)
    await job_runner.run_all(folder)
    answer = await client.post(f"{location}/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "job_not_retryable")


async def test_the_request_id_follows_the_work(
    client: httpx2.AsyncClient, job_runner: InlineJobs[Folder], folder: Folder
) -> None:
    await client.post("/v1/work/work.quick", headers={"X-Request-ID": "abc-123"})
    (job,) = await job_runner.run_all(folder)
    assert job.trace["request_id"] == "abc-123"
