"""Every fault of a provider is a typed error and never an answer; requests are counted where they arrive."""

import traceback
from collections.abc import AsyncIterator

import pytest
from langchain_core.messages import RemoveMessage
from pydantic import BaseModel
from wire_bench import QUESTION, Bench, MakeBench, text_of

from llmkit.call import CacheMode
from llmkit.errors import (
    AuthenticationFailed,
    ContentFiltered,
    ContextTooLong,
    Malformed,
    ModelError,
    OutputLimitReached,
    Overloaded,
    RateLimited,
    Refused,
    TimedOut,
    Truncated,
)
from llmkit.testkit.replies import Reply
from llmkit.testkit.wire import Wire

SECRET = "sk-do-not-tell"


async def collect(chunks: AsyncIterator[object]) -> list[object]:
    return [chunk async for chunk in chunks]


class Weather(BaseModel):
    """Tell the weather."""

    city: str


STATUSES = [
    (Reply(status=401, kind="authentication_error"), AuthenticationFailed, 1),
    (Reply(status=403, kind="permission_error"), AuthenticationFailed, 1),
    (Reply(status=404, kind="not_found_error"), ModelError, 1),
    (Reply(status=400, kind="invalid_request_error"), Refused, 1),
    (Reply(status=400, kind="context_length_exceeded"), ContextTooLong, 1),
    (Reply(status=400, kind="invalid_request_error", message="prompt is too long: 9 > 8"), ContextTooLong, 1),
    (Reply(status=413, kind="request_too_large"), ContextTooLong, 1),
    (Reply(status=400, kind="content_filter"), ContentFiltered, 1),
    (Reply(status=429, kind="rate_limit_error"), RateLimited, 3),
    (Reply(status=429, kind="insufficient_quota"), ModelError, 1),
    (Reply(status=402, kind="billing_error"), ModelError, 1),
    (Reply(status=408, kind="timeout_error"), TimedOut, 3),
    (Reply(status=500, kind="api_error"), Overloaded, 3),
    (Reply(status=503, kind="api_error"), Overloaded, 3),
    (Reply(status=529, kind="overloaded_error"), Overloaded, 3),
    (Reply(status=302, kind="moved"), Refused, 1),
]


@pytest.mark.parametrize(("reply", "error", "requests"), STATUSES, ids=lambda value: str(getattr(value, "kind", "")))
@pytest.mark.parametrize("streaming", [False, True])
async def test_names_what_the_provider_says(
    bench: Bench, reply: Reply, error: type[ModelError], requests: int, streaming: bool
) -> None:
    bench.wire.script(reply)
    with pytest.raises(error) as raised:
        await (bench.stream() if streaming else bench.ask())
    assert type(raised.value) is error
    assert len(bench.wire.requests) == requests
    assert [entry.outcome for entry in bench.ledger.entries] == [error.code] * requests
    assert {entry.cost_usd for entry in bench.ledger.entries} == {0}
    assert bench.budget.open == {}


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("overloaded_error", Overloaded),
        ("rate_limit_error", RateLimited),
        ("context_length_exceeded", ContextTooLong),
        ("authentication_error", AuthenticationFailed),
        ("unheard_of", Overloaded),
    ],
)
async def test_names_an_error_in_the_middle_of_a_stream(bench: Bench, kind: str, error: type[ModelError]) -> None:
    bench.wire.script(Reply(fault="error", kind=kind, after=0))
    with pytest.raises(error):
        await bench.stream()


STREAM_FAULTS = [
    (Reply(fault="truncate", after=4), Truncated),
    (Reply(finish=None), Truncated),
    (Reply(fault="drop", after=4), Truncated),
    (Reply(fault="corrupt", after=4), Malformed),
    (Reply(fault="stall", after=4), TimedOut),
    (Reply(finish="length"), OutputLimitReached),
    (Reply(finish="content_filter"), ModelError),
    (Reply(finish="refusal"), Refused),
]


@pytest.mark.parametrize(("reply", "error"), STREAM_FAULTS, ids=lambda value: getattr(value, "fault", None) or "end")
async def test_a_stream_that_goes_wrong_after_its_first_token_is_never_asked_for_again(
    make_bench: MakeBench, reply: Reply, error: type[ModelError]
) -> None:
    bench = make_bench(fallback=True, stall_seconds=0.5)
    bench.wire.script(reply, Reply())
    with pytest.raises(error) as raised:
        await bench.stream(cache=CacheMode.EXACT)
    assert type(raised.value) in (error, ContentFiltered, Refused)
    assert len(bench.wire.requests) == 1
    assert bench.cache.answers == {}
    assert bench.budget.open == {}
    (entry,) = bench.ledger.entries
    assert entry.outcome == raised.value.code
    assert entry.cost_usd > 0  # what has come is paid for
    assert bench.metric("llm_requests_in_progress", model=bench.model) == 0


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("fault", ["truncate", "drop", "corrupt", "stall"])
async def test_a_stream_that_goes_wrong_before_its_first_token_is_tried_again(
    make_bench: MakeBench, fault: str, after: int
) -> None:
    bench = make_bench(stall_seconds=0.5)
    bench.wire.script(Reply(fault=fault, after=after), Reply())  # type: ignore[arg-type]  # one of the literals
    assert text_of(await bench.stream()) == "Paris is it."
    assert len(bench.wire.requests) == 2


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(fault="truncate"), Truncated),
        (Reply(finish=None), Truncated),
        (Reply(fault="corrupt"), Malformed),
        (Reply(fault="stall"), TimedOut),
        (Reply(whole=b"<html>502</html>"), Malformed),
        (Reply(whole=b"{}"), Malformed),
        (Reply(whole=b"[]"), Malformed),
        (Reply(words=()), Malformed),
        (Reply(words=(" ", "\n")), Malformed),
    ],
)
async def test_a_whole_answer_that_is_none_is_tried_again_and_then_an_error(
    make_bench: MakeBench, reply: Reply, error: type[ModelError]
) -> None:
    bench = make_bench(attempts=2, attempt_seconds=0.5)
    bench.wire.script(reply)
    with pytest.raises(error):
        await bench.ask(cache=CacheMode.EXACT)
    assert len(bench.wire.requests) == 2
    assert bench.cache.answers == {}
    bench.wire.script(reply, Reply())
    assert (await bench.ask()).text == "Paris is it."


async def test_a_stream_without_words_is_an_error(bench: Bench) -> None:
    bench.wire.script(Reply(words=()))
    with pytest.raises(Malformed):
        await bench.stream()
    assert len(bench.wire.requests) == 3


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("finish", ["tool_calls", "length", None])
async def test_cut_off_arguments_of_tools_are_never_a_call(
    make_bench: MakeBench, streaming: bool, finish: str | None
) -> None:
    bench = make_bench(attempts=1)
    bench.wire.script(Reply(words=(), finish=finish, tool=("Weather", '{"city": "Par')))
    chat = bench.chat().bind_tools([Weather])
    with pytest.raises((Malformed, Truncated)):
        await (collect(chat.astream(QUESTION)) if streaming else chat.ainvoke(QUESTION))


async def test_a_tool_that_needs_no_arguments_may_be_called_without(bench: Bench) -> None:
    def now() -> str:
        """Tell the time."""
        return "noon"

    bench.wire.script(Reply(words=(), finish="tool_calls", tool=("now", "")))
    message = await bench.chat().bind_tools([now]).ainvoke(QUESTION)
    assert message.tool_calls[0]["args"] == {}


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_provider_that_is_away_is_overloaded(bench: Bench, wire: Wire, streaming: bool) -> None:
    await wire.stop()
    with pytest.raises(Overloaded):
        await (bench.stream() if streaming else bench.ask())
    assert [(entry.outcome, entry.cost_usd) for entry in bench.ledger.entries] == [("model_overloaded", 0)] * 3
    await wire.start()
    assert (await bench.ask()).text == "Paris is it."


async def test_a_connection_that_is_lost_after_the_end_has_lost_nothing(bench: Bench) -> None:
    bench.wire.script(Reply(fault="drop", after=100))
    assert text_of(await bench.stream()) == "Paris is it."
    assert len(bench.wire.requests) == 1


async def test_a_slow_provider_is_not_a_silent_one(bench: Bench) -> None:
    bench.wire.script(Reply(words=("a",) * 20, pause=0.2))  # longer than a stall in all
    assert text_of(await bench.stream()) == "a" * 20


async def test_messages_that_no_provider_takes_are_refused_without_a_request(bench: Bench) -> None:
    with pytest.raises(Refused):
        await bench.chat().ainvoke([RemoveMessage(id="1")])
    assert bench.wire.requests == []


async def test_no_word_of_the_provider_gets_into_errors_and_logs(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    for reply in (
        Reply(status=401, message=f"bad key {SECRET}"),
        Reply(status=500, kind=SECRET, message=SECRET),
        Reply(whole=SECRET.encode()),
    ):
        bench.wire.script(reply)
        for ask in (bench.ask, bench.stream):
            with pytest.raises(ModelError) as raised:
                await ask()
            assert SECRET not in "".join(traceback.format_exception(raised.value))
    printed = capsys.readouterr()
    assert "llm.attempt_failed" in printed.out + printed.err
    assert SECRET not in printed.out + printed.err
