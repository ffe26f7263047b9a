"""What an evaluation is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from llmkit.call import ModelRef, Tier
from rag.evaluation.asking import AnswererAnswering, AnswerSource, RetrieverSearching, Retrieving
from rag.evaluation.cases import Case
from rag.evaluation.judge import ModelJudge
from rag.evaluation.ports import Answering, Judging, Progress, Searching
from rag.evaluation.report import Configuration, Report
from rag.evaluation.runner import EvaluationOptions, evaluate
from rag.retrieval.passages import RetrievalOptions
from rag.retrieval.ports import ChatModels
from rag.retrieval.prompting import PromptWriter
from rag.settings import RagSettings


@dataclass(frozen=True, slots=True)
class EvaluationParts:
    """Who searches and answers, and what the report says about them."""

    searching: Searching
    answering: Answering | None
    """None judges retrieval alone."""
    make_judge: Callable[[], Judging] | None = None
    """Called when an evaluation begins; JudgeUnavailable when there is no model that could judge."""
    configuration: Configuration = field(default_factory=dict)
    concurrency: int = 1

    async def evaluate(
        self,
        tenant: str,
        cases: Sequence[Case],
        retrieval: RetrievalOptions,
        *,
        progress: Progress = lambda _fraction, _message: None,
    ) -> Report:
        """Ask the cases in one way. Raises JudgeUnavailable."""
        options = EvaluationOptions(tenant, retrieval, self.configuration, self.concurrency)
        judging = self.make_judge() if self.make_judge else None
        return await evaluate(self.searching, self.answering, cases, options, judging=judging, progress=progress)


def make_parts(
    settings: RagSettings,
    retriever: Retrieving,
    answerer: AnswerSource | None,
    *,
    models: ChatModels,
    prompts: PromptWriter,
    embedder: str,
) -> EvaluationParts:
    """Return the parts of the service as the settings want them evaluated; `embedder` is its fingerprint."""
    chain: Sequence[ModelRef] = settings.llm.chain(Tier.STRONG)
    judged = settings.evaluation.judge and answerer is not None
    return EvaluationParts(
        searching=RetrieverSearching(retriever),
        answering=None if answerer is None else AnswererAnswering(answerer),
        make_judge=(lambda: ModelJudge(models, prompts, chain)) if judged else None,
        configuration={
            "embedder": embedder,
            "reranker": settings.embedding.reranker,
            "chunking": settings.chunking.strategy.value,
            "target_tokens": settings.chunking.target_tokens,
        },
        concurrency=settings.evaluation.concurrency,
    )
