"""SQLite's driver with fewer crossings.

aiosqlite gives each connection a thread, and every step of a statement (cursor, execute, fetch, close) crosses to it
and back. A crossing costs 0.1 to 0.3 ms, so that a read of one row took more than a millisecond. Here a statement is
one crossing, and the beginning of a transaction rides along with its first statement.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ParamSpec, Self, TypeVar, cast

import aiosqlite

P = ParamSpec("P")
T = TypeVar("T")
Row = Any  # a tuple, as sqlite3 makes it

AT_ONCE = 1000
"""Rows that are read with their statement. Of a longer result the rest is read when it is asked for."""

_PAUSE_SECONDS = 0.01


def open_sqlite(database: str, *, timeout: float, **options: Any) -> sqlite3.Connection:  # noqa: ANN401 - see below
    """Open a file with a write-ahead log, so that its readers and its writer do not wait for each other.

    `timeout` is the longest wait for another writer, in seconds; the options are those of `sqlite3.connect`. Raises
    `sqlite3.Error`.
    """
    end = time.monotonic() + timeout
    connection: sqlite3.Connection = sqlite3.connect(database, timeout=timeout, **options)
    try:
        while not _has_write_ahead_log(connection):
            if time.monotonic() > end:
                raise sqlite3.OperationalError("database is locked")
            time.sleep(_PAUSE_SECONDS)
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _has_write_ahead_log(connection: sqlite3.Connection) -> bool:
    """Change the file's mode. SQLite refuses it at once, whatever the time-out, while another connection does it."""
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def connect_sqlite(database: str, *, timeout: float, **options: Any) -> "JoinedConnection":  # noqa: ANN401 - as above
    """Return a connection that is opened by awaiting it, as `open_sqlite` does."""
    connection = JoinedConnection(partial(open_sqlite, database, timeout=timeout, **options), iter_chunk_size=AT_ONCE)
    connection._thread.daemon = True  # as SQLAlchemy does: a connection left open must not keep the process alive
    return connection


class JoinedConnection(aiosqlite.Connection):
    """A connection whose statements cross to its thread once each."""

    _begin: str | None = None
    """How the transaction begins that was announced, until its first statement."""
    _query_only = False
    _crossing = False
    """Whether an action is under way, or failed, or nobody waited for its end."""

    def cursor(self) -> "JoinedCursor":  # type: ignore[override]  # without a crossing
        """Return a cursor; nothing is done before its first statement."""
        return JoinedCursor(self)

    def begin(self, *, read_only: bool) -> None:
        """Announce a transaction.

        One that may write takes the write lock with its first statement. One that reads first and writes later would
        fail at once with "database is locked" when somebody wrote in between; this one waits its turn (the busy
        timeout).
        """
        self._begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    async def commit(self) -> None:
        """Commit, if anything has begun."""
        if not self._forget():
            await super().commit()

    async def rollback(self) -> None:
        """Roll back, if anything has begun. The end of a reading is not waited for: the thread keeps the order."""
        if self._forget() or not (self._crossing or self.in_transaction):
            return
        if self._query_only:
            self._tx.put_nowait((None, self._conn.rollback))
        else:
            await super().rollback()

    async def cross(self, action: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an action in the connection's thread, in the transaction that was announced."""
        begin, self._begin = self._begin, None
        acting = partial(action, *args, **kwargs)
        self._crossing = True
        found = await self._execute(acting if begin is None else partial(self._begun, begin, acting))  # type: ignore[no-untyped-call]
        self._crossing = False
        return cast("T", found)

    def _forget(self) -> bool:
        announced, self._begin = self._begin is not None, None
        return announced

    def _begun(self, begin: str, action: Callable[[], T]) -> T:
        """In the thread: begin, then act."""
        query_only = begin == "BEGIN"
        if self._query_only != query_only:
            self._conn.execute(f"PRAGMA query_only = {int(query_only)}")
            self._query_only = query_only
        self._conn.execute(begin)
        return action()


class JoinedCursor:
    """One statement: run, read and closed in one crossing, unless its result is long."""

    arraysize = 1

    def __init__(self, connection: JoinedConnection) -> None:
        self._connection = connection
        self._cursor: sqlite3.Cursor | None = None
        self._rows: list[Row] = []
        self._more = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.close()

    @property
    def description(self) -> Any:  # noqa: ANN401 - as sqlite3 has it
        """The columns of the result, None when there is none."""
        return self._cursor.description if self._cursor else None

    @property
    def rowcount(self) -> int:
        """Rows that were changed, -1 when that is not known."""
        return self._cursor.rowcount if self._cursor else -1

    @property
    def lastrowid(self) -> int | None:
        """The id of the row that was inserted last."""
        return self._cursor.lastrowid if self._cursor else None

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> Self:
        """Run a statement."""
        await self._connection.cross(self._run, sqlite3.Cursor.execute, sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> Self:
        """Run a statement with many sets of parameters."""
        await self._connection.cross(self._run, sqlite3.Cursor.executemany, sql, parameters)
        return self

    async def fetchone(self) -> Row | None:
        """Return the next row."""
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int | None = None) -> list[Row]:
        """Return the next rows."""
        size = self.arraysize if size is None else size
        if len(self._rows) < size and self._more:
            await self._connection.cross(self._read, max(size - len(self._rows), AT_ONCE))
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    async def fetchall(self) -> list[Row]:
        """Return all rows that are left."""
        if self._more:
            await self._connection.cross(self._read, -1)
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """End the statement, if it is not at its end."""
        self._rows = []
        if self._more and self._cursor is not None:
            self._more = False
            await self._connection.cross(self._cursor.close)

    def _run(self, run: Callable[[sqlite3.Cursor, str, Any], object], sql: str, parameters: Iterable[Any]) -> None:
        self._rows, self._more = [], False
        self._cursor = self._connection._conn.cursor()
        try:
            run(self._cursor, sql, parameters)
            self._read(AT_ONCE)
        except BaseException:
            self._cursor.close()
            raise

    def _read(self, size: int) -> None:
        """Read so many rows, all that are left for a negative number."""
        assert self._cursor is not None  # noqa: S101 - for the type checker: a statement was run
        rows = self._cursor.fetchall() if size < 0 else self._cursor.fetchmany(size)
        self._rows += rows
        self._more = 0 <= size <= len(rows)
        if not self._more:
            self._cursor.close()
