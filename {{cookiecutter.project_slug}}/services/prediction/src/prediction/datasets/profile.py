"""What is said about a table and its columns: in answers of the API, in the model card, on the command line."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Content(StrEnum):
    """What a column holds. The first four can be features of a model."""

    NUMERIC = "numeric"
    BOOLEAN = "boolean"
    CATEGORY = "category"
    DATETIME = "datetime"
    IDENTIFIER = "identifier"
    CONSTANT = "constant"
    TEXT = "text"
    EMPTY = "empty"
    UNSUPPORTED = "unsupported"

    @property
    def usable(self) -> bool:
        """Whether a model can use the column."""
        return self in (Content.NUMERIC, Content.BOOLEAN, Content.CATEGORY, Content.DATETIME)


class ColumnProfile(BaseModel):
    """One column."""

    model_config = ConfigDict(frozen=True)

    name: str
    content: Content
    reason: str  # why it is taken for this content
    missing: int
    distinct: int
    minimum: float | None = None
    maximum: float | None = None
    examples: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class DatasetProfile(BaseModel):
    """A table."""

    model_config = ConfigDict(frozen=True)

    format: str
    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    total_rows: int
    complete: bool  # false when only the beginning of the file was read
    rows: int  # rows that this profile is made from
    sampled: bool
    duplicate_rows: int
    columns: tuple[ColumnProfile, ...]
    notes: tuple[str, ...] = ()
