"""Earlier answers serve those who have asked for that, and only if they were complete."""

import pytest
from wire_bench import QUESTION, Bench, MakeBench, text_of

from llmkit.call import CacheMode, report_of
from llmkit.errors import Malformed, ModelError
from llmkit.guardrails.validated import validated
from llmkit.testkit.replies import Reply


async def test_an_earlier_answer_costs_nothing(bench: Bench) -> None:
    await bench.ask(cache=CacheMode.EXACT)
    message = await bench.ask(cache=CacheMode.EXACT)
    assert message.text == "Paris is it."
    report = report_of(message)
    assert report is not None
    assert (report["cache"], report["attempts"], report["cost_usd"]) == ("exact", 0, "0")
    assert len(bench.wire.requests) == 1
    assert [entry.outcome for entry in bench.ledger.entries] == ["ok", "cached"]
    assert bench.metric("llm_calls_total", purpose="test.answer", model=bench.model, outcome="cached") == 1


async def test_an_earlier_answer_streams_too(bench: Bench) -> None:
    await bench.stream(cache=CacheMode.SEMANTIC)
    chunks = await bench.stream(cache=CacheMode.SEMANTIC)
    assert text_of(chunks) == "Paris is it."
    report = report_of(chunks[-1])
    assert report is not None
    assert report["cache"] == "exact"
    assert len(bench.wire.requests) == 1


async def test_nobody_is_served_who_has_not_asked_for_it(bench: Bench) -> None:
    await bench.ask(cache=CacheMode.EXACT)
    await bench.ask()
    assert len(bench.wire.requests) == 2
    assert bench.cache.asked == 1


@pytest.mark.parametrize("tenant", ["", "  "])
async def test_callers_without_a_name_share_nothing(bench: Bench, tenant: str) -> None:
    for _ in range(2):
        await bench.ask(cache=CacheMode.EXACT, tenant=tenant)
    assert len(bench.wire.requests) == 2
    assert bench.cache.answers == {}


async def test_options_make_another_question(bench: Bench) -> None:
    await bench.ask(cache=CacheMode.EXACT)
    await bench.ask(cache=CacheMode.EXACT, temperature=0.5)
    await bench.ask(cache=CacheMode.EXACT, max_output_tokens=17)
    await bench.chat(cache=CacheMode.EXACT).ainvoke(QUESTION, stop=["x"])
    assert len(bench.wire.requests) == 4


async def test_an_answer_that_does_not_follow_its_schema_is_not_given_again(bench: Bench) -> None:
    schema = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
    wrong, right = (Reply(words=(), finish="tool_calls", tool=("answer", f'{{"age": {age}}}')) for age in ('"x"', 34))
    bench.wire.script(wrong, right)
    chat = bench.chat(cache=CacheMode.EXACT)
    with pytest.raises(Malformed):
        await validated(chat, QUESTION, schema, repairs=0)
    assert (await validated(chat, QUESTION, schema, repairs=0)).data == {"age": 34}
    assert bench.cache.answers == {}


async def test_an_answer_of_a_substitute_is_not_kept(make_bench: MakeBench) -> None:
    bench = make_bench(fallback=True, attempts=1)
    bench.wire.script(Reply(status=500), Reply())
    await bench.ask(cache=CacheMode.EXACT)
    assert bench.cache.answers == {}
    assert (await bench.ask(cache=CacheMode.EXACT)).text == "Paris is it."


async def test_a_broken_cache_is_no_reason_to_fail(bench: Bench) -> None:
    bench.cache.answers = None  # type: ignore[assignment]  # so that it raises
    assert (await bench.ask(cache=CacheMode.EXACT)).text == "Paris is it."


async def test_the_kept_answer_holds_no_report_of_its_first_caller(bench: Bench) -> None:
    await bench.ask(cache=CacheMode.EXACT)
    (answer,) = bench.cache.answers.values()
    assert report_of(answer.message) is None


async def test_an_error_is_not_kept(bench: Bench) -> None:
    bench.wire.script(Reply(finish="length"))
    with pytest.raises(ModelError):
        await bench.ask(cache=CacheMode.EXACT)
    assert bench.cache.answers == {}
