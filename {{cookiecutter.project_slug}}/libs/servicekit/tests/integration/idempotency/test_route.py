"""Requests sent twice, at once, or cut off in the middle."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response, Security, UploadFile
from pydantic import BaseModel
from sqlalchemy import func, select, update

from servicekit.app import create_app
from servicekit.auth.guard import require
from servicekit.auth.models import ApiKey
from servicekit.auth.principal import Principal
from servicekit.database import Database, Session, utc_now, uuid7
from servicekit.idempotency import IdempotentRoute
from servicekit.idempotency.models import IdempotencyRecord
from servicekit.kit import Kit
from servicekit.problems import Conflict
from servicekit.testkit.applications import MakeClient

Caller = Annotated[Principal, Security(require())]
KEY = {"Idempotency-Key": "key-1"}


class Order(BaseModel):
    name: str = "bread"
    fault: str | None = None


class KilledHere(Exception):
    """Stands for kill -9: nothing of the request's own code runs after it."""


@dataclass
class Bakery:
    """What the endpoints wait for and leave behind."""

    executions: int = 0
    dying: bool = False
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    oven: asyncio.Event = field(default_factory=asyncio.Event)


def make_row(name: str) -> ApiKey:
    facts = {"secret_sha256": "0" * 64, "tenant": "orders", "scopes": [], "created_at": utc_now()}
    return ApiKey(id=uuid7().hex, name=name, **facts)


def make_router(bakery: Bakery) -> APIRouter:
    router = APIRouter(route_class=IdempotentRoute)

    @router.post("/orders", status_code=202)
    async def order(order: Order, caller: Caller, session: Session, response: Response) -> dict[str, str]:
        bakery.executions += 1
        row = make_row(order.name)
        session.add(row)
        await session.flush()
        if order.fault == "refuse":
            raise Conflict("There is no flour.")
        if order.fault == "crash":
            raise RuntimeError("the oven exploded")
        response.headers["Location"] = f"/orders/{row.id}"
        response.headers["X-Other"] = "not kept"
        return {"id": row.id, "tenant": caller.tenant}

    @router.post("/slow")
    async def slow(caller: Caller, session: Session) -> dict[str, int]:
        bakery.executions += 1
        bakery.begun.set()
        await bakery.oven.wait()
        session.add(make_row("slow"))
        return {"n": bakery.executions}

    return router


def make_odd_router(bakery: Bakery) -> APIRouter:
    router = APIRouter(route_class=IdempotentRoute)

    async def die(session: Session) -> AsyncIterator[None]:
        """End the request like a killed process: when the work and its answer are written and not committed."""
        yield
        if bakery.dying:
            raise KilledHere

    @router.post("/doomed", status_code=201)
    async def doomed(
        caller: Caller, session: Session, _: Annotated[None, Depends(die, scope="function")]
    ) -> dict[str, int]:
        bakery.executions += 1
        session.add(make_row("doomed"))
        return {"n": bakery.executions}

    async def count(session: Session) -> int:
        return await session.scalar(select(func.count()).select_from(ApiKey)) or 0

    @router.post("/after-a-query")
    async def after_a_query(
        caller: Caller, session: Session, n: Annotated[int, Depends(count)], fail: bool = False
    ) -> Response:
        bakery.executions += 1
        session.add(make_row(str(n)))
        return Response(f"{n}", status_code=418 if fail else 201)

    @router.post("/files")
    async def store(caller: Caller, file: UploadFile) -> dict[str, int]:
        bakery.executions += 1
        return {"size": len(await file.read())}

    @router.post("/open")
    async def unguarded(request: Request) -> None: ...

    return router


@pytest.fixture
def bakery() -> Bakery:
    return Bakery()


@pytest.fixture
def app(kit: Kit, bakery: Bakery) -> FastAPI:
    return create_app(kit, title="bakery", routers=[make_router(bakery), make_odd_router(bakery)])


async def orders(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).where(ApiKey.tenant == "orders")) or 0


async def expire(database: Database) -> None:
    async with database.session() as session:
        await session.execute(update(IdempotencyRecord).values(expires_at=utc_now() - timedelta(seconds=1)))


async def records(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(IdempotencyRecord)) or 0


async def test_a_repeated_request_gets_the_first_answer(
    client: httpx2.AsyncClient, bakery: Bakery, database: Database
) -> None:
    first = await client.post("/orders", json={"name": "rye"}, headers=KEY)
    again = await client.post("/orders", json={"name": "rye"}, headers=KEY)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.content == first.content
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert (bakery.executions, await orders(database)) == (1, 1)


async def test_without_a_key_each_request_is_work_of_its_own(client: httpx2.AsyncClient, bakery: Bakery) -> None:
    await client.post("/orders", json={})
    await client.post("/orders", json={})
    assert bakery.executions == 2


async def test_another_payload_under_the_same_key_is_refused(client: httpx2.AsyncClient, bakery: Bakery) -> None:
    await client.post("/orders", json={"name": "rye"}, headers=KEY)
    answer = await client.post("/orders", json={"name": "wheat"}, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert bakery.executions == 1


async def test_a_request_in_work_is_not_started_again(client: httpx2.AsyncClient, bakery: Bakery) -> None:
    first = asyncio.create_task(client.post("/slow", headers=KEY))
    await bakery.begun.wait()
    second = await client.post("/slow", headers=KEY)
    assert (second.status_code, second.json()["code"]) == (409, "idempotency_key_in_use")
    assert second.headers["Retry-After"] == "1"
    bakery.oven.set()
    assert (await first).json() == {"n": 1}
    assert (await client.post("/slow", headers=KEY)).json() == {"n": 1}


async def test_of_many_requests_at_once_one_is_executed(
    client: httpx2.AsyncClient, bakery: Bakery, database: Database
) -> None:
    answers = await asyncio.gather(*(client.post("/orders", json={}, headers=KEY) for _ in range(12)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.content for answer in answers if answer.status_code == 202}) == 1
    assert (bakery.executions, await orders(database)) == (1, 1)


@pytest.mark.parametrize(("fault", "status"), [("refuse", 409), ("crash", 500)])
async def test_a_failed_request_leaves_the_key_free_and_nothing_done(
    client: httpx2.AsyncClient, bakery: Bakery, database: Database, fault: str, status: int
) -> None:
    failed = await client.post("/orders", json={"fault": fault}, headers=KEY)
    assert failed.status_code == status
    assert (await orders(database), await records(database)) == (0, 0)
    assert (await client.post("/orders", json={}, headers=KEY)).status_code == 202
    assert bakery.executions == 2


async def test_a_key_reserved_by_a_crashed_process_can_be_used_after_its_time(
    client: httpx2.AsyncClient, bakery: Bakery, database: Database
) -> None:
    crashed = asyncio.create_task(client.post("/slow", headers=KEY))
    await bakery.begun.wait()
    await expire(database)
    bakery.oven.set()
    second = await client.post("/slow", headers=KEY)
    assert second.status_code == 200
    assert bakery.executions == 2
    late = await crashed
    assert late.status_code in (200, 409)


async def test_an_execution_that_lost_its_key_does_not_commit(
    client: httpx2.AsyncClient, bakery: Bakery, database: Database
) -> None:
    first = asyncio.create_task(client.post("/slow", headers=KEY))
    await bakery.begun.wait()
    async with database.session() as session:
        await session.execute(update(IdempotencyRecord).values(token="another"))
    bakery.oven.set()
    answer = await first
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_use")
    assert await orders(database) == 0


async def test_a_process_that_dies_before_the_commit_has_done_nothing_and_stored_no_answer(
    client: httpx2.AsyncClient, bakery: Bakery, database: Database
) -> None:
    bakery.dying = True
    assert (await client.post("/doomed", headers=KEY)).status_code == 500
    assert await orders(database) == 0
    bakery.dying = False
    assert (await client.post("/doomed", headers=KEY)).status_code == 409
    await expire(database)
    assert (await client.post("/doomed", headers=KEY)).json() == {"n": 2}
    assert (await client.post("/doomed", headers=KEY)).json() == {"n": 2}
    assert await orders(database) == 1


async def test_an_answer_is_forgotten_after_its_time(
    client: httpx2.AsyncClient, bakery: Bakery, database: Database
) -> None:
    await client.post("/orders", json={}, headers=KEY)
    await expire(database)
    answer = await client.post("/orders", json={}, headers=KEY)
    assert "Idempotent-Replayed" not in answer.headers
    assert bakery.executions == 2


async def test_keys_of_tenants_and_routes_are_apart(
    client: httpx2.AsyncClient, other_client: httpx2.AsyncClient, bakery: Bakery
) -> None:
    bakery.oven.set()
    await client.post("/orders", json={}, headers=KEY)
    other = await other_client.post("/orders", json={}, headers=KEY)
    assert other.json()["tenant"] == "globex"
    assert (await client.post("/slow", headers=KEY)).status_code == 200
    assert bakery.executions == 3


async def test_a_request_that_is_not_allowed_sees_no_stored_answer(
    client: httpx2.AsyncClient, anonymous_client: httpx2.AsyncClient
) -> None:
    await client.post("/orders", json={}, headers=KEY)
    assert (await anonymous_client.post("/orders", json={}, headers=KEY)).status_code == 401


async def test_an_invalid_request_does_not_take_the_key(client: httpx2.AsyncClient, database: Database) -> None:
    assert (await client.post("/orders", json={"name": 1}, headers=KEY)).status_code == 422
    assert await records(database) == 0


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ü".encode()])
async def test_a_malformed_key_is_refused(client: httpx2.AsyncClient, bakery: Bakery, key: str | bytes) -> None:
    value = key if isinstance(key, bytes) else key.encode()
    answer = await client.post("/orders", json={}, headers={b"Idempotency-Key": value})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_malformed")
    assert bakery.executions == 0


async def test_a_dependency_may_use_the_unit_of_work_before_the_endpoint(
    client: httpx2.AsyncClient, bakery: Bakery
) -> None:
    first = await client.post("/after-a-query", headers=KEY)
    again = await client.post("/after-a-query", headers=KEY)
    assert (first.status_code, again.status_code, again.text) == (201, 201, first.text)
    assert bakery.executions == 1


async def test_an_error_that_is_returned_is_not_stored(
    client: httpx2.AsyncClient, bakery: Bakery, database: Database
) -> None:
    assert (await client.post("/after-a-query?fail=1", headers=KEY)).status_code == 418
    assert await records(database) == 0


async def test_an_upload_can_be_repeated(client: httpx2.AsyncClient, bakery: Bakery) -> None:
    first = await client.post("/files", files={"file": b"123"}, headers=KEY)
    again = await client.post("/files", files={"file": b"123"}, headers=KEY)
    longer = await client.post("/files", files={"file": b"123456"}, headers=KEY)
    assert (first.json(), again.json(), longer.status_code) == ({"size": 3}, {"size": 3}, 422)
    assert bakery.executions == 1


async def test_a_route_without_a_guard_is_a_mistake_of_its_author(make_client: MakeClient) -> None:
    client = await make_client(None)
    assert (await client.post("/open", headers=KEY)).status_code == 500
