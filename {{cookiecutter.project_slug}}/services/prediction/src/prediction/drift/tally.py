"""Counting today's data against a reference, batch by batch.

A tally holds counts only, so its memory does not grow with the rows, and what it says is exact: between two reference
values the reference's distribution is flat, so the largest distance lies at one of them, before or after its step.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from prediction.artifacts.columns import Value
from prediction.drift import statistics
from prediction.drift.reference import OTHER, CategoryProfile, NumericProfile, Profile, TimeProfile


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one column differs from its reference; p-values are of this column alone."""

    rows: int
    missing: int
    psi: float | None = None
    distance: float | None = None
    p_value: float | None = None


class Tally(Protocol):
    """The counts of one column."""

    @property
    def profile(self) -> Profile:
        """Return the reference that it counts against."""
        ...

    def add(self, values: Sequence[Value]) -> None:
        """Count some values."""
        ...

    def compare(self) -> Comparison:
        """Hold the counts against the reference."""
        ...


class NumericTally:
    """Counts numbers: in the bins of the reference, and below and up to each of its quantiles."""

    def __init__(self, profile: NumericProfile) -> None:
        self.profile = profile
        self._edges = np.asarray(profile.edges)
        self._points, steps = np.unique(np.asarray(profile.quantiles), return_counts=True)
        self._reference = np.cumsum(steps) / max(1, len(profile.quantiles))  # its distribution at the points
        self._bins = np.zeros(len(self._edges) + 1, dtype=np.int64)
        self._up_to = np.zeros(len(self._points) + 1, dtype=np.int64)
        self._below = np.zeros(len(self._points) + 1, dtype=np.int64)
        self._missing = 0

    def add(self, values: Sequence[Value]) -> None:
        """Count some numbers; what is absent or not finite is missing."""
        column = np.array(values, dtype=np.float64)
        numbers = column[np.isfinite(column)]
        self._missing += len(column) - len(numbers)
        self._bins += np.bincount(np.searchsorted(self._edges, numbers, side="right"), minlength=len(self._bins))
        self._up_to += np.bincount(np.searchsorted(self._points, numbers, side="left"), minlength=len(self._up_to))
        self._below += np.bincount(np.searchsorted(self._points, numbers, side="right"), minlength=len(self._below))

    def compare(self) -> Comparison:
        """Return PSI, Kolmogorov-Smirnov distance and its p-value."""
        present = int(self._bins.sum())
        rows = present + self._missing
        if present == 0 or self.profile.present == 0:
            return Comparison(rows, self._missing)
        distance = self._distance(present)
        return Comparison(
            rows,
            self._missing,
            psi=statistics.population_stability_index(np.asarray(self.profile.counts, dtype=np.int64), self._bins),
            distance=distance,
            p_value=statistics.kolmogorov_smirnov_p(distance, self.profile.present, present),
        )

    def _distance(self, present: int) -> float:
        at = np.cumsum(self._up_to)[:-1] / present
        before = np.cumsum(self._below)[:-1] / present
        reference_before = np.concatenate([[0.0], self._reference[:-1]])
        largest = max(np.abs(at - self._reference).max(), np.abs(before - reference_before).max())
        steps = statistics.resolution(len(self.profile.quantiles), self.profile.present)
        return max(0.0, float(largest) - steps)


class CategoryTally:
    """Counts categories; those that the reference does not name stand together."""

    def __init__(self, profile: CategoryProfile) -> None:
        self.profile = profile
        self._names = [name for name in profile.counts if name != OTHER]
        self._counts: Counter[str | None] = Counter()

    def add(self, values: Sequence[Value]) -> None:
        """Count some values; true and false are categories of that name."""
        self._counts.update(None if value is None else _text(value) for value in values)
        if len(self._counts) > 2 * len(self._names) + 1000:
            self._fold_unknown()

    def compare(self) -> Comparison:
        """Return PSI and the p-value of the chi-square test."""
        missing = self._counts[None]
        rows = self._counts.total()
        if rows == missing or self.profile.present == 0:
            return Comparison(rows, missing)
        current, reference = self._aligned(rows - missing)
        return Comparison(
            rows,
            missing,
            psi=statistics.population_stability_index(reference, current),
            p_value=statistics.chi_square_p(reference, current),
        )

    def _aligned(self, present: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        current = [self._counts[name] for name in self._names]
        reference = [self.profile.counts[name] for name in self._names]
        unknown, rare = present - sum(current), self.profile.counts.get(OTHER, 0)
        if unknown or rare:
            current.append(unknown)
            reference.append(rare)
        return np.array(current, dtype=np.int64), np.array(reference, dtype=np.int64)

    def _fold_unknown(self) -> None:
        known = Counter({name: self._counts[name] for name in (*self._names, None)})
        known[OTHER] = self._counts.total() - known.total()
        self._counts = known


class TimeTally:
    """Counts moments: only how many are missing."""

    def __init__(self, profile: TimeProfile) -> None:
        self.profile = profile
        self._rows = self._missing = 0

    def add(self, values: Sequence[Value]) -> None:
        """Count some moments."""
        self._rows += len(values)
        self._missing += sum(value is None for value in values)

    def compare(self) -> Comparison:
        """Return the counts."""
        return Comparison(self._rows, self._missing)


def tally_for(profile: Profile) -> Tally:
    """Return the tally that fits a profile."""
    if isinstance(profile, NumericProfile):
        return NumericTally(profile)
    return CategoryTally(profile) if isinstance(profile, CategoryProfile) else TimeTally(profile)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
