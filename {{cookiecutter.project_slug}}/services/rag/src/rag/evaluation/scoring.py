"""From what happened to numbers. A metric is the mean of a score over the cases that it applies to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from rag.evaluation.cases import Case
from rag.evaluation.judging import citation_precision, citation_recall, facts_held, groundedness, token_f1
from rag.evaluation.observations import Given, Observation, Spot
from rag.evaluation.ranking import hit, ndcg, recall, reciprocal_rank

DEPTHS = (1, 5, 10)
"""How far down the list retrieval is judged."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One column of the report."""

    meaning: str
    more_is_better: bool = True


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        **{f"recall@{k}": Metric(f"expected places among the first {k} passages") for k in DEPTHS},
        **{f"hit@{k}": Metric(f"questions with an expected place among the first {k}") for k in DEPTHS},
        "mrr@10": Metric("1 / rank of the first passage from an expected place"),
        "ndcg@10": Metric("how near the order of the first 10 is to the best one"),
        "facts": Metric("facts of the reference that the answer holds"),
        "answer_f1": Metric("words that answer and reference share"),
        "citation_precision": Metric("citations that point to an expected page or section"),
        "citation_recall": Metric("expected places that are cited"),
        "groundedness": Metric("sentences of the answer that the cited text supports"),
        "answered": Metric("answerable questions that got an answer"),
        "abstention_precision": Metric("abstentions that were right"),
        "abstention_recall": Metric("unanswerable questions that got none"),
        "invented_citations": Metric("citations per question that had to be removed", more_is_better=False),
        "judged_correct": Metric("answers that the judge finds correct"),
        "judged_grounded": Metric("answers that the judge finds supported"),
        "failed": Metric("questions that ended in an error", more_is_better=False),
        "tokens": Metric("tokens per question, in and out", more_is_better=False),
        "cost_usd": Metric("US dollars per question", more_is_better=False),
        "cache_hits": Metric("repeated questions that the semantic cache recognises"),
        "cache_false_hits": Metric(
            "other questions that the semantic cache takes for a repetition", more_is_better=False
        ),
    }
)


def score(case: Case, seen: Observation) -> dict[str, float]:
    """Return the scores of one case; a metric that does not apply to it is not there."""
    scores = {"failed": float(seen.error is not None)}
    if case.answerable:
        scores |= _retrieval([Spot.of(passage) for passage in seen.passages], case)
    if seen.given is not None:
        scores |= _answer(seen.given, case)
        scores |= _spent(seen.given)
    elif seen.error is not None and case.answerable:
        scores |= {"answered": 0.0, "answer_f1": 0.0, "citation_recall": 0.0} | ({"facts": 0.0} if case.facts else {})
    if seen.verdict is not None:
        scores |= {"judged_correct": float(seen.verdict.correct), "judged_grounded": float(seen.verdict.grounded)}
    return scores


def _retrieval(found: Sequence[Spot], case: Case) -> dict[str, float]:
    deepest = max(DEPTHS)
    return {
        **{f"recall@{k}": recall(found, case, k) for k in DEPTHS},
        **{f"hit@{k}": hit(found, case, k) for k in DEPTHS},
        f"mrr@{deepest}": reciprocal_rank(found, case, deepest),
        f"ndcg@{deepest}": ndcg(found, case, deepest),
    }


def _answer(given: Given, case: Case) -> dict[str, float]:
    scores = {"invented_citations": float(given.invented)}
    if given.abstained:
        scores["abstention_precision"] = float(not case.answerable)
    if not case.answerable:
        scores["abstention_recall"] = float(given.abstained)
        return scores
    said = "" if given.abstained else given.text
    scores["answered"] = float(not given.abstained)
    scores["answer_f1"] = token_f1(said, case.answer)
    scores["citation_recall"] = citation_recall(given.citations, case)
    if case.facts:
        scores["facts"] = facts_held(said, case.facts)
    if given.citations:
        scores["citation_precision"] = citation_precision(given.citations, case)
    supported = None if given.abstained else groundedness(given)
    return scores if supported is None else scores | {"groundedness": supported}


def _spent(given: Given) -> dict[str, float]:
    return {"tokens": float(given.input_tokens + given.output_tokens), "cost_usd": float(given.cost_usd)}
