import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import select
from structlog.testing import capture_logs

from llmkit.call import ModelRef, PromptRef, TokenUsage
from llmkit.money.ledger import SqlLedger
from llmkit.money.metrics import LedgerMetrics, MoneyMetrics
from llmkit.money.models import Usage
from llmkit.ports import LedgerEntry
from servicekit.database import Database, uuid7

AT = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)


def entry(**changes: object) -> LedgerEntry:
    made = LedgerEntry(
        id=uuid7(), at=AT, tenant="acme", purpose="rag.answer", model=ModelRef("openai", "gpt-5-mini"),
        usage=TokenUsage(input=10, output=5, cached_input=3), cost_usd=Decimal("0.000012345678"), outcome="ok",
        prompt=PromptRef("rag-answer", "2"), request_id="r1", seconds=0.5,
    )  # fmt: skip
    return replace(made, **changes)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def make(database: Database, registry: CollectorRegistry, **options: object) -> SqlLedger:
    chosen = {"flush_seconds": 5.0} | options
    return SqlLedger(database, MoneyMetrics(registry), LedgerMetrics(registry), **chosen)


async def rows(database: Database) -> list[Usage]:
    async with database.reading() as session:
        return list(await session.scalars(select(Usage).order_by(Usage.id)))


async def test_calls_are_booked_as_they_were(either_database: Database, registry) -> None:
    ledger = make(either_database, registry)
    async with ledger.running():
        await ledger.record(entry())
    [row] = await rows(either_database)
    assert (row.tenant, row.purpose, row.provider, row.model) == ("acme", "rag.answer", "openai", "gpt-5-mini")
    assert (row.input_tokens, row.cached_input_tokens, row.output_tokens) == (10, 3, 5)
    assert (row.cost_usd, row.outcome, row.estimated) == (Decimal("0.000012345678"), "ok", False)
    assert (row.prompt_name, row.prompt_version, row.request_id, row.seconds) == ("rag-answer", "2", "r1", 0.5)
    assert (row.at, row.day) == (AT, AT.date())


async def test_everything_recorded_is_there_after_a_clean_end(either_database: Database, registry) -> None:
    ledger = make(either_database, registry)
    async with ledger.running():
        await asyncio.gather(*(ledger.record(entry()) for _ in range(1000)))
    assert len(await rows(either_database)) == 1000
    assert registry.get_sample_value("llm_ledger_queued") == 0


async def test_calls_are_written_while_it_runs(either_database: Database, registry) -> None:
    ledger = make(either_database, registry)
    async with ledger.running(), asyncio.timeout(5):
        await ledger.record(entry())
        while not await rows(either_database):  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.05)


async def test_a_batch_sent_twice_is_booked_once(either_database: Database, registry) -> None:
    ledger, same = make(either_database, registry), entry()
    for _ in range(2):
        await ledger.record(same)
    assert await ledger.flush(5)
    assert len(await rows(either_database)) == 1


async def test_one_call_that_the_database_refuses_does_not_keep_the_others_out(either_database, registry) -> None:
    ledger = make(either_database, registry)
    for made in (entry(), entry(at=datetime(2026, 1, 1)), entry()):  # noqa: DTZ001 - a moment that is none
        await ledger.record(made)
    with capture_logs() as logs:
        assert await ledger.flush(5)
    assert len(await rows(either_database)) == 2
    assert registry.get_sample_value("llm_ledger_lost_total", {"reason": "refused"}) == 1
    assert "ledger_entry_refused" in [line["event"] for line in logs]


async def test_texts_that_do_not_fit_are_made_to(either_database: Database, registry) -> None:
    ledger = make(either_database, registry)
    await ledger.record(entry(model=ModelRef("x" * 100, "m\x00" + "y" * 300), outcome="z" * 100, request_id=None))
    assert await ledger.flush(5)
    [row] = await rows(either_database)
    assert (len(row.provider), len(row.model), len(row.outcome), row.request_id) == (64, 128, 64, None)


async def test_a_database_that_is_away_is_tried_again(settings, database: Database, registry) -> None:
    path = settings.data_dir / f"{settings.service_name}.db"
    away = path.with_suffix(".away")
    path.rename(away)
    path.mkdir()  # cannot be opened
    ledger = make(database, registry)
    await ledger.record(entry())
    assert not await ledger.flush(0.2)
    assert registry.get_sample_value("llm_ledger_queued") == 1
    assert registry.get_sample_value("llm_ledger_failures_total") == 1
    path.rmdir()
    away.rename(path)
    assert await ledger.flush(5)
    assert len(await rows(database)) == 1


async def test_what_cannot_be_written_in_time_at_the_end_is_logged_with_its_cost(tmp_path, registry) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}")  # a folder: cannot be opened
    ledger = make(database, registry, flush_seconds=0.1)
    with capture_logs() as logs:
        async with ledger.running():
            await ledger.record(entry(cost_usd=Decimal("0.5")))
    lost = [line for line in logs if line["event"] == "usage_lost"]
    assert [(line["reason"], line["calls"], line["cost_usd"]) for line in lost] == [("shutdown", 1, "0.5")]
    await database.dispose()


async def test_a_full_queue_loses_the_newest_and_says_so(database: Database, registry) -> None:
    ledger = make(database, registry, capacity=2)
    for _ in range(3):
        await ledger.record(entry())
    assert registry.get_sample_value("llm_ledger_lost_total", {"reason": "full"}) == 1
    assert await ledger.flush(5)
    assert len(await rows(database)) == 2


async def test_spending_is_counted_by_model_and_purpose(database: Database, registry) -> None:
    ledger = make(database, registry)
    for _ in range(2):
        await ledger.record(entry(cost_usd=Decimal("0.25")))
    labels = {"provider": "openai", "model": "gpt-5-mini", "purpose": "rag.answer"}
    assert registry.get_sample_value("llm_spent_usd_total", labels) == 0.5
