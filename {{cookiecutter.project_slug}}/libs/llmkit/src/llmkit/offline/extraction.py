"""Taking one value out of the unit that holds it."""

import re
from collections.abc import Set

from llmkit.language.words import stem, terms, words
from llmkit.offline.evidence import Found
from llmkit.offline.phrasing import tidy
from llmkit.offline.questions import Part
from llmkit.offline.values import numbers, quoted

_LABELLED = re.compile(r"^[\w \-`*]{1,60}?(?::|\s[-–—=])\s+(.+)$", re.S)  # noqa: RUF001 - dashes of typesetters
_PERSON = re.compile(
    r"\b(?:(?:Dr|Mr|Mrs|Ms|Prof)\.?\s+)?[A-Z][\w'\u2019-]+(?:\s+(?:van|von|de|der|di|da)?\s*[A-Z][\w'\u2019.-]+)+"
)
_IS = re.compile(r"\b(?:is|are|was|were|equals|called|named)\s+(?:an? |the |on |in |at )*([^,.;:()]{1,80})")


def number_near(place: Found, part: Part, asked: Set[str]) -> float | None:
    """Return the number of a field: that in the column the question names, or the one nearest to its words."""
    text = place.unit.text
    for column, value in place.unit.cells[1:]:
        if asked and set(terms(column)) & set(asked):
            found = numbers(value)
            if found:
                return found[0][0]
    if place.unit.cells[1:]:
        text = place.unit.cells[1][1]
    wanted = {word.stem for word in part.words}
    spots = [word.start for word in words(text) if word.stem in wanted]
    found = [(value, at) for value, at in numbers(text) if stem(str(int(value))) not in asked]
    if not found:
        return None
    if not spots:
        return found[0][0]
    # after the word rather than before it: "revenue of 5 and a profit of 2"
    return min(found, key=lambda item: min(abs(item[1] - spot) + (12 if item[1] < spot else 0) for spot in spots))[0]


def short_text(place: Found, part: Part) -> str:
    """Return the shortest piece of a unit that is a value: a cell, what follows a colon, a name, what something is."""
    wanted = {word.stem for word in part.words}
    for column, value in place.unit.cells:
        if wanted & set(terms(column)):
            return tidy(value)
    if place.unit.cells[1:]:
        return tidy(place.unit.cells[1][1])
    text = tidy(place.unit.text)
    labelled = _LABELLED.match(text)
    if labelled and wanted & set(terms(text[: labelled.start(1)])):
        return labelled.group(1).rstrip(".")
    for found in (_stated(text, wanted), _named(text, wanted), quoted(place.unit.text)[:1]):
        if found:
            return found[0]
    return text


def _named(text: str, wanted: Set[str]) -> list[str]:
    """A person's or a thing's full name, when that is what the field is called."""
    is_wanted = wanted & {
        stem(word) for word in ("name", "author", "person", "ceo", "chair", "director", "owner", "manager", "customer")
    }
    return [match.group() for match in _PERSON.finditer(text)][:1] if is_wanted else []


def _stated(text: str, wanted: Set[str]) -> list[str]:
    """What stands after `is` when the field is what stands before it."""
    for match in _IS.finditer(text):
        if wanted & set(terms(text[: match.start()])):
            return [match.group(1).strip()]
    return []
