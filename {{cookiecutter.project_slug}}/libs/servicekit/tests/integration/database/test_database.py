import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.auth.models import ApiKey
from servicekit.database import Database, after_commit
from servicekit.database.engine import make_engine


def make_row(key_id: str, **columns: object) -> ApiKey:
    values = {
        "secret_sha256": "0" * 64,
        "tenant": "acme",
        "name": "test",
        "scopes": ["*"],
        "created_at": datetime.now(UTC),
    }
    return ApiKey(id=key_id, **values | columns)


async def names(database: Database) -> list[str]:
    async with database.reading() as session:
        return list(await session.scalars(select(ApiKey.id).order_by(ApiKey.id)))


async def test_a_unit_of_work_is_committed_whole_or_not_at_all(either_database: Database) -> None:
    async with either_database.session() as session:
        session.add_all([make_row("a"), make_row("b")])

    async def fail_half_way() -> None:
        async with either_database.session() as session:
            session.add(make_row("c"))
            await session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_half_way()
    assert await names(either_database) == ["a", "b"]


async def test_an_error_does_not_tell_what_was_to_be_written(either_database: Database) -> None:
    async def write_twice() -> None:
        async with either_database.session() as session:
            session.add_all([make_row("a", name="what somebody wrote"), make_row("a")])

    with pytest.raises(DBAPIError) as failed:
        await write_twice()
    assert "what somebody wrote" not in str(failed.value)


async def test_sixteen_writers_at_once_all_get_their_turn(either_database: Database) -> None:
    async def write(writer: int) -> None:
        for number in range(5):
            async with either_database.session() as session:
                count = len(list(await session.scalars(select(ApiKey.id))))
                session.add(make_row(f"{writer:02}-{number}", name=str(count)))

    await asyncio.gather(*(write(writer) for writer in range(16)))
    assert len(await names(either_database)) == 80


async def test_a_reading_session_cannot_write(either_database: Database) -> None:
    async def write() -> None:
        async with either_database.reading() as session:
            session.add(make_row("a"))
            await session.flush()

    with pytest.raises(DBAPIError):
        await write()
    async with either_database.session() as session:
        session.add(make_row("b"))
    assert await names(either_database) == ["b"]


async def test_readers_do_not_wait_for_a_writer(either_database: Database) -> None:
    async with either_database.session() as session:
        session.add(make_row("a"))
        await session.flush()
        assert await asyncio.wait_for(names(either_database), 2) == []


async def test_hooks_run_after_the_commit_and_never_after_a_rollback(either_database: Database) -> None:
    seen: list[list[str]] = []

    async def look() -> None:
        seen.append(await names(either_database))

    async def fail() -> None:
        raise OSError("the broker is away")

    async with either_database.session() as session:
        session.add(make_row("a"))
        after_commit(session, fail)
        after_commit(session, look)
        assert seen == []

    async def fail_half_way() -> None:
        async with either_database.session() as session:
            after_commit(session, look)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_half_way()
    assert seen == [["a"]]


async def test_moments_come_back_as_utc_whatever_zone_they_were_given_in(either_database: Database) -> None:
    noon = datetime(2026, 6, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    async with either_database.session() as session:
        session.add(make_row("a", expires_at=noon))
    async with either_database.reading() as session:
        row = await read(session)
    assert row.expires_at == noon
    assert row.expires_at is not None
    assert row.expires_at.tzinfo is UTC
    assert row.revoked_at is None


async def test_a_moment_without_a_zone_is_refused(either_database: Database) -> None:
    with pytest.raises(StatementError, match="needs a time zone"):
        async with either_database.session() as session:
            session.add(make_row("a", expires_at=datetime(2026, 6, 1)))  # noqa: DTZ001 - the mistake under test


async def test_ping_answers_and_fails_when_the_database_is_away(either_database: Database) -> None:
    await either_database.ping()
    away = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(OSError, match=r"refused|Connect"):
        await away.ping()
    await away.dispose()


@pytest.mark.parametrize("url", ["mysql://localhost/x", "sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:"])
def test_other_databases_are_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(ValueError, match=r"DATABASE__URL must begin|SQLite needs a file"):
        make_engine(url)


async def read(session: AsyncSession) -> ApiKey:
    return (await session.scalars(select(ApiKey))).one()
