"""Taking data sets in, and throwing them away."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from prediction.datasets.models import Dataset
from prediction.datasets.profile import DatasetProfile
from prediction.datasets.reading import ReadLimits
from prediction.datasets.repository import DatasetRepository
from prediction.datasets.table import load_table
from prediction.training.settings import TrainingSettings
from servicekit.auth.principal import Principal
from servicekit.database import after_commit, utc_now, uuid7
from servicekit.problems import PayloadTooLarge
from servicekit.storage import ObjectStorage

PROFILED_ROWS = 20_000  # the beginning of a file; a training looks at all of it


class DatasetTooLarge(PayloadTooLarge):
    """The file is larger than the setting TRAINING__MAX_FILE_BYTES."""

    code = "dataset_too_large"


@dataclass(frozen=True, slots=True)
class Added:
    """A data set, and whether it is new: the same content is kept once per tenant."""

    dataset: Dataset
    new: bool


class DatasetService:
    """Data sets of the tenants, inside one unit of work."""

    def __init__(self, session: AsyncSession, storage: ObjectStorage, settings: TrainingSettings) -> None:
        self._session = session
        self._storage = storage
        self._settings = settings
        self._repository = DatasetRepository(session)

    async def add(self, caller: Principal, name: str, content: AsyncIterator[bytes]) -> Added:
        """Keep a file after a look at its beginning. Raises `DatasetRefused` and `DatasetTooLarge`."""
        with tempfile.TemporaryDirectory(prefix="upload-") as folder:
            path = Path(folder) / "data"
            sha256, size = await self._receive(content, path)
            existing = await self._repository.with_content(caller.tenant, sha256)
            if existing is not None:
                return Added(existing, new=False)
            profile = await asyncio.to_thread(self._look_at, path)
            dataset = Dataset(
                id=uuid7(),
                tenant=caller.tenant,
                name=Path(name).name[:255] or "data",
                sha256=sha256,
                size=size,
                profile=profile.model_dump(mode="json"),
                actor=caller.subject,
                created_at=utc_now(),
            )
            await self._storage.put(storage_key(dataset.id), path)
            kept = await self._repository.add(dataset)
        if kept.id != dataset.id:
            await self._storage.delete(storage_key(dataset.id))
        return Added(kept, new=kept.id == dataset.id)

    async def get(self, tenant: str, dataset_id: UUID) -> Dataset:
        """Return a tenant's data set; DatasetNotFound."""
        return await self._repository.get(tenant, dataset_id)

    async def delete(self, tenant: str, dataset_id: UUID) -> None:
        """Delete a tenant's data set and its file; models made from it stay. DatasetNotFound."""
        dataset = await self._repository.get(tenant, dataset_id)
        await self._repository.delete(dataset)
        key = storage_key(dataset.id)
        after_commit(self._session, lambda: self._storage.delete(key))

    async def _receive(self, content: AsyncIterator[bytes], path: Path) -> tuple[str, int]:
        digest, size = hashlib.sha256(), 0
        with path.open("wb") as file:
            async for chunk in content:
                size += len(chunk)
                if size > self._settings.max_file_bytes:
                    raise DatasetTooLarge(f"The file is larger than {self._settings.max_file_bytes} bytes.")
                digest.update(chunk)
                await asyncio.to_thread(file.write, chunk)
        return digest.hexdigest(), size

    def _look_at(self, path: Path) -> DatasetProfile:
        limits = ReadLimits(
            max_rows=PROFILED_ROWS, max_columns=self._settings.max_columns, stop_after_rows=PROFILED_ROWS
        )
        return load_table(path, limits).profile


def storage_key(dataset_id: UUID) -> str:
    """Return where the content of a data set is kept."""
    return f"datasets/{dataset_id}/data"
