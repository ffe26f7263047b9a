"""Settings of data sets and trainings."""

import os

from pydantic import Field

from servicekit.settings import Group


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class TrainingSettings(Group):
    """Limits of uploaded data sets and of the trainings on them."""

    max_file_bytes: int = Field(default=512 * 1024 * 1024, gt=0)
    max_rows: int = Field(default=200_000, gt=1)  # larger files are sampled, which the model card says
    max_columns: int = Field(default=500, gt=1)
    threads: int = Field(default_factory=_processors, gt=0)  # by default all processors that this process may use
