"""Asking all questions of a set, in their order, and summing up."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import structlog

from rag.evaluation.cases import Case
from rag.evaluation.observations import Given, Observation, Verdict
from rag.evaluation.ports import Answering, Judging, Progress, Searching
from rag.evaluation.report import CitedPlace, Configuration, Report, Row, Timing, summarise, timing
from rag.evaluation.scoring import DEPTHS, score
from rag.retrieval.passages import Passage, RetrievalOptions
from servicekit.problems import Problem

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """How an evaluation is done."""

    tenant: str
    """Whose documents are asked."""
    retrieval: RetrievalOptions = field(default_factory=RetrievalOptions)
    """At least as many passages are searched for as the deepest metric looks at."""
    configuration: Configuration = field(default_factory=dict)
    """What else the report is to say about what was evaluated: models, prompts, embedder, chunking."""
    concurrency: int = 1
    """Questions in work at once. It changes timings and nothing else."""


async def evaluate(
    searching: Searching,
    answering: Answering | None,
    cases: Sequence[Case],
    options: EvaluationOptions,
    *,
    judging: Judging | None = None,
    progress: Progress = lambda _fraction, _message: None,
) -> Report:
    """Ask every question and return the report. Without `answering` only retrieval is judged.

    A question that ends in a `Problem` is an error in its row and counts as not answered; anything else is raised. With
    parts that are deterministic the report is too, but for its `timings_ms`.
    """
    if not cases:
        raise ValueError("there are no questions to ask")
    asking = _Asking(searching, answering, judging, options, len(cases), progress)
    seen = await asking.all(cases)
    rows = [_row(case, observation) for case, observation in zip(cases, seen, strict=True)]
    metrics, kinds = summarise(rows)
    return Report(
        configuration=_configuration(options, seen, judging),
        cases=len(cases),
        metrics=metrics,
        kinds=kinds,
        timings_ms=_timings(seen),
        rows=rows,
    )


class _Asking:
    """The questions of one evaluation on their way."""

    def __init__(
        self,
        searching: Searching,
        answering: Answering | None,
        judging: Judging | None,
        options: EvaluationOptions,
        total: int,
        progress: Progress,
    ) -> None:
        self._searching = searching
        self._answering = answering
        self._judging = judging
        self._options = options
        self._total = total
        self._progress = progress
        self._done = 0
        self._slots = asyncio.Semaphore(options.concurrency)

    async def all(self, cases: Sequence[Case]) -> list[Observation]:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._in_turn(case)) for case in cases]
        except ExceptionGroup as failures:  # the first one is what callers know: a job that is to stop, for instance
            raise failures.exceptions[0] from failures
        return [task.result() for task in tasks]

    async def _in_turn(self, case: Case) -> Observation:
        async with self._slots:
            seen = await self._ask(case)
            self._done += 1
            self._progress(self._done / self._total, f"{self._done} of {self._total} questions asked")
            return seen

    async def _ask(self, case: Case) -> Observation:
        tenant, retrieval = self._options.tenant, self._options.retrieval
        passages: tuple[Passage, ...] = ()
        given, verdict, error = None, None, None
        started = time.perf_counter()
        searched = answered = started
        try:
            passages = await self._searching.search(tenant, case, _deep(retrieval))
            searched = answered = time.perf_counter()
            if self._answering is not None:
                given = await self._answering.answer(tenant, case, retrieval)
                answered = time.perf_counter()
                verdict = await self._judge(case, given)
        except Problem as problem:
            _log.warning("evaluation_question_failed", case=case.id, code=problem.code, detail=problem.detail)
            error = problem.code
        return Observation(passages, given, verdict, error, 1000 * (searched - started), 1000 * (answered - searched))

    async def _judge(self, case: Case, given: Given) -> Verdict | None:
        if self._judging is None or given.abstained or not case.answerable:
            return None
        return await self._judging.judge(self._options.tenant, case, given)


def _deep(retrieval: RetrievalOptions) -> RetrievalOptions:
    return replace(retrieval, limit=max(retrieval.limit, *DEPTHS))


def _row(case: Case, seen: Observation) -> Row:
    given = seen.given
    return Row(
        id=case.id,
        kind=case.kind,
        question=case.question,
        expected=case.answer,
        answer=given.text if given else None,
        abstained=given.abstained if given else None,
        model=given.model if given else None,
        prompt=given.prompt if given else None,
        found=[" > ".join((passage.document_name, *passage.heading)) for passage in seen.passages],
        citations=[
            CitedPlace(document=cited.spot.document, page=cited.spot.page, heading=list(cited.spot.heading))
            for cited in (given.citations if given else ())
        ],
        scores=score(case, seen),
        error=seen.error,
        judge=seen.verdict.reason if seen.verdict else None,
    )


def _configuration(options: EvaluationOptions, seen: Sequence[Observation], judging: Judging | None) -> Configuration:
    retrieval = options.retrieval
    answers = [observation.given for observation in seen if observation.given]
    return {
        "mode": retrieval.mode.value,
        "dense_weight": retrieval.dense_weight,
        "limit": retrieval.limit,
        "candidates": retrieval.candidates,
        "rerank": retrieval.rerank,
        "expansion": retrieval.expansion.value,
        "rewriting": retrieval.rewriting.value,
        "condense": retrieval.condense,
        **options.configuration,
        "models": list(dict.fromkeys(given.model for given in answers if given.model)),
        "prompts": list(dict.fromkeys(given.prompt for given in answers if given.prompt)),
        "judge": judging is not None,
    }


def _timings(seen: Sequence[Observation]) -> dict[str, Timing]:
    timings = {"search": timing([observation.search_ms for observation in seen])}
    answered = [observation.answer_ms for observation in seen if observation.given]
    if answered:
        timings["answer"] = timing(answered)
    stages = [observation.given.timings_ms for observation in seen if observation.given]
    for name in sorted({name for measured in stages for name in measured}):
        timings[f"answer.{name}"] = timing([measured[name] for measured in stages if name in measured])
    return timings
