"""A temperature is sent to models that take one, by the rule of LangChain's constructors."""

import langchain_openai
import pytest
from langchain_core.messages import HumanMessage
from pydantic import SecretStr

from llmkit.providers.anthropic_messages import AnthropicProvider
from llmkit.providers.openai_compatible import OpenAIProvider
from llmkit.providers.ports import Ask
from llmkit.testkit.wire import Wire

QUESTION = [HumanMessage("?")]


async def sent(provider: type[OpenAIProvider | AnthropicProvider], model: str, temperature: float | None) -> object:
    """What a request to a model says about the temperature."""
    async with Wire() as wire:
        url = wire.url("openai" if provider is OpenAIProvider else "anthropic")
        made = provider(api_key=None, base_url=url, connect_seconds=1, connections=1)
        try:
            await made.complete(model, Ask(QUESTION, 10, temperature=temperature))
        finally:
            await made.aclose()
        return wire.requests[0].body.get("temperature")


@pytest.mark.parametrize("temperature", [0.0, 0.7, 1.0])
@pytest.mark.parametrize("model", ["gpt-5", "gpt-5-mini", "GPT-5.1", "gpt-5-chat-latest", "gpt-4o", "qwen3", "mygpt-5"])
async def test_a_request_says_what_the_constructor_would_say(model: str, temperature: float) -> None:
    chat = langchain_openai.ChatOpenAI(model=model, temperature=temperature, api_key=SecretStr("k"))
    assert await sent(OpenAIProvider, model, temperature) == chat._get_request_payload(QUESTION).get("temperature")


@pytest.mark.parametrize("model", ["gpt-5-nano", "o3", "o4-mini"])
async def test_models_that_choose_themselves_are_not_told(model: str) -> None:
    assert await sent(OpenAIProvider, model, 0.0) is None


@pytest.mark.parametrize(
    ("model", "expected"), [("claude-fable-5-1", None), ("claude-sonnet-5-5", None), ("claude-mock", 0.0)]
)
async def test_the_same_with_anthropic(model: str, expected: float | None) -> None:
    assert await sent(AnthropicProvider, model, 0.0) == expected
