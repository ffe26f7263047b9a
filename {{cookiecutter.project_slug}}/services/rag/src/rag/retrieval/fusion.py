"""One list out of several: reciprocal rank fusion."""

from collections.abc import Sequence
from dataclasses import replace

from rag.indexing.ports import Hit

CONSTANT = 60
"""Of Cormack, Clarke and Büttcher (2009): it flattens the difference between the first ranks."""


def fuse(lists: Sequence[Sequence[Hit]]) -> Sequence[Hit]:
    """Return every hit once, best first. Of a single list the order and the scores stay as they are."""
    if len(lists) == 1:
        return lists[0]
    scores: dict[tuple[object, int], float] = {}
    hits: dict[tuple[object, int], Hit] = {}
    for ranked in lists:
        for rank, hit in enumerate(ranked):
            key = (hit.revision, hit.ordinal)
            hits.setdefault(key, hit)
            scores[key] = scores.get(key, 0.0) + 1 / (CONSTANT + rank + 1)
    ordered = sorted(scores, key=lambda key: -scores[key])
    return [replace(hits[key], score=scores[key]) for key in ordered]
