from collections.abc import Sequence
from pathlib import Path

import llmkit.cache.models
import llmkit.money.models
import llmkit.prompts.models  # noqa: F401 - imports every table
from servicekit.testkit.schema import assert_models_match_migrations


async def test_migrations_make_the_tables_that_the_models_describe(
    either_url: str, migration_locations: Sequence[Path]
) -> None:
    await assert_models_match_migrations(either_url, migration_locations)
