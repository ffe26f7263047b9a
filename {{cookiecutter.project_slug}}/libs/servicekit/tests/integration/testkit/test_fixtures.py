from pathlib import Path

import httpx2
import pytest
from fakeredis import FakeAsyncRedis
from redis import Redis
from sqlalchemy import select

from servicekit.auth.models import ApiKey
from servicekit.database import Database
from servicekit.settings import ServiceSettings
from servicekit.testkit.applications import MakeClient, MintKey
from servicekit.testkit.postgres import find_programs


async def test_each_test_has_a_migrated_database_of_its_own(database: Database, settings: ServiceSettings) -> None:
    async with database.session() as session:
        assert (await session.scalars(select(ApiKey))).all() == []
    assert Path(database.engine.url.database or "").parent == settings.data_dir


async def test_clients_speak_for_their_tenants(
    client: httpx2.AsyncClient, anonymous_client: httpx2.AsyncClient, make_client: MakeClient
) -> None:
    assert (await client.get("/v1/jobs")).status_code == 200
    assert (await anonymous_client.get("/v1/jobs")).status_code == 401
    narrow = await make_client("acme", {"nothing:much"})
    assert (await narrow.get("/v1/jobs")).status_code == 200


async def test_minted_keys_are_in_the_database(mint: MintKey, database: Database) -> None:
    text = await mint(tenant="globex", scopes={"a:read"})
    async with database.reading() as session:
        row = (await session.scalars(select(ApiKey))).one()
    assert (row.id, row.tenant, row.scopes) == (text.split("_")[1], "globex", ["a:read"])


async def test_redis_is_there_without_a_server(redis: FakeAsyncRedis) -> None:
    await redis.set("a", "1")
    assert await redis.get("a") == b"1"


def test_redis_for_other_processes_listens_on_a_port(redis_url: str) -> None:
    with Redis.from_url(redis_url) as client:
        client.set("a", "1")
        assert client.get("a") == b"1"


def test_the_programs_are_found_on_the_path_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "initdb").write_text("#!/bin/sh\n")
    (tmp_path / "initdb").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_programs() == tmp_path
