"""A gateway on a scripted provider, with everything around it to look at."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from fakeredis import FakeAsyncRedis
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from prometheus_client import CollectorRegistry

from llmkit.call import Call
from llmkit.gateway import build_gateway
from llmkit.governed import GovernedChatModel
from llmkit.providers.in_process import InProcessProvider
from llmkit.settings import LlmSettings
from llmkit.testkit.nulls import DictCache, FlatPrices, ListLedger, PurseBudget
from llmkit.testkit.replies import Protocol
from llmkit.testkit.wire import Wire

QUESTION = [HumanMessage("What is the capital of France?")]
QUICK: dict[str, object] = {
    "deadline_seconds": 10,
    "attempt_seconds": 3,
    "stall_seconds": 3,
    "connect_seconds": 1,
    "queue_seconds": 1,
    "attempts": 3,
    "backoff_seconds": 0.01,
    "backoff_max_seconds": 0.5,
}
CALL = Call("acme", "test.answer")
OFFLINE_ANSWER = "I answer offline."


class Bench:
    """The model `mock` of one protocol is the first choice; `fallback=True` adds a model of this process."""

    def __init__(self, wire: Wire, protocol: Protocol, redis: FakeAsyncRedis | None, overrides: dict[str, Any]) -> None:
        self.wire = wire
        self.model = f"{protocol}:mock"
        fallback = overrides.pop("fallback", False)
        chain = f"{self.model},offline" if fallback else self.model
        self.settings = LlmSettings.model_validate(
            QUICK | {"strong": chain, "cheap": chain, f"{protocol}_base_url": wire.url(protocol)} | overrides
        )
        self.prices = FlatPrices()
        self.budget = PurseBudget()
        self.ledger = ListLedger()
        self.cache = DictCache()
        self.registry = CollectorRegistry()
        self.gateway = build_gateway(
            self.settings,
            prices=self.prices,
            budget=self.budget,
            ledger=self.ledger,
            cache=self.cache,
            redis=redis,
            registry=self.registry,
            providers={
                "offline": InProcessProvider(
                    lambda: GenericFakeChatModel(messages=iter([AIMessage(OFFLINE_ANSWER)] * 50))
                )
            },
        )

        self.gateway.warm_up()

    def chat(self, **fields: object) -> GovernedChatModel:
        return self.gateway.chat(replace(CALL, **fields))  # type: ignore[arg-type]  # fields of a call

    async def ask(self, **fields: object) -> AIMessage:
        return await self.chat(**fields).ainvoke(QUESTION)

    async def stream(self, **fields: object) -> list[AIMessageChunk]:
        return [chunk async for chunk in self.chat(**fields).astream(QUESTION)]

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


MakeBench: TypeAlias = Callable[..., Bench]


def text_of(chunks: list[AIMessageChunk]) -> str:
    return "".join(str(chunk.text) for chunk in chunks)
