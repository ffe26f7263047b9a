"""Taking files in, and giving results out."""

from collections.abc import AsyncIterator
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from prediction.datasets.dialect import PARQUET_MAGIC, detect_encoding
from prediction.datasets.errors import DatasetRefused
from prediction.scoring.errors import ResultNotReady, ScoringNotFound
from prediction.scoring.schemas import OnError, ScoringParams, ScoringResult
from prediction.serving.models import Slot
from servicekit.auth.principal import Principal
from servicekit.database import uuid7
from servicekit.jobs import Job, JobNotFound, JobService, JobState
from servicekit.storage import ObjectNotFound, ObjectStorage

KIND = "scoring.run"
FOLDER = "scorings"
_CHUNK_BYTES = 1024 * 1024


class Upload(Protocol):
    """A file that is sent to us."""

    async def read(self, size: int = -1) -> bytes:
        """Return the next bytes, and none at the end."""
        ...

    async def seek(self, offset: int) -> None:
        """Go on from there."""
        ...


class ScoringService:
    """Batch scorings of one request's tenant."""

    def __init__(self, jobs: JobService, storage: ObjectStorage, session: AsyncSession) -> None:
        self._jobs = jobs
        self._storage = storage
        self._session = session

    async def start(self, caller: Principal, slot: Slot, file: Upload, on_error: OnError) -> Job:
        """Store a file and make the job that scores it with the slot's champion of this moment; DatasetRefused."""
        refuse_strange(await file.read(_CHUNK_BYTES))
        await file.seek(0)
        upload = f"{FOLDER}/{uuid7()}/upload"
        await self._storage.put(upload, _chunks(file))
        version = slot.champion.version.version
        params = ScoringParams(model=slot.name, version=version, upload=upload, on_error=on_error)
        return await self._jobs.enqueue(self._session, KIND, params, tenant=caller.tenant, actor=caller.subject)

    async def get(self, tenant: str, job_id: UUID) -> Job:
        """Return the tenant's batch scoring of this id; ScoringNotFound."""
        try:
            job = await self._jobs.get(self._session, tenant, job_id)
        except JobNotFound:
            raise ScoringNotFound(f"There is no batch scoring {job_id}.") from None
        if job.kind != KIND:
            raise ScoringNotFound(f"There is no batch scoring {job_id}.")
        return job

    async def result(self, tenant: str, job_id: UUID) -> ScoringResult:
        """Return what a finished batch scoring has made; ScoringNotFound, ResultNotReady."""
        job = await self.get(tenant, job_id)
        if job.state != JobState.SUCCEEDED:
            hint = f"GET /v1/scorings/{job_id} says how far it is, or why it failed."
            raise ResultNotReady(f"The batch scoring is {job.state}.", hint=hint)
        result = ScoringResult.model_validate(job.result)
        if not await self._storage.exists(result.result):
            raise ScoringNotFound("The result was deleted after its time.", hint="Score the file again.")
        return result


def refuse_strange(head: bytes) -> None:
    """Raise `DatasetRefused` for the beginning of a file that is neither text nor Parquet."""
    if not head:
        raise DatasetRefused("empty_file", "The file is empty.", "Send a CSV, Parquet or JSON Lines file.")
    if not head.startswith(PARQUET_MAGIC):
        detect_encoding(head)


def result_key(job_id: UUID, file_format: str) -> str:
    """Return where a job stores its result: a job that runs twice replaces its own result by the same one."""
    return f"{FOLDER}/{job_id}/result.{file_format}"


async def stream(storage: ObjectStorage, key: str) -> AsyncIterator[bytes]:
    """Yield a stored object; nothing when it has just been deleted."""
    try:
        async for chunk in storage.get(key):
            yield chunk
    except ObjectNotFound:
        return


async def _chunks(file: Upload) -> AsyncIterator[bytes]:
    while chunk := await file.read(_CHUNK_BYTES):
        yield chunk
