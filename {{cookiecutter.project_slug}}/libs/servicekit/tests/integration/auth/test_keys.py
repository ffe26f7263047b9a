import argparse
import asyncio
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from servicekit.auth.cli import add_key_commands
from servicekit.auth.keys import SqlApiKeyStore, UnknownApiKey, mint_key, revoke_key
from servicekit.auth.models import ApiKey
from servicekit.database import Database, utc_now
from servicekit.settings import DatabaseSettings, ServiceSettings

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
    add_key_commands(parser.add_subparsers(required=True), lambda: settings, ("a:read", "jobs:write"))

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


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--scopes", "a:raed"), "no scope 'a:raed'; did you mean a:read? There is a:read, jobs:write, and * for all."),
        (("--scopes", "a:read,x,y"), "no scope 'x' and no 'y'. There is a:read, jobs:write, and * for all."),
        (
            ("--scopes", "*", "--tenant", "Acme Corp "),
            "'Acme Corp ' is no name for one; did you mean Acme-Corp?",
        ),
        (("--scopes", "*", "--tenant", ""), "The tenant '' is no name for one. Allowed are 1 to 128 letters"),
        (("--scopes", "*", "--tenant", "a" * 129), "is no name for one; did you mean aaa"),
        (("--scopes", "*", "--tenant", "acme\nglobex"), "did you mean acme-globex?"),
        (("--scopes", "*", "--tenant", "\u0430cme"), "did you mean cme?"),
        (("--scopes", "*", "--name", " "), "A key's name says what it is for"),
        (("--scopes", "*", "--name", "n" * 129), "in 1 to 128 characters"),
        (("--scopes", "*", "--days", "0"), "A key is valid for 1 to 36,500 days"),
        (("--scopes", "*", "--days", "999999999"), "A key is valid for 1 to 36,500 days"),
    ],
)
def test_a_key_that_would_be_of_no_use_is_refused_with_what_would_do(
    words: tuple[str, ...], said: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("mint", "--name", "ci", *words) == 2
    refused = capsys.readouterr()
    assert said in refused.err
    assert refused.out == ""
    run("list")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("tenant", ["acme", "Acme-2", "org_1|auth0", "a.b:c@d", "7"])
def test_names_that_other_places_give_to_tenants_are_taken(tenant: str, run: Run) -> None:
    assert run("mint", "--name", "ci", "--scopes", "a:read jobs:write", "--tenant", tenant) == 0


def test_a_new_tenant_that_is_spelt_nearly_like_another_is_remarked(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("mint", "--name", "ci", "--scopes", "*", "--tenant", "developmnet") == 0
    minted = capsys.readouterr()
    key_id = minted.out.split("_")[1]
    assert f"If you meant development, revoke the key: keys revoke {key_id}" in minted.err
    run("mint", "--name", "ci", "--scopes", "*", "--tenant", "developmnet")
    assert "If you meant" not in capsys.readouterr().err


def test_a_database_that_is_not_ready_is_said_to_be_so_in_one_line(
    settings: ServiceSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = settings.model_copy(update={"data_dir": tmp_path / "empty", "database": DatabaseSettings()})
    parser = argparse.ArgumentParser()
    add_key_commands(parser.add_subparsers(required=True), lambda: empty, ("a:read",))
    arguments = parser.parse_args(["keys", "mint", "--name", "ci", "--scopes", "*"])
    assert arguments.run(arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("The database cannot be used (no such table: api_keys).")
    assert "make migrate" in line


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
