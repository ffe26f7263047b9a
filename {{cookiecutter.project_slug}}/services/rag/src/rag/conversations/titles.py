"""Titles that a cheap model finds after the answer was given. Nobody waits for one, or misses one that fails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import structlog

from llmkit.call import Call, Tier
from rag.conversations.repository import ConversationRepository
from rag.conversations.threads import TITLE_LENGTH
from rag.retrieval.escaping import escape
from rag.retrieval.ports import ChatModels
from rag.retrieval.prompting import PromptWriter
from servicekit.database import Database

PROMPT = "rag-title"
SECONDS = 20.0
MOST_AT_ONCE = 50
"""When models are slow, titles are left out rather than piled up."""
_log = structlog.get_logger(__name__)


class Titles:
    """Finds titles in the background of this process."""

    def __init__(self, database: Database, models: ChatModels, prompts: PromptWriter) -> None:
        self._database = database
        self._models = models
        self._prompts = prompts
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Stop at the end of the block; conversations without a title keep their question as one."""
        try:
            yield
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def find(self, tenant: str, conversation_id: UUID, question: str) -> None:
        """Begin to look for the title of a conversation."""
        if len(self._tasks) < MOST_AT_ONCE:
            task = asyncio.create_task(self._find(tenant, conversation_id, question))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait until all titles that were begun are found or given up."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _find(self, tenant: str, conversation_id: UUID, question: str) -> None:
        try:
            title = await self._ask(tenant, question)
            if title:
                async with self._database.session() as session:
                    await ConversationRepository(session, tenant).rename(conversation_id, title)
        except Exception as error:
            _log.warning("title_failed", error=type(error).__name__, conversation_id=str(conversation_id))

    async def _ask(self, tenant: str, question: str) -> str:
        prompt = self._prompts.write(PROMPT, tenant, question=escape(question))
        call = Call(
            tenant=tenant,
            purpose="rag.title",
            tier=Tier.CHEAP,
            prompt=prompt.ref,
            deadline_seconds=SECONDS,
            max_output_tokens=40,
            temperature=0.0,
        )
        answer = await self._models.chat(call).ainvoke(prompt.messages)
        title = " ".join(str(answer.text).split()).strip("\"'`*#. ")
        return title[:TITLE_LENGTH]
