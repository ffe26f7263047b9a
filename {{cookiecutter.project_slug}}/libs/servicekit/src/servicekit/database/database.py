"""The service's database: engine, sessions, and what happens after a commit."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import structlog
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from servicekit.database.base import Base
from servicekit.database.engine import READ_ONLY, make_engine, sqlite_url
from servicekit.settings import ServiceSettings

AfterCommit: TypeAlias = Callable[[], Awaitable[None]]

_HOOKS = "servicekit_after_commit"
_log = structlog.get_logger(__name__)


async def add_if_new(session: AsyncSession, row: Base) -> bool:
    """Add a row; False when it cannot be, because somebody has just added its like or removed what it belongs to."""
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True


def after_commit(session: AsyncSession, hook: AfterCommit) -> None:
    """Run `hook` when the session's unit of work is committed; never when it is rolled back."""
    session.info.setdefault(_HOOKS, []).append(hook)


def database_url(settings: ServiceSettings) -> str:
    """Return the address of the settings' database: a SQLite file in `data_dir` unless one is given."""
    if settings.database.url is not None:
        return settings.database.url.get_secret_value()
    return sqlite_url(settings.data_dir / f"{settings.service_name}.db")


class Database:
    """Sessions on one database. An instance belongs to the event loop that first uses it.

    Example:
        async with database.session() as session:   # committed on success, rolled back on an exception
            session.add(dataset)
    """

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self.engine = make_engine(url, pool_size=pool_size)
        read_only_engine = self.engine.execution_options(**{READ_ONLY: True, "postgresql_readonly": True})
        self._writing = async_sessionmaker(self.engine, expire_on_commit=False)
        self._reading = async_sessionmaker(read_only_engine, expire_on_commit=False)

    @classmethod
    def from_settings(cls, settings: ServiceSettings) -> "Database":
        """Build the database that the settings name."""
        return cls(database_url(settings), pool_size=settings.database.pool_size)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """Open a unit of work: all of it is committed at the end, or nothing."""
        async with self._writing() as session:
            yield session  # an exception leaves this block here, and closing the session rolls it back
            await session.commit()
            await _run_hooks(session)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Open a session that cannot write. On SQLite it does not wait for writers."""
        async with self._reading() as session:
            yield session

    async def ping(self) -> None:
        """Raise unless the database answers."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def dispose(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


async def _run_hooks(session: AsyncSession) -> None:
    """The work is committed: a hook that fails is reported and cannot undo it."""
    for hook in session.info.pop(_HOOKS, []):
        try:
            await hook()
        except Exception:
            _log.exception("after_commit_failed")
