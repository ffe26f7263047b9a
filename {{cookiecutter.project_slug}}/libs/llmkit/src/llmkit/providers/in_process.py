"""Models of LangChain that run in this process, such as the offline model: no wire, no connection, no key."""

import json
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk

from llmkit.call import TokenUsage
from llmkit.errors import ModelError
from llmkit.providers.faults import name_raised
from llmkit.providers.ports import Ask, Finish, Piece


def _offline_model() -> BaseChatModel:
    from llmkit.offline.chat import OfflineChatModel  # its vocabulary is not needed by everyone

    return OfflineChatModel()


class InProcessProvider:
    """Asks a LangChain model directly. That it returns is the end of its answer: there is no connection to lose."""

    def __init__(self, make: Callable[[], BaseChatModel] = _offline_model) -> None:
        self._make = make
        self._loading = threading.Lock()  # the first calls all come at once
        self._chat: BaseChatModel | None = None

    @property
    def loaded(self) -> bool:
        """Whether there is a model."""
        return self._chat is not None

    def load(self) -> None:
        """Make the model."""
        with self._loading:
            self._chat = self._chat or self._make()

    async def stream(self, model: str, ask: Ask) -> AsyncGenerator[Piece, None]:
        """Yield an answer as it comes; in one piece if the model does not stream."""
        chat = self._loaded()
        if type(chat)._stream is BaseChatModel._stream and type(chat)._astream is BaseChatModel._astream:
            yield await self.complete(model, ask)
            return
        finish: Finish | None = None
        async for chunk in chat._astream(list(ask.messages), stop=_stop(ask), **self._options(chat, ask)):
            piece = _piece(chunk.message, chunk.generation_info, model)
            finish = piece.finish or finish
            yield piece
        if finish is None:
            yield Piece(finish=Finish.STOP, model=model)

    async def complete(self, model: str, ask: Ask) -> Piece:
        """Return an answer in one piece."""
        chat = self._loaded()
        result = await chat._agenerate(list(ask.messages), stop=_stop(ask), **self._options(chat, ask))
        generation = result.generations[0]
        piece = _piece(generation.message, generation.generation_info, model)
        return Piece(piece.text, piece.calls, piece.finish or Finish.STOP, piece.usage, model)

    def fault(self, model: str, error: Exception) -> ModelError:
        """Name what the model has raised."""
        return name_raised(model, error)

    async def aclose(self) -> None:
        """Forget the model."""
        self._chat = None

    def _loaded(self) -> BaseChatModel:
        self.load()
        assert self._chat is not None  # noqa: S101 - for the type checker: `load` has set it
        return self._chat

    def _options(self, chat: BaseChatModel, ask: Ask) -> dict[str, Any]:
        if not ask.tools:
            return {}
        bound = chat.bind_tools([dict(tool) for tool in ask.tools], tool_choice=ask.tool_choice)
        return dict(bound.kwargs)  # type: ignore[attr-defined]  # a RunnableBinding, declared as any Runnable


def _stop(ask: Ask) -> list[str] | None:
    return list(ask.stop) if ask.stop else None


def _piece(message: BaseMessage, info: dict[str, object] | None, model: str) -> Piece:
    calls = message.tool_call_chunks if isinstance(message, AIMessageChunk) else tuple(_calls(message))
    reason = (info or {}).get("finish_reason") or message.response_metadata.get("finish_reason")
    finish = Finish(reason) if isinstance(reason, str) and reason in set(Finish) else None
    return Piece(str(message.text), calls, finish, _usage(message), model)


def _calls(message: BaseMessage) -> Iterator[ToolCallChunk]:
    if isinstance(message, AIMessage):
        for index, call in enumerate(message.tool_calls):
            yield tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=index)


def _usage(message: BaseMessage) -> TokenUsage | None:
    usage = message.usage_metadata if isinstance(message, AIMessage) else None
    return TokenUsage(usage["input_tokens"], usage["output_tokens"]) if usage else None
