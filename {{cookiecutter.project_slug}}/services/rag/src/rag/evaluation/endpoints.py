"""Routes of evaluations."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response, Security, status

from rag.answering.schemas import Answer
from rag.conversations.repository import FeedbackRepository
from rag.dependencies import ServicesDep
from rag.evaluation.errors import EvaluationNotFound, InvalidCases, UnknownSet
from rag.evaluation.files import write_cases
from rag.evaluation.rated import cases_of
from rag.evaluation.schemas import EvaluationDocument, EvaluationList, EvaluationRequest
from rag.evaluation.service import EvaluationService
from servicekit.auth.guard import require
from servicekit.auth.principal import Principal
from servicekit.database import Session
from servicekit.idempotency import IdempotentRoute
from servicekit.jobs import JobDocument, accepted
from servicekit.problems import problem_responses

JSON_LINES = "application/jsonl"

router = APIRouter(prefix="/v1/evaluations", tags=["evaluation"], route_class=IdempotentRoute)
Evaluator = Annotated[Principal, Security(require("rag:evaluate"))]


async def evaluations(services: ServicesDep, session: Session) -> EvaluationService:
    """Return the service, bound to the request's unit of work."""
    return EvaluationService(session, services.kit.jobs, services.settings.evaluation)


Evaluations = Annotated[EvaluationService, Depends(evaluations, scope="function")]


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Evaluate answers",
    responses=problem_responses(UnknownSet, InvalidCases),
)
async def start_evaluation(
    body: EvaluationRequest, caller: Evaluator, evaluations: Evaluations, response: Response
) -> JobDocument:
    """Make a job that asks every question about the tenant's documents. The evaluation has the job's id.

    With a model that is not offline this costs what the questions cost; the tenant's budget holds here too.
    """
    return accepted(response, await evaluations.start(caller, body))


@router.get("", summary="List evaluations, newest first")
async def list_evaluations(
    caller: Evaluator,
    evaluations: Evaluations,
    cursor: Annotated[UUID | None, Query(description="`next_cursor` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> EvaluationList:
    """Return a page of the tenant's evaluations."""
    items, next_before = await evaluations.page(caller.tenant, cursor, limit)
    return EvaluationList(items=items, next_cursor=str(next_before) if next_before else None)


@router.get(
    "/cases",
    summary="Feedback as questions",
    response_class=Response,
    responses={200: {"content": {JSON_LINES: {"schema": {"type": "string"}}}, "description": "JSON Lines"}},
)
async def export_cases(
    caller: Evaluator,
    session: Session,
    limit: Annotated[int, Query(ge=1, le=1000, description="Newest feedback that is looked at.")] = 200,
) -> Response:
    """Return rated answers as questions of a set, one in a line, for `EVAL_SET=` or `cases` of a new evaluation.

    A praised answer is the reference. Of a criticised one the comment is, and without a comment nobody knows what
    would have been right: it is left out. Look through the lines before you rely on them.
    """
    rated = await FeedbackRepository(session, caller.tenant).page(rating=None, before=None, limit=limit)
    cases = cases_of(
        (Answer.model_validate(message.answer), feedback.rating, feedback.comment) for feedback, message in rated
    )
    return Response(write_cases(cases), media_type=JSON_LINES)


@router.get("/{evaluation_id}", summary="Look at an evaluation", responses=problem_responses(EvaluationNotFound))
async def read_evaluation(evaluation_id: UUID, caller: Evaluator, evaluations: Evaluations) -> EvaluationDocument:
    """Return metrics with their intervals, overall and for each kind of question, every question, and a comparison."""
    return await evaluations.get(caller.tenant, evaluation_id)
