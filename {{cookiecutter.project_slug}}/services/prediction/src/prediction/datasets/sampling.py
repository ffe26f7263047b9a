"""A fixed number of rows out of a stream of unknown length, each row with the same chance."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


class Reservoir:
    """Keeps the rows whose random number is smallest: the same seed and rows give the same sample.

    Rows come back in their first order. When the rows that are kept need more than `limit_bytes`, the sample is halved,
    as often as it takes; so memory stays bounded for very wide rows, too.
    """

    def __init__(self, limit_rows: int, limit_bytes: int, seed: int) -> None:
        self.seen = 0
        self._limit = limit_rows
        self._limit_bytes = limit_bytes
        self._random = np.random.default_rng(seed)
        self._threshold = np.inf
        self._tables: list[pa.Table] = []
        self._ranks: list[NDArray[np.float64]] = []
        self._held = 0

    @property
    def sampled(self) -> bool:
        """Whether rows were left out."""
        return self.seen > self._held

    def add(self, batch: pa.RecordBatch) -> None:
        """Take in the next rows."""
        ranks = self._random.random(batch.num_rows)
        self.seen += batch.num_rows
        chosen = ranks < self._threshold
        if not chosen.all():
            batch = batch.take(pa.array(np.flatnonzero(chosen)))
        self._tables.append(pa.table(batch))
        self._ranks.append(ranks[chosen])
        self._held += batch.num_rows
        if self._held >= 2 * self._limit or self._bytes() > 2 * self._limit_bytes:
            self._compact()

    def table(self) -> pa.Table:
        """Return the sample."""
        self._compact()
        return self._tables[0]

    def _bytes(self) -> int:
        return sum(int(table.nbytes) for table in self._tables)

    def _compact(self) -> None:
        table, ranks = pa.concat_tables(self._tables), np.concatenate(self._ranks)
        while len(ranks) > self._limit or (table.nbytes > self._limit_bytes and len(ranks) > 1):
            if len(ranks) <= self._limit:
                self._limit = len(ranks) // 2
            self._threshold = np.partition(ranks, self._limit)[self._limit]
            kept = ranks < self._threshold
            table, ranks = table.take(pa.array(np.flatnonzero(kept))), ranks[kept]
        self._tables, self._ranks, self._held = [table.combine_chunks()], [ranks], len(ranks)
