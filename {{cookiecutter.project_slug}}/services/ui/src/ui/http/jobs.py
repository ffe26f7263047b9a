"""Background work of a service: every service shows its jobs the same way."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, JsonValue

from ui.http.api import Api

State = Literal["queued", "running", "succeeded", "failed", "cancelled", "dead_letter"]


class Progress(BaseModel):
    """How far the work is."""

    fraction: float = 0
    message: str | None = None


class Failure(BaseModel):
    """Why work ended badly, and what to do."""

    code: str
    detail: str = ""
    hint: str | None = None


class Job(BaseModel):
    """One piece of work."""

    id: str
    kind: str
    state: State
    attempt: int = 0
    progress: Progress = Progress()
    result: JsonValue = None
    error: Failure | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def done(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.finished_at is not None


class JobPage(BaseModel):
    """Some jobs, newest first."""

    items: list[Job]
    next_cursor: str | None = None


class Jobs:
    """The jobs of one service."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def page(self, *, state: str | None = None, cursor: str | None = None, limit: int = 20) -> JobPage:
        """List jobs, newest first."""
        return self._api.get(JobPage, "/v1/jobs", {"state": state, "cursor": cursor, "limit": limit})

    def get(self, job_id: str) -> Job:
        """Look at one."""
        return self._api.get(Job, f"/v1/jobs/{job_id}")

    def cancel(self, job_id: str) -> Job:
        """Ask that it ends."""
        return self._api.send(Job, "POST", f"/v1/jobs/{job_id}/cancel")

    def retry(self, job_id: str) -> Job:
        """Run it again."""
        return self._api.send(Job, "POST", f"/v1/jobs/{job_id}/retry")
