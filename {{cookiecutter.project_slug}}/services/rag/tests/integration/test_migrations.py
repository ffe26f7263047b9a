"""Whether the migrations make the tables that the models describe."""

import pytest

import rag.app  # noqa: F401 - imports every table
from servicekit.testkit.schema import assert_models_match_migrations


async def test_migrations_make_the_tables_that_the_models_describe(tmp_path, migration_locations) -> None:
    await assert_models_match_migrations(f"sqlite+aiosqlite:///{tmp_path}/new.db", migration_locations)


@pytest.mark.postgres
async def test_the_same_on_postgresql(postgres_url, migration_locations) -> None:
    await assert_models_match_migrations(postgres_url, migration_locations)
