"""How often the semantic cache gives the answer to another question.

`golden/near_misses.jsonl` holds pairs of questions that sound alike. In some, both ask the same: a hit is right. In
the others one word makes another question of it: a hit is false, and would hand somebody a wrong answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from langchain_core.messages import AIMessage, HumanMessage
from pydantic import BaseModel, ConfigDict

from llmkit.call import CacheMode, Call, ModelRef
from llmkit.ports import AnswerCache, CachedAnswer
from rag.evaluation.files import GOLDEN
from rag.evaluation.report import Estimate, estimate

PAIRS = GOLDEN / "pairs" / "near_misses.jsonl"
_MODEL = ModelRef("offline", "offline")


class Pair(BaseModel):
    """Two questions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: str
    second: str
    same: bool


@dataclass(frozen=True, slots=True)
class CacheQuality:
    """What the cache did with the second questions after it had been told the first ones."""

    pairs: tuple[Pair, ...]
    hits: tuple[bool, ...]

    @property
    def false_hits(self) -> tuple[Pair, ...]:
        """Questions that were taken for another one."""
        return tuple(pair for pair, hit in zip(self.pairs, self.hits, strict=True) if hit and not pair.same)

    def metrics(self) -> dict[str, Estimate]:
        """Return how many repetitions were recognised, and how many other questions were taken for one."""
        of = {
            "cache_hits": [hit for pair, hit in zip(self.pairs, self.hits, strict=True) if pair.same],
            "cache_false_hits": [hit for pair, hit in zip(self.pairs, self.hits, strict=True) if not pair.same],
        }
        return {name: estimate([float(hit) for hit in hits]) for name, hits in of.items() if hits}


def read_pairs(path: Path = PAIRS) -> tuple[Pair, ...]:
    """Read the pairs that come with the service, or others."""
    return tuple(Pair.model_validate_json(line) for line in path.read_text(encoding="utf-8").splitlines() if line)


async def measure(cache: AnswerCache, pairs: Sequence[Pair], *, tenant: str = "evaluation") -> CacheQuality:
    """Tell the cache each first question and ask it the second. Each pair is a call site of its own."""
    hits = []
    for number, pair in enumerate(pairs):
        call = Call(tenant, f"evaluation.pair-{number}", cache=CacheMode.SEMANTIC)
        answer = CachedAnswer(AIMessage("known"), _MODEL, "semantic")
        await cache.store(call, (_MODEL,), [HumanMessage(pair.first)], "", answer)
        hits.append(await cache.find(call, (_MODEL,), [HumanMessage(pair.second)], "") is not None)
    return CacheQuality(tuple(pairs), tuple(hits))
