"""Questions worded anew by a model."""

import pytest

from llmkit.errors import ContentFiltered
from rag.retrieval.models import LONGEST_QUESTION, ModelRewriter
from rag.retrieval.ports import Turn
from rag.retrieval.settings import RetrievalSettings


@pytest.fixture
def rewriter(gateway, prompts) -> ModelRewriter:
    return ModelRewriter(gateway, prompts, RetrievalSettings(rewriting_queries=2))


async def test_condensing_shows_the_history_and_folds_the_answer(rewriter, provider) -> None:
    provider.script = ["  When does left-over\n holiday lapse? "]
    history = (Turn("How much <holiday>?", "25 days"), Turn("unanswered", ""))
    rewritten = await rewriter.condense("acme", "and when does it lapse?", history)
    assert rewritten.texts == ("When does left-over holiday lapse?",)
    texts = [str(message.text) for message in provider.asked[0].messages]
    assert "<task>condense</task>" in texts[0]
    assert texts[1:4] == ["How much &lt;holiday&gt;?", "25 days", "unanswered"]
    assert texts[4] == "<question>and when does it lapse?</question>"


@pytest.mark.parametrize("answer", ["x" * (LONGEST_QUESTION + 1)])
async def test_a_condensed_question_that_cannot_be_one_is_not_used(answer: str, rewriter, provider) -> None:
    provider.script = [answer]
    rewritten = await rewriter.condense("acme", "and then?", (Turn("a", "b"),))
    assert rewritten.texts == ()
    assert rewritten.report is not None  # it was paid for


async def test_wordings_are_read_line_by_line(rewriter, provider) -> None:
    provider.script = ["1. First wording\n- second wording\n\nWhich port?\nthird wording"]
    rewritten = await rewriter.multi_query("acme", "Which port?")
    assert rewritten.texts == ("First wording", "second wording")
    assert "Write 2 other wordings" in str(provider.asked[0].messages[0].text)


async def test_a_passage_is_invented(rewriter, provider) -> None:
    provider.script = [" The port is 8002. "]
    assert (await rewriter.hyde("acme", "Which port?")).texts == ("The port is 8002.",)


async def test_the_cheap_model_is_asked_and_told_what_it_costs(rewriter, provider) -> None:
    provider.script = ["text"]
    report = (await rewriter.hyde("acme", "Which port?")).report
    assert (report["model"], report["prompt"]["name"]) == ("small", "rag-hyde")
    assert float(report["cost_usd"]) > 0


async def test_a_model_that_fails_costs_the_better_wording_only(rewriter, provider) -> None:
    for method in (rewriter.multi_query, rewriter.hyde):
        provider.script = [ContentFiltered("no")]
        rewritten = await method("acme", "Which port?")
        assert (rewritten.texts, rewritten.report) == ((), None)
