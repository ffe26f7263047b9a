"""Small tables of every task, and a training of each that is made once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from prediction.datasets.reading import ReadLimits
from prediction.datasets.table import Table, load_table
from prediction.training.options import EstimatorName, TrainingOptions
from prediction.training.run import Outcome, Training, run_training

MakeTable = Callable[..., Table]
Train = Callable[..., Outcome]
LINEAR = (EstimatorName.LINEAR,)


@pytest.fixture(autouse=True, scope="session")
def _one_native_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def people() -> dict[str, Sequence[object]]:
    """300 people: age, income, city, since when, and whether they bought."""
    random = np.random.default_rng(5)
    count = 300
    age = random.integers(18, 80, count)
    income = (random.normal(3_000, 900, count)).round(2)
    city = random.choice(["Lima", "Oslo", "Rome"], count).astype(object)
    bought = (age / 20 + income / 1_500 + (city == "Oslo") + random.normal(0, 0.7, count)) > 4.8
    income_text = [str(value) if random.random() > 0.1 else "NA" for value in income]
    return {
        "id": list(range(count)),
        "age": age.tolist(),
        "income": income_text,
        "city": [value if random.random() > 0.05 else "?" for value in city],
        "since": [f"20{10 + at % 14}-{1 + at % 12:02d}-01" for at in range(count)],
        "note": [f"remark number {at} of many" for at in range(count)],
        "bought": ["yes" if value else "no" for value in bought],
        "spent": (income / 10 + age * 2 + random.normal(0, 15, count)).round(2).tolist(),
        "level": [int(value) for value in np.digitize(income, [2_500, 3_500])],
    }


@pytest.fixture(scope="session")
def write_table(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Mapping[str, Sequence[object]]], Path]:
    def write(columns: Mapping[str, Sequence[object]]) -> Path:
        path = tmp_path_factory.mktemp("data") / "people.csv"
        rows = zip(*columns.values(), strict=True)
        lines = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


@pytest.fixture(scope="session")
def make_table(write_table: Callable[[Mapping[str, Sequence[object]]], Path]) -> MakeTable:
    def make(columns: Mapping[str, Sequence[object]]) -> Table:
        return load_table(write_table(columns), ReadLimits())

    return make


@pytest.fixture(scope="session")
def train(
    write_table: Callable[[Mapping[str, Sequence[object]]], Path], tmp_path_factory: pytest.TempPathFactory
) -> Train:
    """Train on columns; the linear family alone unless others are asked for."""

    def run(
        columns: Mapping[str, Sequence[object]],
        target: str,
        progress: Callable[[float, str], None] = lambda _fraction, _message: None,
        limits: ReadLimits | None = None,
        **options: object,
    ) -> Outcome:
        chosen = TrainingOptions.model_validate({"estimators": LINEAR, **options})
        path = write_table(columns)
        training = Training(path, "people.csv", target, chosen, limits or ReadLimits())
        return run_training(training, tmp_path_factory.mktemp("trained") / "out", progress)

    return run


@pytest.fixture(scope="session")
def buyers(train: Train, people: dict[str, Sequence[object]]) -> Outcome:
    """A binary model."""
    return train({name: people[name] for name in people if name not in ("spent", "level")}, "bought")


@pytest.fixture(scope="session")
def levels(train: Train, people: dict[str, Sequence[object]]) -> Outcome:
    """A model of three classes that are numbers."""
    return train({name: people[name] for name in ("age", "city", "income", "spent", "level")}, "level")


@pytest.fixture(scope="session")
def spending(train: Train, people: dict[str, Sequence[object]]) -> Outcome:
    """A regression."""
    return train({name: people[name] for name in ("age", "city", "since", "income", "spent")}, "spent")
