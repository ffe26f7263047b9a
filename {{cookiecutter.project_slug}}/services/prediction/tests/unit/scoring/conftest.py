"""Files to score and the models that do it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from prediction.artifacts.scorer import Scorer
from prediction.scoring.files import score_file
from prediction.scoring.schemas import OnError

Row = dict[str, object]


@pytest.fixture
def flats_scorer(make_version, flats) -> Scorer:
    return Scorer(make_version.folders[make_version("flats", "1", flats).bundle_sha256])


@pytest.fixture
def flowers_scorer(make_version, flowers) -> Scorer:
    return Scorer(make_version.folders[make_version("flowers", "1", flowers).bundle_sha256])


@pytest.fixture
def flat_rows() -> list[Row]:
    return [
        {"no": 1, "area": 80.5, "rooms": 3, "city": "Berlin", "balcony": True, "listed": "2026-05-01T10:00:00"},
        {"no": 2, "area": 35, "rooms": 1, "city": "Köln", "balcony": None, "listed": None},
        {"no": 3, "area": 120, "rooms": 5, "city": "München", "balcony": False, "listed": "2025-12-24"},
    ]


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[..., Path]:
    def write(rows: Sequence[Row], *, delimiter: str = ",", encoding: str = "utf-8") -> Path:
        def cell(value: object) -> str:
            return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

        lines = [delimiter.join(rows[0]), *(delimiter.join(map(cell, row.values())) for row in rows)]
        path = tmp_path / "flats.csv"
        path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
        return path

    return write


@pytest.fixture
def write_jsonl(tmp_path: Path) -> Callable[..., Path]:
    def write(rows: Sequence[Row]) -> Path:
        path = tmp_path / "flats.jsonl"
        path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
        return path

    return write


@pytest.fixture
def write_parquet(tmp_path: Path) -> Callable[..., Path]:
    def write(rows: Sequence[Row]) -> Path:
        path = tmp_path / "flats.parquet"
        pyarrow.parquet.write_table(pa.Table.from_pylist(list(rows)), path)
        return path

    return write


@pytest.fixture
def score(tmp_path: Path) -> Callable[..., tuple[Path, int, int]]:
    """Score a file; return the result, the rows and the skipped ones."""

    def score(scorer: Scorer, source: Path, on_error: OnError = OnError.REFUSE) -> tuple[Path, int, int]:
        target = tmp_path / f"scored{source.suffix}"
        return target, *score_file(scorer, source, target, on_error, lambda _rows, _fraction: None)

    return score
