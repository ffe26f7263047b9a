"""Fixtures of servicekit's own tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from servicekit.database import Database, upgrade
from servicekit.database.engine import sqlite_url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def either_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of each kind."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "either.db")
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def either_database(either_url: str) -> AsyncIterator[Database]:
    """A migrated database of each kind."""
    await upgrade(either_url)
    database = Database(either_url, pool_size=16)
    yield database
    await database.dispose()
