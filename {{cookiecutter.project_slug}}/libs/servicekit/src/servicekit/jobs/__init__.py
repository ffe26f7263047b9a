"""Background jobs: the row in the database is the truth, Celery only carries its id."""

from servicekit.jobs.catalog import Backoff, JobCatalog, JobKinds
from servicekit.jobs.context import JobContext
from servicekit.jobs.embedded import embedded_worker
from servicekit.jobs.endpoints import Jobs, accepted
from servicekit.jobs.errors import (
    JobCancelled,
    JobInterrupted,
    JobLeaseLost,
    JobRefused,
    JobStopped,
    JobTimedOut,
    RetryLater,
)
from servicekit.jobs.factory import make_jobs
from servicekit.jobs.models import Job, JobState
from servicekit.jobs.schemas import JobDocument
from servicekit.jobs.service import JobNotFound, JobNotRetryable, JobPage, JobService
from servicekit.jobs.worker import build_worker

__all__ = [
    "Backoff",
    "Job",
    "JobCancelled",
    "JobCatalog",
    "JobContext",
    "JobDocument",
    "JobInterrupted",
    "JobKinds",
    "JobLeaseLost",
    "JobNotFound",
    "JobNotRetryable",
    "JobPage",
    "JobRefused",
    "JobService",
    "JobState",
    "JobStopped",
    "JobTimedOut",
    "Jobs",
    "RetryLater",
    "accepted",
    "build_worker",
    "embedded_worker",
    "make_jobs",
]
