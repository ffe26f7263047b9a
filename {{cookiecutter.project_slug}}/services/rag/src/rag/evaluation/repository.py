"""Evaluations in one unit of work."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rag.evaluation.errors import EvaluationNotFound
from rag.evaluation.models import Evaluation
from rag.evaluation.report import Comparison, Report


class EvaluationRepository:
    """The `evaluations` table."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, evaluation: Evaluation) -> None:
        """Keep an evaluation that has been asked for."""
        self._session.add(evaluation)

    async def get(self, tenant: str, evaluation_id: UUID) -> Evaluation:
        """Return a tenant's evaluation; EvaluationNotFound."""
        found = await self._session.get(Evaluation, evaluation_id)
        if found is None or found.tenant != tenant:
            raise EvaluationNotFound(f"There is no evaluation {evaluation_id}.")
        return found

    async def page(self, tenant: str, *, before: UUID | None, limit: int) -> Sequence[Evaluation]:
        """Return a tenant's evaluations, newest first: ids grow with time."""
        query = select(Evaluation).where(Evaluation.tenant == tenant)
        if before is not None:
            query = query.where(Evaluation.id < before)
        return (await self._session.scalars(query.order_by(Evaluation.id.desc()).limit(limit))).all()

    async def finish(
        self,
        tenant: str,
        evaluation_id: UUID,
        report: Report,
        comparison: Comparison | None,
        *,
        now: datetime,
    ) -> None:
        """Write the result; doing it again, after a repeated job, leaves the last one."""
        evaluation = await self.get(tenant, evaluation_id)
        evaluation.report = report.model_dump(mode="json")
        evaluation.comparison = None if comparison is None else comparison.model_dump(mode="json")
        evaluation.finished_at = now

    async def note_run(self, tenant: str, evaluation_id: UUID, mlflow_run: str | None) -> None:
        """Write down where MLflow has it."""
        evaluation = await self.get(tenant, evaluation_id)
        evaluation.mlflow_run = mlflow_run
