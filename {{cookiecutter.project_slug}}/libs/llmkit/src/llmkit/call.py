"""What a call site says about its call, and what it learns about the answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from langchain_core.messages import BaseMessage

REPORT_KEY = "llmkit"
"""Where the report lies in `AIMessage.response_metadata`; on a stream, in that of the last chunk."""


class Tier(StrEnum):
    """What a task needs; settings name the models of each tier."""

    CHEAP = "cheap"
    STRONG = "strong"


class CacheMode(StrEnum):
    """Whether an earlier answer may serve. Every call site opts in by itself."""

    OFF = "off"
    EXACT = "exact"
    SEMANTIC = "semantic"  # exact first


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model of a provider, written `openai:gpt-5-mini`, `anthropic:claude-…` or `offline`."""

    provider: str
    name: str

    @classmethod
    def parse(cls, text: str) -> "ModelRef":
        """Read `provider:name`; a lone `offline` is the offline model. ValueError for anything else."""
        provider, _, name = text.strip().partition(":")
        if provider == "offline" and not name:
            return cls("offline", "offline")
        if not provider or not name:
            raise ValueError(f"{text!r} is not provider:model")
        return cls(provider, name)

    def __str__(self) -> str:
        return self.name if self.provider == self.name else f"{self.provider}:{self.name}"


@dataclass(frozen=True, slots=True)
class PromptRef:
    """The prompt file that an answer was made with."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks, what for, and within which bounds."""

    tenant: str
    purpose: str
    """The call site, such as `rag.answer`: in metrics, spans and the ledger."""
    tier: Tier = Tier.STRONG
    prompt: PromptRef | None = None
    cache: CacheMode = CacheMode.OFF
    models: tuple[ModelRef, ...] = ()
    """Instead of the tier's chain, tried in this order."""
    deadline_seconds: float | None = None
    """Over all attempts and fallbacks; None means the settings'."""
    max_output_tokens: int | None = None
    temperature: float | None = None
    request_id: str | None = None
    cache_tags: tuple[str, ...] = ()
    """What a cached answer rests on, such as the ids of documents: purging a tag deletes the answers that name it."""


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of one answer."""

    input: int
    output: int
    cached_input: int = 0
    estimated: bool = False
    """True when the provider sent no usage block and the numbers are counted here."""


@dataclass(frozen=True, slots=True)
class CallReport:
    """What is known about an answer when it has been given."""

    model: ModelRef
    """The model that really answered."""
    usage: TokenUsage
    cost_usd: Decimal
    prompt: PromptRef | None = None
    cache: Literal["exact", "semantic"] | None = None
    attempts: int = 1
    """Requests sent upstream; 0 for an answer from the cache."""
    fell_back_from: tuple[str, ...] = ()
    first_token_seconds: float | None = None
    seconds: float = 0.0

    def to_metadata(self) -> dict[str, object]:
        """Return the report as plain JSON values."""
        return {
            "model": self.model.name,
            "provider": self.model.provider,
            "prompt": {"name": self.prompt.name, "version": self.prompt.version} if self.prompt else None,
            "tokens": {
                "input": self.usage.input,
                "output": self.usage.output,
                "cached_input": self.usage.cached_input,
                "estimated": self.usage.estimated,
            },
            "cost_usd": str(self.cost_usd),
            "cache": self.cache,
            "attempts": self.attempts,
            "fell_back_from": list(self.fell_back_from),
            "first_token_seconds": self.first_token_seconds,
            "seconds": self.seconds,
        }


def report_of(message: BaseMessage) -> Mapping[str, object] | None:
    """Return the report that a governed answer carries, as `CallReport.to_metadata` wrote it."""
    found = message.response_metadata.get(REPORT_KEY)
    return found if isinstance(found, Mapping) else None
