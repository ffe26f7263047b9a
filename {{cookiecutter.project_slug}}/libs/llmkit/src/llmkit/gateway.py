"""Where services get their chat models from."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from llmkit.breaker import MemoryBreaker, RedisBreaker
from llmkit.call import Call, ModelRef, Tier
from llmkit.errors import Refused
from llmkit.governed import GovernedChatModel
from llmkit.parts import Parts, Slots
from llmkit.portal import Portal
from llmkit.ports import AnswerCache, Breaker, Budget, Ledger, PriceList
from llmkit.providers.factory import make_providers
from llmkit.providers.ports import Provider
from llmkit.retrying import Backoff
from llmkit.settings import LlmSettings
from llmkit.telemetry import LlmMetrics

CLOSING_SECONDS = 5.0


class Gateway:
    """The models of a process. It belongs to one event loop; threads without one may use it too."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._portal = Portal()

    def chat(self, call: Call) -> GovernedChatModel:
        """Return a model for a kind of call; `Refused` when it names a model of a provider that is not set up."""
        models = call.models or tuple(self._parts.settings.chain(call.tier))
        for model in models:
            if model.provider not in self._parts.providers:
                raise Refused(f"There is no provider for {model} in the settings.")
        return GovernedChatModel(call=call, models=models, parts=self._parts, portal=self._portal)

    def models(self) -> tuple[ModelRef, ...]:
        """All models that the settings name, the best first."""
        chains = (self._parts.settings.chain(tier) for tier in (Tier.STRONG, Tier.CHEAP))
        return tuple(dict.fromkeys(model for chain in chains for model in chain))

    def warm_up(self) -> None:
        """Import what the models of the settings need: seconds that the first caller does not wait. For a thread."""
        for name in {model.provider for model in self.models()}:
            self._parts.providers[name].load()

    async def aclose(self) -> None:
        """Finish what is being booked and close all connections."""
        await self._parts.chores.wait(CLOSING_SECONDS)
        for provider in self._parts.providers.values():
            await provider.aclose()

    def close(self) -> None:
        """`aclose` for code without an event loop."""
        self._portal.run(self.aclose())
        self._portal.close()


def build_gateway(
    settings: LlmSettings,
    *,
    prices: PriceList,
    budget: Budget,
    ledger: Ledger,
    cache: AnswerCache | None,
    redis: Redis | None,
    registry: CollectorRegistry,
    providers: Mapping[str, Provider] | None = None,
) -> Gateway:
    """Make a gateway. Nothing is imported or opened before the first call.

    Args:
        settings: Which models answer, and within which bounds.
        prices: What they cost.
        budget: Asked before each request.
        ledger: Told of each request.
        cache: Used by calls that want it; None for none.
        redis: Shares the circuits with other processes; None keeps them in this one.
        registry: Where the metrics go.
        providers: More than the settings know, by name.
    """
    metrics = LlmMetrics(registry)
    return Gateway(
        Parts(
            settings=settings,
            providers=make_providers(settings) | dict(providers or {}),
            prices=prices,
            budget=budget,
            ledger=ledger,
            cache=cache,
            breaker=_make_breaker(settings, redis, metrics),
            metrics=metrics,
            slots=Slots(settings.concurrency, settings.queue_seconds),
            backoff=Backoff(settings.backoff_seconds, settings.backoff_max_seconds),
        )
    )


def _make_breaker(settings: LlmSettings, redis: Redis | None, metrics: LlmMetrics) -> Breaker:
    failures, seconds = settings.breaker_failures, settings.breaker_seconds
    if redis is None:
        return MemoryBreaker(failures=failures, seconds=seconds, notify=metrics.circuit)
    return RedisBreaker(redis, failures=failures, seconds=seconds, notify=metrics.circuit)
