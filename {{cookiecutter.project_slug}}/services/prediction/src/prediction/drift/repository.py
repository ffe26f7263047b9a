"""Reports of checks, kept and found again."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from prediction.drift.models import MonitoringReport
from servicekit.database import Json

ReportKind = Literal["drift", "quality"]


class ReportRepository:
    """The `monitoring_reports` table in one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, tenant: str, kind: ReportKind, report: BaseModel, *, now: datetime) -> None:
        """Keep a report; it must have a model, a version and a status."""
        document: dict[str, Json] = report.model_dump(mode="json")
        self._session.add(
            MonitoringReport(
                tenant=tenant,
                model=document["model"],
                version=document["version"],
                kind=kind,
                status=document["status"],
                created_at=now,
                document=document,
            )
        )

    async def history(self, tenant: str, model: str, kind: ReportKind, limit: int) -> list[Json]:
        """Return the newest reports of a model, newest first."""
        query = (
            select(MonitoringReport.document)
            .where(MonitoringReport.tenant == tenant, MonitoringReport.model == model, MonitoringReport.kind == kind)
            .order_by(MonitoringReport.created_at.desc(), MonitoringReport.id.desc())
            .limit(limit)
        )
        return list(await self._session.scalars(query))

    async def newest_of_all(self, kind: ReportKind, *, since: datetime, limit: int) -> list[MonitoringReport]:
        """Return each model's newest report made after a moment, the newest first."""
        order = (MonitoringReport.created_at.desc(), MonitoringReport.id.desc())
        rank = func.row_number().over(partition_by=(MonitoringReport.tenant, MonitoringReport.model), order_by=order)
        ranked = (
            select(MonitoringReport.id, rank.label("rank"))
            .where(MonitoringReport.kind == kind, MonitoringReport.created_at >= since)
            .subquery()
        )
        newest = select(ranked.c.id).where(ranked.c.rank == 1)
        query = select(MonitoringReport).where(MonitoringReport.id.in_(newest)).order_by(*order).limit(limit)
        return list(await self._session.scalars(query))
