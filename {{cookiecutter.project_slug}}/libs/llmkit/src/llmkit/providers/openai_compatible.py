"""OpenAI's chat completions, of OpenAI and of whatever speaks them (Ollama, vLLM, OpenRouter, Gemini's route).

The requests go out by the SDK's `post`. Its `chat.completions.create` would look at every message by the types of its
arguments once more, which takes 1.5 to 3 ms with ten passages in a prompt and changes nothing: LangChain has made them.
"""

import threading
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

import httpx2
from pydantic import SecretStr

from llmkit.errors import ModelError, Refused
from llmkit.providers.faults import name_raised, name_told, told
from llmkit.providers.http import NO_KEY, make_client, make_unused_client
from llmkit.providers.openai_wire import OpenAIReader
from llmkit.providers.ports import Ask, Piece
from llmkit.providers.sampling import temperature_of
from llmkit.providers.sse import drain, events

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI
    from openai import AsyncOpenAI

OPENAI_URL = "https://api.openai.com/v1"


class OpenAIProvider:
    """LangChain's ChatOpenAI makes the requests and its SDK sends them; the answers are read here."""

    def __init__(
        self, *, api_key: SecretStr | None, base_url: str | None, connect_seconds: float, connections: int
    ) -> None:
        self._api_key = api_key or SecretStr(NO_KEY)
        self._base_url = base_url or OPENAI_URL
        self._connecting = (connect_seconds, connections)
        self._loading = threading.Lock()  # the first calls all come at once
        self._http: httpx2.AsyncClient | None = None
        self._chats: dict[str, ChatOpenAI] = {}

    @property
    def loaded(self) -> bool:
        """Whether the SDK is there."""
        return self._http is not None

    def load(self) -> None:
        """Import the SDK and make the pool, which reads certificates."""
        import langchain_openai  # noqa: F401 - takes a second, and most projects use one provider

        with self._loading:
            self._http = self._http or make_client(*self._connecting)

    async def stream(self, model: str, ask: Ask) -> AsyncGenerator[Piece, None]:
        """Yield an answer as it comes."""
        chat = self._chat(model)
        payload = _payload(chat, ask) | {"stream": True, "stream_options": {"include_usage": True}}
        reader = OpenAIReader()
        response = await self._post(chat, payload, stream=True)
        try:
            chunks = response.aiter_bytes()
            async with aclosing(events(chunks)) as found:
                async for data in found:
                    if data == b"[DONE]":
                        await drain(chunks)
                        return
                    yield reader.read(data)
        finally:
            await response.aclose()

    async def complete(self, model: str, ask: Ask) -> Piece:
        """Return an answer in one piece."""
        chat = self._chat(model)
        response = await self._post(chat, _payload(chat, ask), stream=False)
        return OpenAIReader().read_whole(response.content)

    def fault(self, model: str, error: Exception) -> ModelError:
        """Name what the SDK or the reader has raised."""
        import openai  # see `load`

        if isinstance(error, openai.APIStatusError):
            return name_told(model, told(error.status_code, error.response.headers, error.body))
        if isinstance(error, openai.APIConnectionError):
            return name_raised(model, error.__cause__ or error)
        return name_raised(model, error)

    async def aclose(self) -> None:
        """Close all connections."""
        self._chats.clear()
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def _post(self, chat: "ChatOpenAI", payload: Mapping[str, object], *, stream: bool) -> httpx2.Response:
        from openai import AsyncStream  # see `load`

        client: AsyncOpenAI = chat.root_async_client
        response: object = await client.post(
            "/chat/completions", cast_to=httpx2.Response, body=payload, stream=stream, stream_cls=AsyncStream[object]
        )
        return cast("httpx2.Response", response)  # `cast_to` leaves a stream unread

    def _chat(self, model: str) -> "ChatOpenAI":
        if model not in self._chats:
            self._chats[model] = self._make(model)
        return self._chats[model]

    def _make(self, model: str) -> "ChatOpenAI":
        from langchain_openai import ChatOpenAI  # see `load`

        self.load()
        assert self._http is not None  # noqa: S101 - for the type checker: `load` has made it
        return ChatOpenAI(
            model=model,
            api_key=self._api_key,
            base_url=self._base_url,
            http_async_client=self._http,
            http_client=make_unused_client(),
            timeout=self._http.timeout,
            max_retries=0,
            use_responses_api=False,  # compatible servers have chat completions only
        )


def _payload(chat: "ChatOpenAI", ask: Ask) -> dict[str, object]:
    options: dict[str, object] = {"max_tokens": ask.max_tokens, **temperature_of(chat.model_name, ask)}
    try:
        if ask.tools:
            bound = chat.bind_tools(
                [dict(tool) for tool in ask.tools],
                tool_choice=ask.tool_choice,
                parallel_tool_calls=ask.parallel_tool_calls,
            )
            options |= bound.kwargs  # type: ignore[attr-defined]  # a RunnableBinding, declared as any Runnable
        stop = list(ask.stop) if ask.stop else None
        return dict(chat._get_request_payload(list(ask.messages), stop=stop, **options))
    except (ValueError, TypeError, KeyError) as error:
        raise Refused(f"The messages cannot be put to {chat.model_name} ({type(error).__name__}).") from None
