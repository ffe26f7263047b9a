"""Fixtures of the service's tests: its settings, migrations and jobs for the test kit."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from pathlib import Path

import pytest
from langchain_core.messages.tool import tool_call_chunk

from llmkit.call import TokenUsage
from llmkit.errors import ModelError
from llmkit.providers.ports import Ask, Finish, Piece
from rag import jobs
from rag.catalog import WorkerResources
from rag.cli import migration_folders
from rag.settings import RagSettings
from servicekit.jobs import JobCatalog
from servicekit.settings import ServiceSettings


@pytest.fixture(scope="session")
def settings_class() -> type[ServiceSettings]:
    return RagSettings


@pytest.fixture(scope="session")
def migration_locations() -> Sequence[Path]:
    return tuple(migration_folders())


@pytest.fixture(scope="session")
def catalog() -> JobCatalog[WorkerResources]:
    return jobs.catalog


class ScriptedProvider:
    """Gives prepared answers in turn: texts, lists of pieces of text, dictionaries (arguments of a tool) or errors."""

    loaded = True

    def __init__(self) -> None:
        self.script: list[object] = []
        self.asked: list[Ask] = []
        self.closed = 0
        self.hang = asyncio.Event()
        """An answer that has a None among its pieces waits for this."""

    def load(self) -> None:
        pass

    async def stream(self, model: str, ask: Ask) -> AsyncGenerator[Piece, None]:
        try:
            for piece in self._pieces(ask):
                if piece is None:
                    await self.hang.wait()
                elif isinstance(piece, Exception):
                    raise piece
                else:
                    yield piece
            yield Piece(finish=Finish.STOP, usage=TokenUsage(100, 10), model=model)
        finally:
            self.closed += 1

    async def complete(self, model: str, ask: Ask) -> Piece:
        pieces = [piece for piece in self._pieces(ask) if piece is not None]
        for piece in pieces:
            if isinstance(piece, Exception):
                raise piece
        text = "".join(piece.text for piece in pieces)
        calls = [call for piece in pieces for call in piece.calls]
        finish = Finish.TOOL_CALLS if calls else Finish.STOP
        return Piece(text, calls, finish, TokenUsage(100, 10), model)

    def _pieces(self, ask: Ask) -> Iterator[Piece | Exception | None]:
        self.asked.append(ask)
        answer = self.script.pop(0)
        for part in answer if isinstance(answer, list) else [answer]:
            if isinstance(part, dict):
                yield Piece(calls=[tool_call_chunk(name="answer", args=part["json"], id="1", index=0)])
            elif isinstance(part, str):
                yield Piece(part)
            else:
                yield part

    def fault(self, model: str, error: Exception) -> ModelError:
        if isinstance(error, ModelError):
            return error
        raise error  # a defect of the test

    async def aclose(self) -> None:
        pass


@pytest.fixture
def provider() -> ScriptedProvider:
    """The models `openai:…`, whose answers the test scripts."""
    return ScriptedProvider()
