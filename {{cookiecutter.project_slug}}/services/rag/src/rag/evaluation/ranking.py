"""Metrics of retrieval. A case expects one or more places; a passage is relevant when it lies in one of them.

Several passages of one place count once, so no metric can be raised by finding the same section again and again. None
depends on how a document was cut: a passage that begins in another section lies in the expected one all the same when
the heading, or what the answer has to say, is part of its text.
"""

import math
from collections.abc import Iterator, Sequence

from rag.evaluation.cases import ALTERNATIVE, Case, Place
from rag.evaluation.observations import Spot
from rag.evaluation.words import normal, words

TELLING = 8
"""Characters of a fact from which it shows that a text is the one meant; `60` or `Redis` may stand anywhere."""


def lies_in(spot: Spot, place: Place, facts: Sequence[str] = ()) -> bool:
    """Tell whether something stands at an expected place.

    The document is named in full or by the end of its path. Of an expected section the heading is above the text or a
    line of it, or the text holds one of the facts that are long enough to be telling.
    """
    if not _same_document(spot.document, place.document):
        return False
    if place.page is not None and not spot.page <= place.page <= spot.page_end:
        return False
    return place.heading is None or _in_section(spot, place.heading) or _tells(spot.text, facts)


def recall(found: Sequence[Spot], case: Case, k: int) -> float:
    """Return the share of the expected places among the first k."""
    return sum(gain for _, gain in _gains(found[:k], case)) / len(case.expected)


def hit(found: Sequence[Spot], case: Case, k: int) -> float:
    """Return 1 when any expected place is among the first k."""
    return float(any(gain for _, gain in _gains(found[:k], case)))


def reciprocal_rank(found: Sequence[Spot], case: Case, k: int) -> float:
    """Return 1 over the rank of the first relevant passage, 0 when none is among the first k."""
    return next((1.0 / rank for rank, gain in _gains(found[:k], case) if gain), 0.0)


def ndcg(found: Sequence[Spot], case: Case, k: int) -> float:
    """Return the discounted cumulative gain relative to the best possible order (Järvelin and Kekäläinen 2002)."""
    gained = sum(gain / math.log2(rank + 1) for rank, gain in _gains(found[:k], case))
    best = sum(1 / math.log2(rank + 1) for rank in range(1, min(len(case.expected), k) + 1))
    return min(1.0, gained / best)  # one passage below two expected headings gains twice


def _gains(found: Sequence[Spot], case: Case) -> Iterator[tuple[int, int]]:
    """Yield rank and number of places that were not seen before."""
    missing = list(case.expected)
    for rank, spot in enumerate(found, start=1):
        seen = [place for place in missing if lies_in(spot, place, case.facts)]
        missing = [place for place in missing if place not in seen]
        yield rank, len(seen)


def _in_section(spot: Spot, heading: str) -> bool:
    wanted = words(heading)
    return wanted in map(words, spot.heading) or wanted in map(words, spot.text.splitlines())


def _tells(text: str, facts: Sequence[str]) -> bool:
    plain = normal(text)
    wordings = [normal(wording) for fact in facts for wording in fact.split(ALTERNATIVE)]
    return any(len(wording) >= TELLING and wording in plain for wording in wordings)


def _same_document(name: str, expected: str) -> bool:
    name, expected = name.casefold(), expected.casefold()
    return name == expected or name.endswith("/" + expected)
