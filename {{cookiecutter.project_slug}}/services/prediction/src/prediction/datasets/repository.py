"""Statements on the table of data sets. Every one of them is bound to a tenant."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from prediction.datasets.errors import DatasetNotFound
from prediction.datasets.models import Dataset


class DatasetRepository:
    """Data sets inside one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, tenant: str, dataset_id: UUID) -> Dataset:
        """Return a tenant's data set; DatasetNotFound."""
        dataset = await self._session.get(Dataset, dataset_id)
        if dataset is None or dataset.tenant != tenant:
            raise DatasetNotFound(f"There is no data set {dataset_id}.")
        return dataset

    async def with_content(self, tenant: str, sha256: str) -> Dataset | None:
        """Return the tenant's data set of this content."""
        same = select(Dataset).where(Dataset.tenant == tenant, Dataset.sha256 == sha256)
        return (await self._session.scalars(same)).one_or_none()

    async def add(self, dataset: Dataset) -> Dataset:
        """Add a data set, or return the one of the same content that somebody has added meanwhile."""
        try:
            async with self._session.begin_nested():
                self._session.add(dataset)
        except IntegrityError:
            existing = await self.with_content(dataset.tenant, dataset.sha256)
            if existing is None:
                raise
            return existing
        return dataset

    async def page(self, tenant: str, *, before: UUID | None, limit: int) -> Sequence[Dataset]:
        """Return a tenant's data sets, newest first."""
        query = select(Dataset).where(Dataset.tenant == tenant).order_by(Dataset.id.desc()).limit(limit)
        if before is not None:
            query = query.where(Dataset.id < before)
        return (await self._session.scalars(query)).all()

    async def delete(self, dataset: Dataset) -> None:
        """Remove a data set."""
        await self._session.delete(dataset)
