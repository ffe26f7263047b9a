"""The gateway before scripted models, and the prompts of this service."""

from collections.abc import AsyncGenerator

import pytest
from prometheus_client import CollectorRegistry

from llmkit.gateway import Gateway, build_gateway
from llmkit.prompts import PromptStore
from llmkit.providers.ports import Provider
from llmkit.settings import LlmSettings
from llmkit.testkit.nulls import DictCache, FlatPrices, ListLedger, PurseBudget
from rag.answers import PROMPTS
from rag.retrieval.prompting import PromptWriter


@pytest.fixture
def answer_cache() -> DictCache:
    return DictCache()


@pytest.fixture
async def gateway(provider: Provider, answer_cache: DictCache) -> AsyncGenerator[Gateway]:
    """The gateway with two scripted models, `openai:big` and `openai:small`, and the offline model."""
    settings = LlmSettings(
        strong="openai:big", cheap="openai:small,offline", openai_base_url="http://127.0.0.1:9", attempts=1
    )
    made = build_gateway(
        settings,
        prices=FlatPrices(),
        budget=PurseBudget(),
        ledger=ListLedger(),
        cache=answer_cache,
        redis=None,
        registry=CollectorRegistry(),
        providers={"openai": provider},
    )
    yield made
    await made.aclose()


@pytest.fixture
def prompts() -> PromptWriter:
    return PromptWriter(PromptStore.load(PROMPTS))
