"""Asking for evaluations and looking at them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from rag.evaluation.cases import Case
from rag.evaluation.errors import InvalidCases, UnknownSet
from rag.evaluation.files import PROJECT, read_set, shipped_sets
from rag.evaluation.models import Evaluation
from rag.evaluation.repository import EvaluationRepository
from rag.evaluation.schemas import OWN, EvaluationDocument, EvaluationParams, EvaluationRequest, EvaluationSummary
from rag.evaluation.settings import EvaluationSettings
from servicekit.auth.principal import Principal
from servicekit.database import utc_now
from servicekit.jobs import Job, JobNotFound, JobService

KIND = "evaluation.run"


class EvaluationService:
    """Evaluations as the API sees them, in the caller's unit of work."""

    def __init__(self, session: AsyncSession, jobs: JobService, settings: EvaluationSettings) -> None:
        self._session = session
        self._jobs = jobs
        self._settings = settings
        self._repository = EvaluationRepository(session)

    async def start(self, caller: Principal, request: EvaluationRequest) -> Job:
        """Make a job that evaluates; UnknownSet, InvalidCases."""
        name, cases = self._choose(request)
        params = EvaluationParams(
            set=name, cases=tuple(request.cases), retrieval=request.retrieval, compare_with=request.compare_with
        )
        job = await self._jobs.enqueue(self._session, KIND, params, tenant=caller.tenant, actor=caller.subject)
        self._repository.add(
            Evaluation(
                id=job.id,
                tenant=caller.tenant,
                name=name,
                cases=len(cases),
                created_at=utc_now(),
                report=None,
                comparison=None,
            )
        )
        return job

    async def get(self, tenant: str, evaluation_id: UUID) -> EvaluationDocument:
        """Return one with its rows; EvaluationNotFound."""
        evaluation = await self._repository.get(tenant, evaluation_id)
        return EvaluationDocument.of(evaluation, await self._job(evaluation))

    async def page(self, tenant: str, before: UUID | None, limit: int) -> tuple[list[EvaluationSummary], UUID | None]:
        """Return some, newest first, and where the next page begins."""
        found = await self._repository.page(tenant, before=before, limit=limit + 1)
        items = [EvaluationSummary.of(evaluation, await self._job(evaluation)) for evaluation in found[:limit]]
        return items, items[-1].id if len(found) > limit else None

    def _choose(self, request: EvaluationRequest) -> tuple[str, Sequence[Case]]:
        if not request.cases:
            name = request.set or PROJECT
            if name not in shipped_sets():
                raise UnknownSet(f"There is no set {name}; there is {', '.join(shipped_sets())}.")
            return name, read_set(name)
        if request.set is not None:
            raise InvalidCases("Send either `set` or `cases`.")
        if len(request.cases) > self._settings.max_cases:
            raise InvalidCases(f"{len(request.cases)} questions; the limit is {self._settings.max_cases}.")
        if len({case.id for case in request.cases}) < len(request.cases):
            raise InvalidCases("Two questions have the same id.")
        return OWN, request.cases

    async def _job(self, evaluation: Evaluation) -> Job | None:
        if evaluation.report is not None:
            return None  # its state is known
        try:
            return await self._jobs.get(self._session, evaluation.tenant, evaluation.id)
        except JobNotFound:
            return None
