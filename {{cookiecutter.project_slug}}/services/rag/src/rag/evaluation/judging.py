"""Metrics of answers that need no model: what was cited, what is supported, what a right answer must hold."""

from collections import Counter
from collections.abc import Sequence

from rag.evaluation.cases import ALTERNATIVE, Case
from rag.evaluation.observations import Citation, Given
from rag.evaluation.ranking import lies_in
from rag.evaluation.words import MARKER, content_words, normal, numbers, sentences, words

SUPPORTED = 0.6
"""Share of a sentence's content words that the cited text must hold: below it, the sentence says something else."""


def citation_precision(citations: Sequence[Citation], case: Case) -> float:
    """Return the share of the citations that point to an expected place; there must be one at least."""
    right = sum(any(lies_in(cited.spot, place, case.facts) for place in case.expected) for cited in citations)
    return right / len(citations)


def citation_recall(citations: Sequence[Citation], case: Case) -> float:
    """Return the share of the expected places that are cited."""
    found = sum(any(lies_in(cited.spot, place, case.facts) for cited in citations) for place in case.expected)
    return found / len(case.expected)


def groundedness(given: Given) -> float | None:
    """Return the share of the answer's sentences that the cited text supports; None when nothing is claimed.

    A sentence is compared with what it cites itself, or with all cited texts when it has no citation of its own. All
    its numbers and most of its words must be there. This measures wording: a free paraphrase scores too low, and a
    negation too high, which is what the judge is for.
    """
    claims = [sentence for sentence in sentences(given.text) if len(content_words(sentence)) > 1]
    if not claims:
        return None
    return sum(_is_supported(sentence, given.citations) for sentence in claims) / len(claims)


def token_f1(answer: str, reference: str) -> float:
    """Return the harmonic mean of precision and recall over words, as in SQuAD (Rajpurkar et al. 2016)."""
    got, wanted = Counter(words(answer)), Counter(words(reference))
    common = (got & wanted).total()
    return 2 * common / (got.total() + wanted.total()) if common else 0.0


def facts_held(answer: str, facts: Sequence[str]) -> float:
    """Return the share of the facts that stand in the answer, in any of their wordings."""
    return sum(holds(answer, fact) for fact in facts) / len(facts)


def holds(text: str, fact: str) -> bool:
    """Tell whether a text has a fact in one of its wordings, not counting case, spacing and Markdown's marks."""
    plain = normal(MARKER.sub("", text))
    return any(normal(wording) in plain for wording in fact.split(ALTERNATIVE))


def _is_supported(sentence: str, citations: Sequence[Citation]) -> bool:
    own = {int(marker) for marker in MARKER.findall(sentence)}
    texts = [citation.spot.text for citation in citations if not own or citation.marker in own]
    cited = "\n".join(texts)
    said = content_words(sentence)
    held = len(said & content_words(cited)) / len(said)
    return held >= SUPPORTED and numbers(sentence) <= numbers(cited)
