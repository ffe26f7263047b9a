"""Money is set aside before, settled after, and every request is booked."""

from decimal import Decimal

import pytest
from wire_bench import OFFLINE_ANSWER, QUESTION, Bench, MakeBench

from llmkit.call import ModelRef, PromptRef, TokenUsage
from llmkit.errors import BudgetExceeded, ModelError, TimedOut, Truncated
from llmkit.messages import estimate_input
from llmkit.testkit.replies import Reply


async def test_sets_aside_what_the_longest_answer_would_cost(bench: Bench) -> None:
    await bench.ask(max_output_tokens=1000)
    ((reservation, cost),) = bench.budget.settled
    assert reservation.tenant == "acme"
    assert Decimal("0.002") < reservation.amount_usd < Decimal("0.0021")
    assert cost == Decimal("0.000025")
    assert bench.budget.left == 1000 - cost


async def test_books_the_request(bench: Bench) -> None:
    await bench.ask(prompt=PromptRef("answer", "3"), request_id="r-9")
    (entry,) = bench.ledger.entries
    assert (entry.tenant, entry.purpose, entry.outcome, entry.request_id) == ("acme", "test.answer", "ok", "r-9")
    assert str(entry.model) == bench.model
    assert entry.prompt == PromptRef("answer", "3")
    assert (entry.usage.input, entry.usage.output) == (11, 7)
    assert entry.cost_usd == Decimal("0.000025")
    assert entry.seconds > 0


async def test_nothing_is_sent_when_the_money_is_not_there(make_bench: MakeBench) -> None:
    bench = make_bench(fallback=True)
    bench.budget.left = Decimal("0.000001")
    with pytest.raises(BudgetExceeded):
        await bench.ask()
    assert bench.wire.requests == []
    assert [entry.outcome for entry in bench.ledger.entries] == ["budget_exceeded"]
    assert bench.metric("llm_calls_total", purpose="test.answer", model=bench.model, outcome="budget_exceeded") == 1


async def test_each_attempt_is_paid_for_by_itself(bench: Bench) -> None:
    bench.wire.script(Reply(words=()), Reply())
    await bench.ask()
    assert [entry.outcome for entry in bench.ledger.entries] == ["model_answer_malformed", "ok"]
    assert [cost for _, cost in bench.budget.settled] == [Decimal("0.000025")] * 2
    assert bench.budget.open == {}


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    ("reply", "error"), [(Reply(fault="stall", after=0), TimedOut), (Reply(fault="drop", after=0), Truncated)]
)
async def test_a_request_without_an_answer_costs_the_input_that_was_sent(
    make_bench: MakeBench, reply: Reply, error: type[ModelError], streaming: bool
) -> None:
    bench = make_bench(attempts=2, attempt_seconds=0.4, stall_seconds=0.4)
    bench.wire.script(reply)
    with pytest.raises(error):
        await (bench.stream() if streaming else bench.ask())
    sent = TokenUsage(estimate_input(QUESTION), 0, estimated=True)
    assert [(entry.outcome, entry.usage) for entry in bench.ledger.entries] == [(error.code, sent)] * 2
    cost = bench.prices.cost(ModelRef.parse(bench.model), sent)
    assert [settled for _, settled in bench.budget.settled] == [cost] * 2
    assert bench.budget.left == 1000 - 2 * cost


async def test_a_model_without_a_price_is_left_to_the_next_one(make_bench: MakeBench) -> None:
    bench = make_bench(fallback=True)
    bench.prices.unknown.add(ModelRef.parse(bench.model))
    assert (await bench.ask()).text == OFFLINE_ANSWER
    assert bench.wire.requests == []
