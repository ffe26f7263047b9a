"""Fixtures of llmkit's own tests."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

import llmkit
from servicekit.database import Database, upgrade
from servicekit.database.engine import sqlite_url

MIGRATIONS = Path(llmkit.__file__).parent / "migrations"


@pytest.fixture(scope="session")
def migration_locations() -> Sequence[Path]:
    return (MIGRATIONS,)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def either_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of each kind."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "either.db")
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def either_database(either_url: str) -> AsyncIterator[Database]:
    """A migrated database of each kind."""
    await upgrade(either_url, [MIGRATIONS])
    opened = Database(either_url, pool_size=16)
    yield opened
    await opened.dispose()
