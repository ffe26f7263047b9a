import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from prediction.predictionlog.drain import QUARANTINE
from prediction.predictionlog.errors import LogFull
from prediction.predictionlog.log import PredictionLog
from prediction.predictionlog.record import PredictionRecord, PredictionRow, encode_line
from prediction.predictionlog.settings import MEBIBYTE, PredictionLogSettings, WhenFull
from prediction.predictionlog.sink import MemoryPredictionSink, RowsRefusedError, SinkUnavailableError
from prediction.predictionlog.spool import Spool

ROWS = b'[{"age": 41.5, "city": "Bern"}]'


def record(number: int = 0, *, rows: bytes = ROWS, outputs: Sequence[float | Sequence[float]] = ((0.2, 0.8),)):
    return PredictionRecord(
        id=f"{number:032x}",
        at=time.time(),
        tenant="acme",
        model="churn",
        version="3",
        variant="champion",
        request_id="r-1",
        rows=msgspec.Raw(rows),
        outputs=outputs,
        classes=("no", "yes"),
    )


def make_log(folder: Path, sink=None, registry=None, **settings) -> PredictionLog:
    settings = {"drain_seconds": 0.01, "flush_seconds": 1} | settings
    return PredictionLog(
        folder, sink or MemoryPredictionSink(), PredictionLogSettings(**settings), registry or CollectorRegistry()
    )


class FlakySink(MemoryPredictionSink):
    """Is away until told otherwise, and never takes rows of the poisoned ids."""

    def __init__(self, *, away: bool = False, poisoned: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self.away = away
        self.poisoned = poisoned

    async def store(self, rows: Sequence[PredictionRow]) -> None:
        if self.away:
            raise SinkUnavailableError("connection refused")
        if any(row.id in self.poisoned for row in rows):
            raise RowsRefusedError("value out of range")
        await super().store(rows)


async def test_a_record_reaches_the_sink_with_its_answer_spelled_out(tmp_path):
    sink = MemoryPredictionSink()
    log = make_log(tmp_path, sink)
    async with log.running():
        log.append(record(1))
        assert await log.flush(1)
    (row,) = sink.rows.values()
    assert (row.label, row.score, row.features) == ("yes", 0.8, '{"age": 41.5, "city": "Bern"}')
    assert msgspec.json.decode(row.probabilities) == {"no": 0.2, "yes": 0.8}


async def test_every_row_of_a_request_gets_an_id_of_its_own(tmp_path):
    sink = MemoryPredictionSink()
    log = make_log(tmp_path, sink)
    async with log.running():
        log.append(record(7, rows=b'[{"a":1},{"a":2}]', outputs=(1.5, 2.5)))
    assert [row_id for row_id, _ in sink.rows] == [f"{7:032x}", f"{7:032x}-1"]
    assert [row.score for row in sink.rows.values()] == [1.5, 2.5]


async def test_white_space_in_the_callers_json_does_not_break_the_lines(tmp_path):
    sink = MemoryPredictionSink()
    log = make_log(tmp_path, sink)
    async with log.running():
        log.append(record(1, rows=b'[\r\n {"a":\n "two\\nlines"}\r\n]'))
        log.append(record(2))
    assert len(sink.rows) == 2
    assert log.counts.quarantined == 0


async def test_everything_is_flushed_at_shutdown_and_the_folder_is_left_clean(tmp_path):
    sink = MemoryPredictionSink()
    log = make_log(tmp_path, sink, drain_seconds=60)
    async with log.running():
        await asyncio.sleep(0.01)
        for number in range(2000):
            log.append(record(number))
    assert len(sink.rows) == 2000
    assert list(tmp_path.iterdir()) == []


async def test_nothing_is_lost_while_the_sink_is_away(tmp_path):
    sink = FlakySink(away=True)
    log = make_log(tmp_path, sink)
    async with log.running():
        for number in range(50):
            log.append(record(number))
        await asyncio.sleep(0.15)
        assert log.counts.errors > 0
        assert log.queued_bytes > 0
        sink.away = False
        assert await log.flush(2)
    assert len(sink.rows) == 50
    assert log.queued_bytes == 0


async def test_flush_says_when_it_did_not_get_through(tmp_path):
    log = make_log(tmp_path, FlakySink(away=True), flush_seconds=0)
    async with log.running():
        log.append(record())
        assert not await log.flush(0.05)


async def test_what_was_not_stored_at_shutdown_is_stored_by_the_next_process(tmp_path):
    log = make_log(tmp_path, FlakySink(away=True), flush_seconds=0.05)
    async with log.running():
        for number in range(20):
            log.append(record(number))
    sink = MemoryPredictionSink()
    successor = make_log(tmp_path, sink)
    async with successor.running():
        assert await successor.flush(2)
    assert len(sink.rows) == 20
    assert list(tmp_path.iterdir()) == []


async def test_a_half_written_last_line_of_a_dead_process_is_counted_and_skipped(tmp_path):
    dead = Spool.create(tmp_path, segment_bytes=MEBIBYTE)
    whole = encode_line(record(1))
    dead.append(whole)
    dead.append(encode_line(record(2))[:40])
    dead.close()
    sink = MemoryPredictionSink()
    log = make_log(tmp_path, sink)
    async with log.running():
        await asyncio.sleep(0.05)
    assert list(sink.rows) == [(f"{1:032x}", "champion")]
    assert log.counts.torn == 1
    assert list(tmp_path.iterdir()) == []


async def test_the_spool_of_a_living_process_is_left_alone(tmp_path):
    alive = Spool.create(tmp_path, segment_bytes=MEBIBYTE)
    alive.append(encode_line(record(1)))
    sink = MemoryPredictionSink()
    log = make_log(tmp_path, sink)
    async with log.running():
        await asyncio.sleep(0.05)
    assert sink.rows == {}
    alive.close()


def append_all(log: PredictionLog, number: int) -> None:
    for each in range(number):
        log.append(record(each))


async def test_a_full_log_refuses_with_a_time_to_come_back(tmp_path):
    log = make_log(tmp_path, FlakySink(away=True), max_bytes=MEBIBYTE, flush_seconds=0)
    async with log.running():
        while log.queued_bytes + 1000 < MEBIBYTE:
            log.append(record())
        with pytest.raises(LogFull) as refused:
            append_all(log, 10)
    assert refused.value.status == 503
    assert refused.value.headers["Retry-After"] == "5"
    assert log.counts.refused == 1
    assert log.queued_bytes <= MEBIBYTE


async def test_a_full_log_drops_and_counts_when_told_so(tmp_path):
    log = make_log(tmp_path, FlakySink(away=True), max_bytes=MEBIBYTE, flush_seconds=0, when_full=WhenFull.DROP)
    async with log.running():
        for number in range(5000):
            log.append(record(number))
    assert log.counts.dropped > 0
    assert log.counts.appended + log.counts.dropped == 5000


async def test_a_log_that_is_not_running_takes_nothing(tmp_path):
    log = make_log(tmp_path)
    with pytest.raises(LogFull):
        log.append(record())


async def test_a_spool_left_by_a_crash_counts_against_the_room(tmp_path):
    dead = Spool.create(tmp_path, segment_bytes=4 * MEBIBYTE)
    while dead.pending_bytes() < MEBIBYTE:
        dead.append(encode_line(record()))
    dead.close()
    log = make_log(tmp_path, FlakySink(away=True), max_bytes=MEBIBYTE, flush_seconds=0)
    async with log.running():
        with pytest.raises(LogFull):
            log.append(record())


async def test_a_line_that_is_no_record_is_set_aside_and_the_rest_goes_on(tmp_path):
    dead = Spool.create(tmp_path, segment_bytes=MEBIBYTE)
    dead.append(b'{"not": "a record"}\n')
    dead.append(encode_line(record(1)))
    dead.append(encode_line(record(2, outputs=((0.1, 0.9), (0.5, 0.5)))))  # two answers to one row
    dead.append(encode_line(record(3, outputs=((0.1, 0.2, 0.7),))))  # three probabilities of two classes
    dead.close()
    sink = MemoryPredictionSink()
    log = make_log(tmp_path, sink)
    async with log.running():
        await asyncio.sleep(0.05)
    assert list(sink.rows) == [(f"{1:032x}", "champion")]
    assert log.counts.quarantined == 3
    assert len((tmp_path / QUARANTINE).read_bytes().splitlines()) == 3


async def test_a_row_that_the_sink_refuses_is_set_aside_alone(tmp_path):
    poisoned = f"{5:032x}"
    sink = FlakySink(poisoned=frozenset({poisoned}))
    log = make_log(tmp_path, sink)
    async with log.running():
        for number in range(10):
            log.append(record(number))
    assert len(sink.rows) == 9
    assert log.counts.quarantined == 1
    assert poisoned.encode() in (tmp_path / QUARANTINE).read_bytes()


async def test_full_segments_are_deleted_once_stored(tmp_path):
    sink = MemoryPredictionSink()
    log = make_log(tmp_path, sink, segment_bytes=64 * 1024)
    async with log.running():
        for number in range(2000):
            log.append(record(number))
        assert await log.flush(2)
        assert len(list(tmp_path.glob("*/*.jsonl"))) == 1
    assert len(sink.rows) == 2000


async def test_lines_longer_than_a_reading_chunk_are_read_whole(tmp_path):
    sink = MemoryPredictionSink()
    log = make_log(tmp_path, sink)
    rows = b'[{"text":"' + b"x" * 500_000 + b'"}]'
    async with log.running():
        log.append(record(1, rows=rows))
        log.append(record(2))
    assert len(sink.rows) == 2
    assert len(sink.rows[(f"{1:032x}", "champion")].features) > 500_000


async def test_a_disk_that_takes_no_more_is_a_full_log(tmp_path):
    log = make_log(tmp_path)
    async with log.running():
        spool = log._spool
        assert spool is not None
        read_only = os.open(next(tmp_path.glob("*/*.jsonl")), os.O_RDONLY)
        writable, spool._file = spool._file, read_only
        with pytest.raises(LogFull):
            log.append(record())
        spool._file = writable
        os.close(read_only)
        log.append(record())
    assert log.counts.appended == 1


async def test_figures_are_exported(tmp_path):
    registry = CollectorRegistry()
    log = make_log(tmp_path, FlakySink(away=True), registry, flush_seconds=0)
    async with log.running():
        log.append(record())
        await asyncio.sleep(0.05)
        assert registry.get_sample_value("prediction_log_appended_total") == 1
        assert registry.get_sample_value("prediction_log_queued_bytes") > 100
        assert registry.get_sample_value("prediction_log_lag_seconds") > 0
        assert registry.get_sample_value("prediction_log_errors_total") >= 1
        assert registry.get_sample_value("prediction_log_capacity_bytes") == 256 * MEBIBYTE
