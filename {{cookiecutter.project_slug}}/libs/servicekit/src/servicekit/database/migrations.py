"""Schema changes with Alembic, without an ini file.

The platform's own revisions are one branch (`servicekit`), each service's another (its first revision sets
`branch_labels = ("<service>",)` and no `down_revision`). A location is a `migrations` folder with `versions/` in it.
All pending revisions run in one transaction: a process that dies half-way leaves the schema as it was.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

from servicekit.database.base import Base
from servicekit.database.engine import make_engine

MIGRATIONS = Path(__file__).parent.parent / "migrations"
LOCK = 7_391_160_428
"""Number of the PostgreSQL advisory lock that makes a second process wait. SQLite's write lock does the same."""


def migrate(url: str, locations: Sequence[Path] = ()) -> None:
    """Bring a database to the newest schema; safe when several processes start at once."""
    asyncio.run(upgrade(url, locations))


async def upgrade(url: str, locations: Sequence[Path] = ()) -> None:
    """Do what `migrate` does, in a running event loop."""
    await _with_lock(url, lambda connection: command.upgrade(_config(connection, locations), "heads"))


def revise(url: str, locations: Sequence[Path], *, message: str, branch: str) -> None:
    """Write a new revision of a branch from the difference between the models and the migrated database."""
    folder = next(folder for folder in _version_folders(locations) if folder.parts[-3] == branch)

    def write(connection: Connection) -> None:
        config = _config(connection, locations)
        command.revision(config, message, autogenerate=True, head=f"{branch}@head", version_path=str(folder))

    asyncio.run(_with_lock(url, write))


async def _with_lock(url: str, action: Callable[[Connection], None]) -> None:
    engine = _make_migration_engine(url)
    try:
        async with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            await connection.run_sync(action)
    finally:
        await engine.dispose()


def _make_migration_engine(url: str) -> AsyncEngine:
    engine = make_engine(url, pool_size=1)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _ignore_foreign_keys)
    return engine


def _ignore_foreign_keys(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Changing a SQLite table means to copy and drop it, which must not delete the rows that point to it."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF")
    cursor.close()


def _config(connection: Connection, locations: Sequence[Path]) -> Config:
    config = Config(attributes={"connection": connection, "metadata": Base.metadata})
    folders = [str(folder).replace("%", "%%") for folder in _version_folders(locations)]
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(folders))
    return config


def _version_folders(locations: Sequence[Path]) -> list[Path]:
    return [location / "versions" for location in (MIGRATIONS, *locations)]
