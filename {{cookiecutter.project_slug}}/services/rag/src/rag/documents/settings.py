"""Settings of uploads and of their ingestion."""

from pydantic import Field

from servicekit.settings import Group


class IngestionSettings(Group):
    """Limits of uploads and of the work on them."""

    max_file_bytes: int = Field(100 * 1024 * 1024, gt=0, description="Largest uploaded document")
    max_files: int = Field(100, gt=0, le=1000, description="Documents in one upload")
    max_request_bytes: int = Field(512 * 1024 * 1024, gt=0, description="Largest upload, all its documents together")
    batch_size: int = Field(64, gt=0, le=1000, description="Chunks that are embedded and written at once")
