"""The data of the story: measurements of cell nuclei in biopsies (breast cancer Wisconsin, shipped with scikit-learn).

569 real patients, 30 measurements each. 270 train the first model. 210 others come while all is well, and again after
the laboratory has changed its microscope. The last 89 come at the end: no version has ever learned from them.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.datasets import load_breast_cancer

TARGET = "diagnosis"
TRAINED_ROWS, CALM_ROWS = 270, 210
REPEATS = 2  # how often the new microscope measures each patient
NOISE = 0.01  # no two measurements of one thing are equal

# The new microscope's software reports lengths in another unit, half as large a number, and so areas a quarter.
NEW_UNIT = {"radius": 0.5, "perimeter": 0.5, "area": 0.25}

Row = dict[str, float]


@dataclass(frozen=True, slots=True)
class Patients:
    """Measurements and what was found in the operation."""

    rows: Sequence[Row]
    diagnoses: Sequence[str]

    def __len__(self) -> int:
        return len(self.rows)

    def batches(self, size: int) -> "Iterator[Patients]":
        """Yield the patients in groups."""
        for start in range(0, len(self), size):
            yield Patients(self.rows[start : start + size], self.diagnoses[start : start + size])

    def csv(self) -> bytes:
        """Return a table with the diagnosis as last column."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow([*self.rows[0], TARGET])
        for row, diagnosis in zip(self.rows, self.diagnoses, strict=True):
            writer.writerow([*row.values(), diagnosis])
        return text.getvalue().encode()


@dataclass(frozen=True, slots=True)
class Story:
    """Who is seen when."""

    training: Patients
    calm: Patients
    shifted: Patients  # the same patients, in the new unit
    later: Patients  # others, in the new unit


def tell(seed: int = 1) -> Story:
    """Deal the patients out at random, always in the same way."""
    data = load_breast_cancer()
    order = np.random.default_rng(seed).permutation(len(data.data))
    names = [str(name) for name in data.feature_names]
    diagnoses = [str(data.target_names[position]) for position in data.target]

    def patients(indexes: Sequence[int]) -> Patients:
        rows = [dict(zip(names, data.data[index].tolist(), strict=True)) for index in indexes]
        return Patients(rows, [diagnoses[index] for index in indexes])

    calm = patients(order[TRAINED_ROWS : TRAINED_ROWS + CALM_ROWS].tolist())
    return Story(
        training=patients(order[:TRAINED_ROWS].tolist()),
        calm=calm,
        shifted=measured_anew(calm, seed),
        later=measured_anew(patients(order[TRAINED_ROWS + CALM_ROWS :].tolist()), seed),
    )


def shifted_columns(names: Sequence[str]) -> list[str]:
    """Return the columns whose unit changes."""
    return [name for name in names if any(measure in name for measure in NEW_UNIT)]


def measured_anew(patients: Patients, seed: int) -> Patients:
    """Return the patients as the new microscope sees them: each several times, with noise, in the new unit."""
    random = np.random.default_rng(seed)
    order = random.permutation(np.repeat(np.arange(len(patients)), REPEATS)).tolist()
    rows = [
        {name: value * _factor(name) * (1 + random.normal(0, NOISE)) for name, value in patients.rows[index].items()}
        for index in order
    ]
    return Patients(rows, [patients.diagnoses[index] for index in order])


def _factor(name: str) -> float:
    return next((factor for measure, factor in NEW_UNIT.items() if measure in name), 1.0)
