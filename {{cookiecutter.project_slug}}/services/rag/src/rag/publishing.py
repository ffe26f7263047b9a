"""`python -m rag prompts`: every version of every prompt in MLflow's registry, where people read and compare them.

The service answers from its own files, so the registry may be away; it is told what answers, and decides nothing.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable
from typing import TypeAlias

from llmkit.prompts import PromptAliases, PromptStore
from llmkit.prompts.publish import publish
from rag.answers import PROMPTS
from rag.settings import RagSettings
from servicekit.database import Database

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Load: TypeAlias = Callable[[], RagSettings]


def add_commands(commands: Commands, load: Load) -> None:
    """Add `prompts`."""
    prompts = commands.add_parser("prompts", help="publish all versions of the prompts to MLflow's prompt registry")
    prompts.set_defaults(run=lambda _: _publish(load()))


def _publish(settings: RagSettings) -> int:
    from mlflow.exceptions import MlflowException  # takes seconds to import

    try:
        published = publish(asyncio.run(_prompts(settings)), settings.mlflow_uri)
    except (MlflowException, OSError) as error:
        sys.stderr.write(f"prompts: MLflow at {settings.mlflow_uri} did not take them: {error}\n")
        return 1
    for name, new in published.items():
        sys.stdout.write(f"{name}: {new} new\n")
    return 0


async def _prompts(settings: RagSettings) -> PromptStore:
    """Return the prompts with the versions that answer now."""
    store = PromptStore.load(PROMPTS, settings.prompts)
    database = Database.from_settings(settings)
    try:
        await PromptAliases(store, database).refresh()
    finally:
        await database.dispose()
    return store
