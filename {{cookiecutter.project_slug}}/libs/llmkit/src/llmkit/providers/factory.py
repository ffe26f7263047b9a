"""The providers that the settings can reach."""

from llmkit.providers.anthropic_messages import AnthropicProvider
from llmkit.providers.in_process import InProcessProvider
from llmkit.providers.openai_compatible import OpenAIProvider
from llmkit.providers.ports import Provider
from llmkit.settings import LlmSettings


def make_providers(settings: LlmSettings) -> dict[str, Provider]:
    """Make them by name. Nothing is imported or opened before the first question."""
    providers: dict[str, Provider] = {"offline": InProcessProvider()}
    if settings.configured("openai"):
        providers["openai"] = OpenAIProvider(
            api_key=settings.openai_api_key,
            base_url=settings.openai_base_url,
            connect_seconds=settings.connect_seconds,
            connections=settings.concurrency,
        )
    if settings.configured("anthropic"):
        providers["anthropic"] = AnthropicProvider(
            api_key=settings.anthropic_api_key,
            base_url=settings.anthropic_base_url,
            connect_seconds=settings.connect_seconds,
            connections=settings.concurrency,
        )
    return providers
