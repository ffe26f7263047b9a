"""Units with the terms in and around them, which is what a question is compared with."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from llmkit.language.words import stem, terms
from llmkit.offline.units import Unit, UnitKind, units_of

_BOUNDS = (
    (re.compile(r"\b(?:at most|up to|no more than|not (?:more than|exceed)|no longer than)\b", re.I), stem("maximum")),
    (re.compile(r"\b(?:at least|no (?:fewer|less) than|from .* on)\b", re.I), stem("minimum")),
)
PRONOUN = re.compile(r"^(?:it|they|these|those|this|he|she|its|their|such|both|the same)\b", re.I)
_SPAN = re.compile(r"`([\w./-]+(?: [\w./-]+){1,2})`")


@dataclass(frozen=True, slots=True)
class Place:
    """A unit, where it stands in its passage, and the terms there."""

    unit: Unit
    fields: Mapping[str, frozenset[str]]
    """Terms of the unit, of its intro and headings, of what is before and after it, and of the whole passage."""
    sequence: tuple[str, ...]
    """Stems of the unit's content words in order."""


@lru_cache(maxsize=512)
def places_of(text: str) -> tuple[Place, ...]:
    """Read a passage. Passages come again with the next question, so the last ones are remembered."""
    units = units_of(text)
    sequences = [tuple(terms(unit.text)) for unit in units]
    whole = frozenset(term for sequence in sequences for term in sequence)
    found = []
    for at, unit in enumerate(units):
        fields = {
            "unit": frozenset((*sequences[at], *_spoken(unit.text))),
            "intro": frozenset((*terms(unit.intro), *_spoken(unit.intro), *_meant(units, sequences, at))),
            "heading": frozenset((*terms(unit.heading), *_spoken(unit.heading))),
            "before": frozenset(sequences[at - 1] if at and _flows(unit) else ()),
            "after": frozenset(sequences[at + 1] if at + 1 < len(units) and _flows(unit) else ()),
            "passage": whole,
        }
        found.append(Place(unit, fields, sequences[at]))
    return tuple(found)


def _meant(units: Sequence[Unit], sequences: Sequence[tuple[str, ...]], at: int) -> tuple[str, ...]:
    """What a pronoun at the front of a sentence stands for is in the sentence before."""
    is_pronoun = at > 0 and units[at].block == units[at - 1].block and PRONOUN.match(units[at].text)
    return sequences[at - 1] if is_pronoun and _flows(units[at]) else ()


def _flows(unit: Unit) -> bool:
    """Whether what stands beside a unit says something about it; the next row of a table is about something else."""
    return unit.kind is not UnitKind.ROW


def column_terms(column: str) -> frozenset[str]:
    """Return the terms of a table's column name."""
    return frozenset((*terms(column), *_spoken(column)))


def _spoken(text: str) -> list[str]:
    """Terms that stand in a text in another form: short pieces of code (`make up`), and bounds in words."""
    bounds = [term for pattern, term in _BOUNDS if pattern.search(text)]
    return [span.lower() for span in _SPAN.findall(text)] + bounds
