import argparse
import asyncio
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from servicekit.auth.cli import add_key_commands
from servicekit.auth.keys import SqlApiKeyStore, UnknownApiKey, mint_key, revoke_key
from servicekit.auth.models import ApiKey
from servicekit.database import Database, utc_now
from servicekit.settings import ServiceSettings

Run = Callable[..., int]


async def mint(database: Database, days: float | None = None) -> tuple[str, str]:
    expires_at = utc_now() + timedelta(days=days) if days else None
    async with database.session() as session:
        minted = await mint_key(session, name="n", tenant="acme", scopes=frozenset({"b", "a"}), expires_at=expires_at)
    return minted.text, minted.row.id


async def only_row(database: Database) -> ApiKey:
    async with database.reading() as session:
        return (await session.scalars(select(ApiKey))).one()


async def test_a_key_is_found_by_its_id_and_its_secret_is_kept_nowhere(either_database: Database) -> None:
    text, key_id = await mint(either_database)
    prefix, shown_id, secret = text.split("_", 2)
    assert (prefix, shown_id) == ("pk", key_id)
    assert len(secret) >= 32
    record = await SqlApiKeyStore(either_database).find(key_id)
    assert record is not None
    assert (record.principal.tenant, record.principal.scopes) == ("acme", frozenset({"a", "b"}))
    row = await only_row(either_database)
    assert secret not in str(vars(row))


async def test_revoked_expired_and_unknown_keys_are_not_found(either_database: Database) -> None:
    store = SqlApiKeyStore(either_database)
    _, expired = await mint(either_database, days=-1)
    _, revoked = await mint(either_database)
    assert await store.find(revoked)
    async with either_database.session() as session:
        await revoke_key(session, revoked)
    assert [await store.find(key_id) for key_id in (expired, revoked, "unknown")] == [None, None, None]


async def test_a_key_cannot_be_revoked_twice(either_database: Database) -> None:
    _, key_id = await mint(either_database)

    async def revoke() -> None:
        async with either_database.session() as session:
            await revoke_key(session, key_id)

    await revoke()
    with pytest.raises(UnknownApiKey):
        await revoke()


async def test_the_last_use_is_noted_and_not_for_each_use(database: Database) -> None:
    _, key_id = await mint(database)
    store = SqlApiKeyStore(database)
    await store.find(key_id)
    first = (await only_row(database)).last_used_at
    assert first is not None
    await store.find(key_id)
    assert (await only_row(database)).last_used_at == first


@pytest.mark.parametrize("blank", [{"name": ""}, {"tenant": ""}, {"scopes": frozenset()}])
async def test_a_key_needs_a_name_a_tenant_and_a_scope(database: Database, blank: dict[str, str]) -> None:
    values = {"name": "n", "tenant": "t", "scopes": frozenset({"a"})} | blank
    async with database.session() as session:
        with pytest.raises(ValueError, match="a key needs"):
            await mint_key(session, **values)


@pytest.fixture
def run(settings: ServiceSettings) -> Run:
    parser = argparse.ArgumentParser()
    add_key_commands(parser.add_subparsers(required=True), lambda: settings)

    def run_one(*words: str) -> int:
        arguments = parser.parse_args(["keys", *words])
        return int(arguments.run(arguments))

    return run_one


def test_the_command_line_mints_lists_and_revokes(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("mint", "--name", "ci", "--tenant", "acme", "--scopes", "jobs:write, a:read", "--days", "9") == 0
    minted = capsys.readouterr()
    assert re.fullmatch(r"pk_[0-9a-f]{12}_[\w-]{32}\n", minted.out)
    assert "not shown again" in minted.err
    key_id = minted.out.split("_")[1]

    assert run("list") == 0
    listed = capsys.readouterr().out
    assert re.fullmatch(rf"{key_id}  acme  ci  a:read,jobs:write  until \d{{4}}-\d\d-\d\d  never used\n", listed)
    assert run("list", "--tenant", "globex") == 0
    assert capsys.readouterr().out == ""

    assert run("revoke", key_id) == 0
    assert run("revoke", key_id) == 1
    assert "There is no usable key" in capsys.readouterr().err
    run("list")
    assert "revoked" in capsys.readouterr().out


def test_the_command_line_refuses_a_key_without_scopes(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("mint", "--name", "ci", "--scopes", " , ") == 2
    assert "at least one scope" in capsys.readouterr().err


def test_the_command_line_shows_when_a_key_was_used(
    run: Run, settings: ServiceSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    run("mint", "--name", "ci", "--scopes", "*")
    key_id = capsys.readouterr().out.split("_")[1]

    async def use() -> None:
        database = Database.from_settings(settings)
        await SqlApiKeyStore(database).find(key_id)
        await database.dispose()

    asyncio.run(use())
    run("list")
    assert re.search(r"valid  used \d{4}-\d\d-\d\d \d\d:\d\d", capsys.readouterr().out)
