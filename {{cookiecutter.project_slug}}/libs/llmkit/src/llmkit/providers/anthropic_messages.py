"""Anthropic's messages."""

import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from llmkit.errors import ModelError, Refused
from llmkit.providers.anthropic_wire import NOTHING, AnthropicReader
from llmkit.providers.faults import name_raised, name_told, told
from llmkit.providers.http import NO_KEY, make_client
from llmkit.providers.ports import Ask, Piece
from llmkit.providers.sampling import temperature_of
from llmkit.providers.sse import drain, events

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from langchain_anthropic import ChatAnthropic

ANTHROPIC_URL = "https://api.anthropic.com"


class AnthropicProvider:
    """LangChain's ChatAnthropic makes the requests and the SDK sends them; the answers are read here."""

    def __init__(
        self, *, api_key: SecretStr | None, base_url: str | None, connect_seconds: float, connections: int
    ) -> None:
        self._api_key = api_key or SecretStr(NO_KEY)
        self._base_url = base_url or ANTHROPIC_URL
        self._connecting = (connect_seconds, connections)
        self._loading = threading.Lock()  # the first calls all come at once
        self._sdk: AsyncAnthropic | None = None
        self._chats: dict[str, ChatAnthropic] = {}

    @property
    def loaded(self) -> bool:
        """Whether the SDK is there."""
        return self._sdk is not None

    def load(self) -> None:
        """Import the SDK and make its client, which reads certificates."""
        import langchain_anthropic  # noqa: F401 - takes seconds, and most projects use one provider

        with self._loading:
            self._sdk = self._sdk or self._make_client()

    async def stream(self, model: str, ask: Ask) -> AsyncGenerator[Piece, None]:
        """Yield an answer as it comes."""
        payload = self._payload(model, ask) | {"stream": True}
        reader = AnthropicReader()
        async with self._client().messages.with_streaming_response.create(**payload) as response:
            chunks = response.iter_bytes()
            async with aclosing(events(chunks)) as found:
                async for data in found:
                    piece = reader.read(data)
                    if reader.stopped:
                        await drain(chunks)
                        return
                    if piece is not NOTHING:
                        yield piece

    async def complete(self, model: str, ask: Ask) -> Piece:
        """Return an answer in one piece."""
        response = await self._client().messages.with_raw_response.create(**self._payload(model, ask))
        return AnthropicReader().read_whole(await response.read())

    def fault(self, model: str, error: Exception) -> ModelError:
        """Name what the SDK or the reader has raised."""
        import anthropic  # see `load`

        if isinstance(error, anthropic.APIStatusError):
            return name_told(model, told(error.status_code, error.response.headers, error.body))
        if isinstance(error, anthropic.APIConnectionError):
            return name_raised(model, error.__cause__ or error)
        return name_raised(model, error)

    async def aclose(self) -> None:
        """Close all connections."""
        self._chats.clear()
        if self._sdk is not None:
            await self._sdk.close()
            self._sdk = None

    def _client(self) -> "AsyncAnthropic":
        self.load()
        assert self._sdk is not None  # noqa: S101 - for the type checker: `load` has made it
        return self._sdk

    def _make_client(self) -> "AsyncAnthropic":
        from anthropic import AsyncAnthropic  # see `load`

        http = make_client(*self._connecting)
        return AsyncAnthropic(
            api_key=self._api_key.get_secret_value(),
            base_url=self._base_url,
            http_client=http,
            timeout=http.timeout,
            max_retries=0,
        )

    def _payload(self, model: str, ask: Ask) -> dict[str, Any]:
        options: dict[str, Any] = {"max_tokens": ask.max_tokens, **temperature_of(model, ask)}
        try:
            if ask.tools:
                options |= self._tools(model, ask)
            stop = list(ask.stop) if ask.stop else None
            return dict(self._chat(model)._get_request_payload(list(ask.messages), stop=stop, **options))
        except (ValueError, TypeError, KeyError) as error:
            raise Refused(f"The messages cannot be put to {model} ({type(error).__name__}).") from None

    def _tools(self, model: str, ask: Ask) -> dict[str, Any]:
        none = ask.tool_choice == "none"
        bound = self._chat(model).bind_tools(
            [dict(tool) for tool in ask.tools],
            tool_choice={"type": "none"} if none else ask.tool_choice,
            parallel_tool_calls=None if none else ask.parallel_tool_calls,
        )
        return dict(bound.kwargs)  # type: ignore[attr-defined]  # a RunnableBinding, declared as any Runnable

    def _chat(self, model: str) -> "ChatAnthropic":
        from langchain_anthropic import ChatAnthropic  # see `load`

        if model not in self._chats:
            self._chats[model] = ChatAnthropic(
                model=model,
                anthropic_api_key=self._api_key,
                anthropic_api_url=self._base_url,
                max_retries=0,
            )
        return self._chats[model]
