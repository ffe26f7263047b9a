"""Moving lines from the spool to the sink: in order, with patience, and past what can never be stored."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from prediction.predictionlog.metrics import LogCounts
from prediction.predictionlog.record import MalformedRecordError, PredictionRow, expand_line
from prediction.predictionlog.sink import PredictionSink, RowsRefusedError, SinkUnavailableError
from prediction.predictionlog.spool import Chunk, Spool, SpoolFolder, adopt_dead

QUARANTINE = "quarantine.jsonl"
QUARANTINE_BYTES = 64 * 1024 * 1024  # what does not fit is only counted
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0  # seconds between attempts while the sink is away

_log = structlog.get_logger(__name__)


class _When(msgspec.Struct):
    at: float


_decode_when = msgspec.json.Decoder(_When).decode


class Drain:
    """Stores what the spool of this process and those of dead ones hold."""

    def __init__(self, root: Path, sink: PredictionSink, counts: LogCounts) -> None:
        self._root = root
        self._sink = sink
        self._counts = counts
        self._adopted: list[SpoolFolder] = []
        self._turn = asyncio.Lock()
        self._oldest: float | None = None
        self.spool: Spool | None = None
        self.queued_bytes = 0

    def lag_seconds(self) -> float:
        """Return the age of the oldest record not stored as of the last look, 0 when there was none."""
        return max(0.0, time.time() - self._oldest) if self._oldest is not None else 0.0

    def adopt(self) -> None:
        """Take over the spools of processes that died."""
        for folder in adopt_dead(self._root):
            size = folder.pending_bytes()
            _log.info("prediction_log_adopted", bytes=size)
            self.queued_bytes += size
            self._adopted.append(folder)

    async def until_empty(self) -> None:
        """Store everything there is; return when a look finds nothing."""
        async with self._turn:
            while self._adopted:
                await self._empty(self._adopted[0], self._adopted[0].read)
                self._adopted.pop(0).close()
            if self.spool is not None:
                await self._empty(self.spool, self.spool.next)
            self._oldest = None

    def close(self) -> None:
        """Give up every folder; what is not stored stays in it."""
        for folder in (*self._adopted, *([self.spool] if self.spool else [])):
            folder.close()
        self._adopted, self.spool = [], None

    async def _empty(self, folder: SpoolFolder, read: Callable[[], Chunk | None]) -> None:
        while (chunk := read()) is not None:
            await self._store_chunk(chunk)
            folder.commit(chunk)
            self.queued_bytes = max(0, self.queued_bytes - chunk.size)
            await asyncio.sleep(0)  # let requests in between two chunks

    async def _store_chunk(self, chunk: Chunk) -> None:
        self._counts.torn += chunk.torn
        self._note_age(chunk)
        rows: list[PredictionRow] = []
        for line in chunk.lines:
            try:
                rows += expand_line(line)
            except MalformedRecordError as error:
                self._quarantine(line, error)
        try:
            await self._store(rows)
        except RowsRefusedError:
            await self._store_one_by_one(chunk)

    async def _store_one_by_one(self, chunk: Chunk) -> None:
        """Find the lines that the sink refuses; a line is stored whole or not at all."""
        for line in chunk.lines:
            try:
                await self._store(expand_line(line))
            except MalformedRecordError:
                continue  # is in quarantine already
            except RowsRefusedError as error:
                self._quarantine(line, error)

    async def _store(self, rows: list[PredictionRow]) -> None:
        pause = _FIRST_PAUSE
        while rows:
            try:
                await self._sink.store(rows)
            except SinkUnavailableError as error:
                self._counts.errors += 1
                _log.warning("prediction_log_sink_unavailable", error=str(error), retry_in_seconds=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            self._counts.written += len(rows)
            return

    def _note_age(self, chunk: Chunk) -> None:
        try:
            self._oldest = _decode_when(chunk.lines[0]).at if chunk.lines else None
        except msgspec.DecodeError:
            self._oldest = None

    def _quarantine(self, line: bytes, reason: Exception) -> None:
        self._counts.quarantined += 1
        path = self._root / QUARANTINE
        _log.error("prediction_log_quarantined", reason=str(reason), file=str(path))
        with path.open("ab") as file:
            if file.tell() + len(line) < QUARANTINE_BYTES:
                file.write(line + b"\n")
