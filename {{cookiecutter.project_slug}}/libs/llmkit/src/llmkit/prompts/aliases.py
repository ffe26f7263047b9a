"""Switching versions while the service runs: a table that every process reads every few seconds."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import structlog
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from llmkit.background import repeating
from llmkit.prompts.models import PromptAlias
from llmkit.prompts.store import PromptStore
from servicekit.database import Database, utc_now
from servicekit.database.errors import UNREACHABLE

LOOK_SECONDS = 3.0
_log = structlog.get_logger(__name__)


class PromptAliases:
    """Keeps a store in step with the table. While the database is away, what was known stays in force."""

    def __init__(self, store: PromptStore, database: Database) -> None:
        self.store = store
        self._database = database

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read the table before the block begins, and again and again while it lasts."""
        await self.refresh()
        async with repeating(self.refresh, seconds=LOOK_SECONDS, name="prompt-aliases"):
            yield

    async def refresh(self) -> None:
        """Read the table now."""
        try:
            async with self._database.reading() as session:
                rows = (await session.scalars(select(PromptAlias).order_by(PromptAlias.name))).all()
        except UNREACHABLE as error:
            _log.warning("prompt_aliases_unknown", error=type(error).__name__)
            return
        self.store.switch({row.name: row.weights for row in rows})

    async def switch(self, name: str, weights: Mapping[str, int], *, actor: str) -> None:
        """Let these versions answer from now on, by weight; none means those of the settings again.

        Raises:
            PromptNotFound: there is no such prompt or version.
        """
        self.store.versions(name)
        for version in weights:
            self.store.get(name, version)
        async with self._database.session() as session:
            if weights:
                insert = insert_postgresql if session.get_bind().dialect.name == "postgresql" else insert_sqlite
                values = {"weights": dict(weights), "actor": actor, "changed_at": utc_now()}
                row = insert(PromptAlias).values(name=name, **values)
                await session.execute(row.on_conflict_do_update(index_elements=["name"], set_=values))
            else:
                await session.execute(delete(PromptAlias).where(PromptAlias.name == name))
        _log.warning("prompt_switched", prompt=name, weights=dict(weights), actor=actor)
        await self.refresh()
