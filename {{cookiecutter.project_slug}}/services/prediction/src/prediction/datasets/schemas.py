"""What the routes of data sets answer."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from prediction.datasets.models import Dataset
from prediction.datasets.profile import DatasetProfile


class DatasetSummary(BaseModel):
    """A data set in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    sha256: str
    size: int
    created_at: datetime


class DatasetDocument(DatasetSummary):
    """A data set with what its first rows look like."""

    profile: DatasetProfile


class DatasetList(BaseModel):
    """A page of data sets, newest first."""

    items: list[DatasetSummary]
    next_cursor: UUID | None


def document(dataset: Dataset) -> DatasetDocument:
    """Return the document of a row."""
    return DatasetDocument.model_validate(dataset)
