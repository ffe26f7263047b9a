"""Parameters, results and answers of batch scoring."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class OnError(StrEnum):
    """What a row that does not fit the model does to the file."""

    REFUSE = "refuse"  # the job fails, and names the rows
    SKIP = "skip"  # the row gets no prediction, and the reason in the column `prediction_error`


class FileFormat(StrEnum):
    """The kinds of files that can be scored; the result is of the same kind."""

    CSV = "csv"
    PARQUET = "parquet"
    JSONL = "jsonl"


class ScoringParams(BaseModel):
    """What a scoring job is given."""

    model_config = ConfigDict(frozen=True)

    model: str
    version: str  # the champion when the job was asked for: a retried job gives the same answers
    upload: str  # storage key of the file
    on_error: OnError


class ScoringResult(BaseModel):
    """What a scoring job did."""

    model_config = ConfigDict(frozen=True)

    model: str
    version: str
    format: FileFormat
    rows: int
    skipped: int  # rows without a prediction
    result: str  # storage key of the scored file
