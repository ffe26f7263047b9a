import numpy as np
import pytest

from llmkit.cache.guard import same_question
from llmkit.cache.measure import Pair, measure, shipped_pairs
from llmkit.embeddings.hashed import HashedEmbedder


class Gullible:
    """An embedder to which all questions are one: the guard stands alone."""

    fingerprint = "gullible"
    dimensions = 2

    async def embed_query(self, text: str) -> np.ndarray:
        return np.array([1, 0], np.float32)

    async def embed_documents(self, texts: list[str]) -> np.ndarray:
        return np.array([[1, 0]] * len(texts), np.float32)


def test_there_are_enough_pairs_of_both_kinds() -> None:
    pairs = shipped_pairs()
    assert sum(pair.same for pair in pairs) >= 25
    assert sum(not pair.same for pair in pairs) >= 50


@pytest.mark.parametrize("pair", [pair for pair in shipped_pairs() if not pair.same], ids=lambda pair: pair.other)
def test_classical_confusions_are_never_hits(pair: Pair) -> None:
    assert not same_question(pair.one, pair.other)
    assert not same_question(pair.other, pair.one)


async def test_the_guard_alone_makes_no_false_hit_and_lets_most_paraphrases_pass() -> None:
    rates = await measure(Gullible(), 0.9)
    assert rates.false_hits_unguarded == 1
    assert rates.false_hits == 0
    assert rates.hits >= 0.75


async def test_the_default_threshold_lets_no_other_question_pass_with_the_offline_embedder() -> None:
    rates = await measure(HashedEmbedder(), 0.92)
    assert rates.false_hits == 0
    assert rates.hits > 0


async def test_a_wrong_verdict_of_the_guard_would_be_counted() -> None:
    wrong = [Pair("How do I reset it?", "how do I reset it", same=False), Pair("Why?", "why?", same=True)]
    rates = await measure(Gullible(), 0.9, wrong)
    assert (rates.false_hits, rates.hits, rates.pairs) == (1, 1, 2)


@pytest.mark.parametrize(
    "question",
    [
        "How do I reset my password?",
        "Compare A with B for 2023, not 2024",
        "DOES IT SHOUT",
        "",
        "¿Qué es C++?",
        "价格是多少",
    ],
)
def test_a_question_is_the_same_as_itself(question: str) -> None:
    assert same_question(question, question)
