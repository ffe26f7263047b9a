import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import func, select

from prediction.predictionlog.log import PredictionLog
from prediction.predictionlog.models import Prediction
from prediction.predictionlog.record import PredictionRow
from prediction.predictionlog.settings import PredictionLogSettings
from prediction.predictionlog.sink import RowsRefusedError, SinkUnavailableError
from prediction.predictionlog.sql import SqlPredictionSink
from servicekit.database import Database

ROW = PredictionRow(
    id="0" * 32,
    variant="champion",
    tenant="acme",
    model="churn",
    version="3",
    at=datetime(2026, 11, 20, 10, tzinfo=UTC),
    request_id="r",
    key=None,
    features='{"age": 3}',
    label="yes",
    score=0.8,
    probabilities='{"no":0.2,"yes":0.8}',
)

WRITER = """
import sys, time
from pathlib import Path
import msgspec
from prediction.predictionlog.record import PredictionRecord, encode_line
from prediction.predictionlog.spool import Spool

spool = Spool.create(Path(sys.argv[1]), segment_bytes=65536)
for number in range(1_000_000):
    spool.append(encode_line(PredictionRecord(
        id=f"{number:032x}", at=time.time(), tenant="acme", model="churn", version="3", variant="champion",
        request_id="r", rows=msgspec.Raw(b'[{"age": 1.5}]'), outputs=[1.0],
    )))
    print(number, flush=True)
"""


async def stored(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(Prediction)) or 0


async def test_rows_are_stored_once_however_often_they_are_sent(database):
    sink = SqlPredictionSink(database)
    await sink.store([ROW, replace(ROW, variant="shadow")])
    await sink.store([ROW, replace(ROW, id="1" * 32)])
    assert await stored(database) == 3


async def test_a_row_that_breaks_the_tables_rules_is_refused(database):
    with pytest.raises(RowsRefusedError):
        await SqlPredictionSink(database).store([ROW, replace(ROW, score=None)])
    assert await stored(database) == 0


async def test_a_naive_moment_is_refused(database):
    with pytest.raises(RowsRefusedError):
        await SqlPredictionSink(database).store([replace(ROW, at=datetime(2026, 1, 1))])  # noqa: DTZ001 - the point


async def test_a_database_without_the_table_is_one_that_is_away(tmp_path):
    empty = Database(f"sqlite+aiosqlite:///{tmp_path}/empty.db")
    with pytest.raises(SinkUnavailableError):
        await SqlPredictionSink(empty).store([ROW])
    await empty.dispose()


def kill_a_writer(spool: Path) -> int:
    """Let a process write until it is killed in the middle, and return how many records it had taken."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(spool)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3000)]
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read().splitlines(keepends=True)
    return len([line for line in lines + rest if line.endswith("\n")])


async def test_what_a_killed_process_had_taken_is_stored_exactly_once(database, tmp_path):
    spool = tmp_path / "spool"
    acknowledged = await asyncio.to_thread(kill_a_writer, spool)
    for _ in range(2):  # the second start finds nothing left
        log = PredictionLog(spool, SqlPredictionSink(database), PredictionLogSettings(), CollectorRegistry())
        async with log.running():
            assert await log.flush(20)
    assert acknowledged <= await stored(database) <= acknowledged + 1  # one may have been written and not printed
    assert list(spool.iterdir()) == []


async def test_at_least_5000_rows_a_second_reach_the_table(database, tmp_path):
    sink = SqlPredictionSink(database)
    rows = [replace(ROW, id=f"{number:032x}") for number in range(5000)]
    start = time.perf_counter()
    for first in range(0, 5000, 250):
        await sink.store(rows[first : first + 250])
    assert time.perf_counter() - start < 1.0


@pytest.mark.postgres
async def test_postgresql_takes_rows_once_and_refuses_what_it_cannot_hold(postgres_url):
    database = Database(postgres_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(lambda sync: Prediction.__table__.create(sync, checkfirst=True))
    sink = SqlPredictionSink(database)
    await sink.store([ROW])
    await sink.store([ROW])
    assert await stored(database) == 1
    with pytest.raises(RowsRefusedError):
        await sink.store([replace(ROW, id="1" * 32, features='{"a": "\x00"}')])
    with pytest.raises(RowsRefusedError):
        await sink.store([replace(ROW, id="2" * 32, version="x" * 99)])
    await database.dispose()
    gone = Database(postgres_url.rsplit("/", 1)[0] + "/no_such_database")
    with pytest.raises(SinkUnavailableError):
        await SqlPredictionSink(gone).store([ROW])
    await gone.dispose()
