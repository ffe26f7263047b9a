"""Engines: how this repository speaks to SQLite and to PostgreSQL."""

from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from servicekit.database.errors import connect_postgresql
from servicekit.database.sqlite import JoinedConnection, connect_sqlite

BUSY_SECONDS = 30
"""How long a writer waits for SQLite's one write lock."""
CONNECT_SECONDS = 5
STATEMENT_SECONDS = 60

READ_ONLY = "servicekit_read_only"
"""Execution option of a connection whose transaction will not write."""


class _SqliteConnection(Protocol):
    isolation_level: str | None


def sqlite_url(path: Path) -> str:
    """Return the address of a SQLite file."""
    return f"sqlite+aiosqlite:///{path}"


def make_engine(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """Build an engine; nothing is opened before the first use."""
    match make_url(url).get_backend_name():
        case "sqlite":
            return _make_sqlite_engine(url, pool_size)
        case "postgresql":
            return _make_postgresql_engine(url, pool_size)
        case other:
            raise ValueError(f"DATABASE__URL must begin with sqlite+aiosqlite:// or postgresql+asyncpg://, not {other}")


def _make_sqlite_engine(url: str, pool_size: int) -> AsyncEngine:
    database = make_url(url).database
    if not database or database == ":memory:":
        raise ValueError("SQLite needs a file: each connection would have a memory database of its own")
    Path(database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        hide_parameters=True,  # errors are logged, and what people wrote is in the parameters
        connect_args={"timeout": BUSY_SECONDS, "async_creator_fn": connect_sqlite},
    )
    event.listen(engine.sync_engine, "connect", _prepare_sqlite_connection)
    event.listen(engine.sync_engine, "begin", _begin_sqlite_transaction)
    return engine


def _prepare_sqlite_connection(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself: see below
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite_transaction(connection: Connection) -> None:
    driver: JoinedConnection = connection.connection.driver_connection  # type: ignore[assignment]  # we made it
    driver.begin(read_only=bool(connection.get_execution_options().get(READ_ONLY, False)))


def _make_postgresql_engine(url: str, pool_size: int) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        hide_parameters=True,  # errors are logged, and what people wrote is in the parameters
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=True,
        connect_args={
            "async_creator_fn": connect_postgresql,
            "timeout": CONNECT_SECONDS,
            "command_timeout": STATEMENT_SECONDS,
        },
    )
