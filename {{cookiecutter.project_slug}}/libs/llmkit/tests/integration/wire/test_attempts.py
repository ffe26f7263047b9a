"""Who is asked how often, and how long that may take."""

import asyncio
import time

import pytest
from wire_bench import OFFLINE_ANSWER, Bench, MakeBench, text_of

from llmkit.call import ModelRef, Tier, report_of
from llmkit.errors import (
    AuthenticationFailed,
    ContentFiltered,
    ContextTooLong,
    ModelError,
    Overloaded,
    RateLimited,
    Refused,
    TimedOut,
)
from llmkit.testkit.replies import Reply

LIMITED = Reply(status=429, headers={"retry-after": "1"})


async def test_waits_as_long_as_the_provider_asks_for(make_bench: MakeBench) -> None:
    bench = make_bench(backoff_max_seconds=2)
    bench.wire.script(LIMITED, Reply())
    report = report_of(await bench.ask())
    assert report is not None
    assert report["attempts"] == 2
    first, second = (request.at for request in bench.wire.requests)
    assert second - first >= 1
    assert bench.metric("llm_retries_total", model=bench.model, reason="model_rate_limited") == 1


@pytest.mark.parametrize("streaming", [False, True])
async def test_does_not_wait_beyond_the_deadline(bench: Bench, streaming: bool) -> None:
    bench.wire.script(Reply(status=429, headers={"retry-after": "60"}))
    began = time.monotonic()
    with pytest.raises(RateLimited) as raised:
        await (bench.stream() if streaming else bench.ask())
    assert time.monotonic() - began < 2
    assert len(bench.wire.requests) == 1
    assert raised.value.headers == {"Retry-After": "60"}  # the caller may come back then


async def test_one_deadline_covers_all_attempts(make_bench: MakeBench) -> None:
    bench = make_bench(attempts=10, stall_seconds=0.4)
    bench.wire.script(Reply(fault="stall", after=0))
    began = time.monotonic()
    with pytest.raises(TimedOut):
        await bench.stream(deadline_seconds=1)
    assert 0.9 < time.monotonic() - began < 3
    assert 1 < len(bench.wire.requests) <= 3  # 0.4 + 0.4 + 0.2, and less on a busy machine


async def test_the_deadline_ends_a_stream_that_only_drips(bench: Bench) -> None:
    bench.wire.script(Reply(words=("a",) * 1000, pause=0.05))
    began = time.monotonic()
    with pytest.raises(TimedOut):
        await bench.stream(deadline_seconds=0.5)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("reply", "requests", "reason"),
    [
        (Reply(status=500), 3, Overloaded),
        (Reply(status=429), 3, RateLimited),
        (Reply(status=429, headers={"retry-after": "6"}), 1, RateLimited),  # longer than it takes to ask another
        (Reply(status=401), 1, AuthenticationFailed),
        (Reply(status=404), 1, ModelError),
        (Reply(status=413), 1, ContextTooLong),
        (Reply(fault="stall", after=0), 1, TimedOut),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
async def test_another_model_answers_and_says_so(
    make_bench: MakeBench, reply: Reply, requests: int, reason: type[ModelError], streaming: bool
) -> None:
    bench = make_bench(fallback=True, attempt_seconds=0.5, stall_seconds=0.5)
    bench.wire.script(reply)
    if streaming:
        chunks = await bench.stream()
        text, report = text_of(chunks), report_of(chunks[-1])
    else:
        message = await bench.ask()
        text, report = str(message.text), report_of(message)
    assert text == OFFLINE_ANSWER
    assert report is not None
    assert (report["provider"], report["model"]) == ("offline", "offline")
    assert report["fell_back_from"] == [bench.model]
    assert report["attempts"] == requests + 1
    assert len(bench.wire.requests) == requests
    assert bench.metric("llm_fallbacks_total", model=bench.model, reason=reason.code) == 1
    assert [str(entry.model) for entry in bench.ledger.entries] == [bench.model] * requests + ["offline"]


@pytest.mark.parametrize(
    ("reply", "error"), [(Reply(status=400), Refused), (Reply(status=400, kind="content_filter"), ContentFiltered)]
)
async def test_no_other_model_is_asked_what_nobody_should_answer(
    make_bench: MakeBench, reply: Reply, error: type[ModelError]
) -> None:
    bench = make_bench(fallback=True)
    bench.wire.script(reply)
    with pytest.raises(error):
        await bench.ask()


async def test_asks_the_models_in_the_order_of_the_chain(make_bench: MakeBench, protocol: str) -> None:
    bench = make_bench(strong=f"{protocol}:first,{protocol}:second,offline", attempts=2)
    bench.wire.script(Reply(status=500), Reply(status=503), Reply(status=500), Reply())
    report = report_of(await bench.ask())
    assert [request.body["model"] for request in bench.wire.requests] == ["first", "first", "second", "second"]
    assert report is not None
    assert report["model"] == "second"
    assert report["fell_back_from"] == [f"{protocol}:first"]


async def test_a_call_may_name_its_models(make_bench: MakeBench, protocol: str) -> None:
    bench = make_bench()
    await bench.ask(models=(ModelRef(protocol, "special"),))
    assert bench.wire.requests[0].body["model"] == "special"


async def test_tiers_have_chains_of_their_own(make_bench: MakeBench, protocol: str) -> None:
    bench = make_bench(strong=f"{protocol}:big", cheap=f"{protocol}:small,offline")
    await bench.ask(tier=Tier.CHEAP)
    assert bench.wire.requests[0].body["model"] == "small"
    assert [str(model) for model in bench.gateway.models()] == [f"{protocol}:big", f"{protocol}:small", "offline"]


async def test_a_provider_without_settings_is_refused(bench: Bench) -> None:
    other = "anthropic" if bench.model.startswith("openai") else "openai"
    with pytest.raises(Refused):
        bench.chat(models=(ModelRef(other, "m"),))


async def test_a_retry_does_not_outlive_its_caller(make_bench: MakeBench) -> None:
    bench = make_bench(backoff_max_seconds=3)
    bench.wire.script(Reply(status=429, headers={"retry-after": "2"}), Reply())
    asking = asyncio.create_task(bench.ask())
    await asyncio.sleep(0.3)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await asyncio.sleep(0.1)
    assert len(bench.wire.requests) == 1
    assert bench.budget.open == {}
