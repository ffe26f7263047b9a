"""Which models answer, and within which bounds."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from llmkit.call import ModelRef, Tier
from servicekit.settings import Group

PROVIDERS = ("offline", "openai", "anthropic")


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


class LlmSettings(Group):
    """Which language models answer, and within which bounds."""

    strong: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = Field(
        ("offline",), description="Models for answers, in order of preference: provider:model, separated by commas"
    )
    cheap: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = Field(
        ("offline",), description="The same for small tasks, such as rewriting a question"
    )
    openai_api_key: SecretStr | None = Field(None, description="Key of OpenAI or a compatible server")
    openai_base_url: str | None = Field(
        None, pattern="^https?://", description="A server that speaks OpenAI's chat completions; unset means OpenAI"
    )
    anthropic_api_key: SecretStr | None = Field(None, description="Key of Anthropic")
    anthropic_base_url: str | None = Field(
        None, pattern="^https?://", description="A server that speaks Anthropic's messages; unset means Anthropic"
    )
    deadline_seconds: float = Field(
        60, gt=0, description="For one answer, over all attempts and fallbacks, unless a call says otherwise"
    )
    attempt_seconds: float = Field(40, gt=0, description="For one request whose answer does not stream")
    stall_seconds: float = Field(20, gt=0, description="Longest silence of a stream, its beginning included")
    connect_seconds: float = Field(5, gt=0, description="Longest wait for a connection to a provider")
    queue_seconds: float = Field(10, gt=0, description="Longest wait for one of the concurrent calls")
    concurrency: int = Field(256, gt=0, description="Calls to one model at once in one process; more wait")
    attempts: int = Field(3, gt=0, description="Requests to one model for one answer at most")
    backoff_seconds: float = Field(0.5, gt=0, description="Mean of the first pause between attempts; it doubles")
    backoff_max_seconds: float = Field(8, gt=0, description="Longest such pause, unless a provider asks for more")
    breaker_failures: int = Field(5, gt=0, description="Failures in a row after which a model is left alone")
    breaker_seconds: float = Field(20, gt=0, description="For how long; then one call tries it")
    max_output_tokens: int = Field(4096, gt=0, description="Longest answer, unless a call says otherwise")
    capture_content: bool = Field(False, description="Write prompts and answers into traces, without personal data")

    @field_validator("strong", "cheap")
    @classmethod
    def _chain(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names:
            raise ValueError("names no model; `offline` needs no key")
        for ref in map(ModelRef.parse, names):
            if ref.provider not in PROVIDERS:
                raise ValueError(f"{str(ref)!r} is of no known provider; known are {', '.join(PROVIDERS)}")
        return names

    @model_validator(mode="after")
    def _providers_can_be_reached(self) -> Self:
        for name in ("strong", "cheap"):
            for ref in map(ModelRef.parse, getattr(self, name)):
                if not self.configured(ref.provider):
                    needed = f"LLM__{ref.provider.upper()}"
                    raise ValueError(
                        f"LLM__{name.upper()} names {ref}, which needs {needed}_API_KEY or {needed}_BASE_URL"
                    )
        return self

    def configured(self, provider: str) -> bool:
        """Whether enough is set to reach a provider; servers of one's own may need no key."""
        if provider == "openai":
            return bool(self.openai_api_key or self.openai_base_url)
        if provider == "anthropic":
            return bool(self.anthropic_api_key or self.anthropic_base_url)
        return provider == "offline"

    def chain(self, tier: Tier) -> Sequence[ModelRef]:
        """The models of a tier in order of preference."""
        return tuple(map(ModelRef.parse, self.strong if tier is Tier.STRONG else self.cheap))
