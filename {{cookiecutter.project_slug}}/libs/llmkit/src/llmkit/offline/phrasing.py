"""Turning a unit into a sentence of an answer: markup removed, pronouns given what they stand for, cited."""

import re

from llmkit.offline.evidence import Corpus, Found, Scored
from llmkit.offline.places import PRONOUN, column_terms
from llmkit.offline.units import UnitKind, row_text

_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*(?:\s+\"[^\"]*\")?\)")
_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1|(?<![\w*])\*(?=\S)([^*]+?)(?<=\S)\*(?![\w*])")
_CONNECTOR = re.compile(
    r"^(?:however|therefore|moreover|furthermore|in addition|additionally|also|thus|hence|besides|then|but|and|so)"
    r"\b,?\s+",
    re.I,
)


def phrase(corpus: Corpus, item: Scored) -> str:
    """Return one sentence of an answer with its citation."""
    place = item.place
    marker = f"[{corpus.passages[place.passage].id}]"
    if place.unit.kind is UnitKind.CODE:
        announced = f"{tidy(place.unit.intro).rstrip(':.')}: " if place.unit.intro else ""
        return f"{announced}`{place.unit.text}` {marker}" if "\n" not in place.unit.text else _block(place, marker)
    text = tidy(_row(item) or place.unit.text)
    before = _before(corpus, place)
    if before and PRONOUN.match(text):
        text = f"{tidy(before.unit.text)} {text}"
    if place.unit.text.rstrip("*_ ").endswith(":") or _is_open(place):
        text = _with_what_follows(corpus, place, text)
    return f"{_ended(_capital(text))} {marker}" if "\n" in text else _cited(_capital(text), marker)


def _row(item: Scored) -> str:
    """Of a table row only the columns that the question names; nothing when it names none of them."""
    name, *others = item.place.unit.cells or (("", ""),)
    named = [(column, value) for column, value in others if column_terms(column) & item.held.keys()]
    return row_text((name, *named)) if named else ""


def tidy(text: str) -> str:
    """Remove Markdown's emphasis and link targets, and a connector at the front."""
    plain = _EMPHASIS.sub(lambda match: match.group(2) or match.group(3), _LINK.sub(r"\1", text))
    return _CONNECTOR.sub("", plain.strip(), count=1)


def _block(place: Found, marker: str) -> str:
    announced = f"{tidy(place.unit.intro).rstrip('.')}\n" if place.unit.intro else ""
    return f"{announced}```\n{place.unit.text}\n``` {marker}"


def _before(corpus: Corpus, place: Found) -> Found | None:
    """The sentence before it in the same paragraph."""
    if place.order == 0:
        return None
    other = corpus.places[place.order - 1]
    same = other.passage == place.passage and other.unit.block == place.unit.block
    return other if same and other.unit.kind is UnitKind.SENTENCE and place.unit.kind is UnitKind.SENTENCE else None


def _is_open(place: Found) -> bool:
    ends = place.unit.text.rstrip("*_\"')`").endswith((".", "!", "?", "…"))
    return place.unit.kind is UnitKind.SENTENCE and not ends


def _with_what_follows(corpus: Corpus, place: Found, text: str) -> str:
    """A sentence that announces a list, rows or code is no answer without them."""
    following = [
        other
        for other in corpus.places[place.order + 1 : place.order + 7]
        if other.passage == place.passage and other.unit.block == place.unit.block + 1
    ]
    if not following or following[0].unit.kind is UnitKind.SENTENCE:
        return text
    if following[0].unit.kind is UnitKind.CODE:
        code = following[0].unit.text
        return f"{text.rstrip(':.')}: `{code}`" if "\n" not in code else f"{text}\n```\n{code}\n```"
    return f"{text.rstrip(':')}: " + "; ".join(tidy(other.unit.text).rstrip(".;,") for other in following)


def _capital(text: str) -> str:
    return (
        text[:1].upper() + text[1:] if text[:1].islower() and not re.match(r"\w*[A-Z_/.]", text.split(" ")[0]) else text
    )


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…", "```")) else f"{text.rstrip(';,:')}."


def _cited(text: str, marker: str) -> str:
    """The marker stands before the full stop, so that it belongs to the sentence."""
    ended = _ended(text)
    return f"{ended[:-1]} {marker}{ended[-1]}"
