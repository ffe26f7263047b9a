"""SQLite's driver: how often it crosses to its thread, and that nothing of a transaction is lost on the way."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from servicekit.database import Database
from servicekit.database.engine import sqlite_url
from servicekit.database.sqlite import AT_ONCE, JoinedConnection, connect_sqlite, open_sqlite

MANY = 2 * AT_ONCE + 500
NUMBERS = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY}) SELECT i FROM n"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(sqlite_url(tmp_path / "test.db"), pool_size=1)
    async with made.session() as session:
        await session.execute(text("CREATE TABLE things (name TEXT PRIMARY KEY)"))
    yield made
    await made.dispose()


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[JoinedConnection]:
    made = await connect_sqlite(str(tmp_path / "bare.db"), timeout=1, isolation_level=None)
    yield made
    await made.close()


@pytest.fixture
def crossings(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was waited for in a connection's thread."""
    seen: list[object] = []
    execute = JoinedConnection._execute

    async def noted(self: JoinedConnection, action: object, *arguments: object, **named: object) -> object:
        seen.append(action)
        return await execute(self, action, *arguments, **named)

    monkeypatch.setattr(JoinedConnection, "_execute", noted)
    return seen


async def add(database: Database, name: str) -> None:
    async with database.session() as session:
        await session.execute(text("INSERT INTO things VALUES (:name)"), {"name": name})


async def names(database: Database) -> list[str]:
    async with database.reading() as session:
        return list(await session.scalars(text("SELECT name FROM things ORDER BY name")))


async def test_a_read_crosses_once_and_a_write_twice(database, crossings) -> None:
    await names(database)
    crossings.clear()
    await names(database)
    assert len(crossings) == 1
    crossings.clear()
    await add(database, "a")
    assert len(crossings) == 2  # the statement, in the transaction that it begins, and the commit
    crossings.clear()
    async with database.reading():
        pass
    async with database.session():
        pass
    assert crossings == []  # nothing was asked, so nothing has begun


async def test_one_connection_reads_and_writes_in_turn(database) -> None:
    for name in "abc":
        await add(database, name)
        async with database.reading() as session:
            with pytest.raises(OperationalError, match="readonly"):
                await session.execute(text("DELETE FROM things"))
    assert await names(database) == ["a", "b", "c"]


async def test_what_fails_is_rolled_back_and_the_connection_goes_on(database) -> None:
    await add(database, "a")

    async def fail(wrong: str) -> None:
        async with database.session() as session:
            await session.execute(text("INSERT INTO things VALUES ('c')"))
            await session.execute(text(wrong))

    for wrong in ("INSERT INTO things VALUES ('b'), ('a')", "SELEC 1"):
        with pytest.raises(DBAPIError, match=r"UNIQUE|syntax"):
            await fail(wrong)
    assert await names(database) == ["a"]


async def test_a_writer_waits_for_the_lock_with_its_first_statement(database, tmp_path, monkeypatch) -> None:
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    adding = asyncio.create_task(add(database, "late"))
    await asyncio.sleep(0.2)
    assert not adding.done()
    other.execute("INSERT INTO things VALUES ('early')")
    other.execute("COMMIT")
    other.close()
    await adding
    assert await names(database) == ["early", "late"]


async def test_a_cancelled_writer_leaves_nothing_behind(database, tmp_path) -> None:
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    adding = asyncio.create_task(add(database, "cancelled"))
    await asyncio.sleep(0.1)
    adding.cancel()
    other.execute("ROLLBACK")
    other.close()
    with pytest.raises(asyncio.CancelledError):
        await adding
    await add(database, "next")
    assert await names(database) == ["next"]


async def test_long_results_come_whole_however_they_are_fetched(connection, crossings) -> None:
    expected = [(number,) for number in range(1, MANY + 1)]
    async with connection.cursor() as cursor:
        await cursor.execute(NUMBERS)
        assert await cursor.fetchall() == expected
        assert len(crossings) == 2
    async with connection.cursor() as cursor:
        await cursor.execute(NUMBERS)
        one_by_one = [await cursor.fetchone() for _ in range(3)]
        pages = []
        while page := await cursor.fetchmany(700):
            pages += page
        assert one_by_one + pages == expected
        assert await cursor.fetchone() is None
    async with connection.cursor() as cursor:
        await cursor.execute(NUMBERS)
        await cursor.execute("SELECT 'another statement'")
        assert await cursor.fetchall() == [("another statement",)]


async def test_a_long_result_that_is_left_early_is_closed(connection) -> None:
    await (connection.cursor()).execute("CREATE TABLE t (i INTEGER)")
    async with connection.cursor() as cursor:
        await cursor.execute(NUMBERS)
        assert len(await cursor.fetchmany(10)) == 10
    async with connection.cursor() as cursor:
        await cursor.execute("DROP TABLE t")  # refused while a statement is under way
        assert cursor.description is None


async def test_changes_are_counted(connection) -> None:
    async with connection.cursor() as cursor:
        await cursor.execute("CREATE TABLE t (i INTEGER)")
        await cursor.executemany("INSERT INTO t VALUES (?)", [(1,), (2,), (3,)])
        assert cursor.rowcount == 3
        await cursor.execute("INSERT INTO t VALUES (?)", (4,))
        assert cursor.lastrowid == 4
        await cursor.execute("DELETE FROM t WHERE i > 1 RETURNING i")
        assert await cursor.fetchall() == [(2,), (3,), (4,)]
        assert cursor.rowcount == 3


def test_a_new_file_can_be_opened_several_times_in_one_moment(tmp_path) -> None:
    def mode(number: int) -> str:
        connection = open_sqlite(str(tmp_path / f"{number // 6}.db"), timeout=10)
        try:
            return connection.execute("PRAGMA journal_mode").fetchone()[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(mode, range(600))) == {"wal"}


def test_a_file_that_stays_locked_is_given_up_after_the_time_out(tmp_path) -> None:
    with sqlite3.connect(tmp_path / "locked.db") as holder:
        holder.execute("CREATE TABLE things (name TEXT)")
        holder.commit()
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            open_sqlite(str(tmp_path / "locked.db"), timeout=0.1)
    holder.close()


def test_a_file_that_is_no_database_is_refused(tmp_path) -> None:
    (tmp_path / "text.db").write_text("this is no database, but long enough to be read as one" * 100)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        open_sqlite(str(tmp_path / "text.db"), timeout=1)
