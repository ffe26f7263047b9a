from collections.abc import Sequence

from langchain_core.messages import BaseMessage

from llmkit.call import CacheMode, Call, ModelRef
from llmkit.ports import CachedAnswer
from rag.evaluation.semantic import CacheQuality, Pair, measure

SAME = Pair(first="When does it open?", second="When does it open, please?", same=True)
OTHER = Pair(first="When does it open?", second="When does it close?", same=False)


class ForgivingCache:
    """Takes questions for the same that begin with the same letters."""

    def __init__(self, letters: int) -> None:
        self.letters = letters
        self.known: dict[str, list[str]] = {}

    async def store(
        self,
        call: Call,
        models: Sequence[ModelRef],
        messages: Sequence[BaseMessage],
        options: str,
        answer: CachedAnswer,
    ) -> None:
        assert call.cache is CacheMode.SEMANTIC
        self.known.setdefault(call.purpose, []).append(str(messages[-1].text)[: self.letters])

    async def find(
        self, call: Call, models: Sequence[ModelRef], messages: Sequence[BaseMessage], options: str
    ) -> CachedAnswer | None:
        known = str(messages[-1].text)[: self.letters] in self.known.get(call.purpose, [])
        return CachedAnswer(messages[-1], models[0], "semantic") if known else None


async def test_a_forgiving_cache_is_found_out() -> None:
    quality = await measure(ForgivingCache(12), [SAME, OTHER])
    assert rates(quality) == (1.0, 1.0)
    assert quality.false_hits == (OTHER,)


async def test_a_careful_cache_makes_no_false_hit() -> None:
    quality = await measure(ForgivingCache(17), [SAME, OTHER, OTHER])
    assert rates(quality) == (1.0, 0.0)


async def test_a_cache_that_never_hits_gains_nothing() -> None:
    quality = await measure(ForgivingCache(100), [SAME, OTHER])
    assert rates(quality) == (0.0, 0.0)


async def test_pairs_do_not_disturb_each_other() -> None:
    other = Pair(first="Who is there?", second="When does it open?", same=False)
    assert (await measure(ForgivingCache(100), [SAME, other])).false_hits == ()


async def test_without_pairs_nothing_is_measured() -> None:
    assert (await measure(ForgivingCache(1), [])).metrics() == {}


def rates(quality: CacheQuality) -> tuple[float, float]:
    metrics = quality.metrics()
    return metrics["cache_hits"].value, metrics["cache_false_hits"].value
