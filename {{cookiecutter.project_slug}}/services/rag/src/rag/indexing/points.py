"""How a chunk looks in the store, and how a filter is asked of it: the same for every adapter.

A point's payload holds plain keywords only. Metadata of any type becomes texts like `["year",2024]` in one field, so
there is one index for all keys, a key can hold any character, and 1, true and "1" are three different values.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from rag.indexing.ports import Filter, Scalar

COLLECTIONS = "rag-"
"""How the names of this service's collections begin."""
DENSE, SPARSE = "text", "terms"
"""Names of the two vectors of a point."""
TENANT, DOCUMENT, REVISION, ORDINAL, TAGS, FACTS = "tenant", "document", "revision", "ordinal", "tags", "facts"
KEYWORDS = (TENANT, DOCUMENT, REVISION, TAGS, FACTS)
"""The fields with an index."""
FOUND = [DOCUMENT, REVISION, ORDINAL]
"""The fields that a hit is made of."""
FUSION_K = 1
"""Constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009).

A point of rank r, from 0, in a half of weight w gets 1/(k - 1 + (r + 1)/w): with k = 1 that is w/(r + 1). Theirs is 60,
for many lists of like worth; of two lists it makes a vote, in which what both know faintly beats the best of one.
"""
FUSED = 100
"""The best of each half, at least, that are fused."""
UPSERT = 256
"""Points that are handed to the store in one call."""
_POINTS = UUID("6f1d1a64-3b0e-4f0c-9a2e-6c1f5c0f2b7e")


@dataclass(frozen=True, slots=True)
class Condition:
    """A field that must hold one of some values."""

    field: str
    values: tuple[str, ...]


def point_id(revision: UUID, ordinal: int) -> UUID:
    """Return the id of a chunk's point: always the same, so that writing it twice leaves one."""
    return uuid5(_POINTS, f"{revision}/{ordinal}")


def fact(key: str, value: Scalar) -> str:
    """Return a metadata entry as one keyword; 2.0 is the same number as 2."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps([key, value], ensure_ascii=False, separators=(",", ":"))


def labels(tags: Sequence[str], metadata: Mapping[str, Scalar]) -> dict[str, list[str]]:
    """Return the part of a payload that may change later."""
    return {TAGS: list(tags), FACTS: [fact(key, value) for key, value in metadata.items()]}


def conditions(tenant: str, chosen: Filter | None = None) -> list[Condition]:
    """Return what a point must fulfil, all of it; the tenant comes first and nothing a caller says can undo it."""
    required = [Condition(TENANT, (tenant,))]
    if chosen is None:
        return required
    if chosen.documents:
        required.append(Condition(DOCUMENT, tuple(str(document) for document in chosen.documents)))
    required += [Condition(TAGS, (tag,)) for tag in chosen.tags]
    required += [
        Condition(FACTS, tuple(fact(key, value) for value in values)) for key, values in chosen.metadata.items()
    ]
    return required


def of_revision(tenant: str, revision: UUID | None) -> list[Condition]:
    """Return the conditions for all points of a revision, or of the tenant."""
    required = conditions(tenant)
    return required if revision is None else [*required, Condition(REVISION, (str(revision),))]


def impossible(required: Sequence[Condition]) -> bool:
    """Whether nothing can match: a key that may have none of no values."""
    return any(not condition.values for condition in required)
