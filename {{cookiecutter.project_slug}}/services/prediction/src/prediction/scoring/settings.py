"""Settings of batch scoring."""

from pydantic import Field

from servicekit.settings import Group


class ScoringSettings(Group):
    """Limits of batch scoring."""

    max_file_bytes: int = Field(default=512 * 1024 * 1024, ge=1, description="Size of an uploaded file")
    retention_days: int = Field(default=7, ge=1, description="Age at which uploaded files and results are deleted")
