"""Which kind of file it is, and what scores it."""

from pathlib import Path

from prediction.artifacts.scorer import Scorer
from prediction.datasets.dialect import is_parquet
from prediction.scoring.lines import LinesScorer
from prediction.scoring.schemas import FileFormat, OnError
from prediction.scoring.tables import Report, score_table

MEDIA_TYPES = {
    FileFormat.CSV: "text/csv",
    FileFormat.PARQUET: "application/vnd.apache.parquet",
    FileFormat.JSONL: "application/jsonl",
}


def detect_format(path: Path) -> FileFormat:
    """Tell the kind of a file by its content."""
    if is_parquet(path):
        return FileFormat.PARQUET
    with path.open("rb") as file:
        beginning = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    return FileFormat.JSONL if beginning.startswith(b"{") else FileFormat.CSV


def score_file(scorer: Scorer, source: Path, target: Path, on_error: OnError, report: Report) -> tuple[int, int]:
    """Score a file into another of the same kind; return the number of rows, and of those without a prediction.

    Raises:
        DatasetRefused: the file cannot be used.
        BadRows: rows do not fit the model, and were not to be skipped.
    """
    if detect_format(source) is FileFormat.JSONL:
        return LinesScorer(scorer, on_error).run(source, target, report)
    return score_table(scorer, source, target, on_error, report)
