"""An answer in the caller's JSON schema, cleaned and judged like a written one."""

import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from llmkit.guardrails.validated import Validated
from llmkit.language.words import content
from rag.answering.composing import Citation, Clean, Draft
from rag.answering.quoting import Claim, QuotablePassage
from rag.answering.schema import leaves
from rag.retrieval.passages import Passage
from servicekit.database import Json

Validate: TypeAlias = Callable[[BaseChatModel, Sequence[BaseMessage], Mapping[str, Json]], Awaitable[Validated]]
"""Asks for an answer by a schema, with repairs: `llmkit.guardrails.checks.Guardrails.validated`."""
WHOLE = 0.99
"""Share of a value in other words that a passage must hold: another month is another date."""
_ISO_DATE = re.compile(r"(\d{4})-(0[1-9]|1[0-2])-(\d{2})")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_SCALES = ((1e9, "billion"), (1e6, "million"), (1e3, "thousand"))


def cleaned(data: Json, clean: Clean) -> Json:
    """Return a document with every text in it made harmless."""
    if isinstance(data, str):
        return clean(data)
    if isinstance(data, list):
        return [cleaned(item, clean) for item in data]
    if isinstance(data, dict):
        return {key: cleaned(value, clean) for key, value in data.items()}
    return data


def judged(data: Mapping[str, Json], passages: Sequence[Passage], question: str, least: float) -> Draft:
    """Find what each text and number of a document stands on.

    There are no markers in it, so each value is cited with the passage that holds it best. Values without content of
    their own (`yes`, a letter) are not judged: a document of nothing else has the support 1, an empty one has 0.
    """
    quotable = [QuotablePassage(passage) for passage in passages]
    citations: dict[int, Citation] = {}
    total = held = 0.0
    for value in leaves(dict(data)):
        if not content(str(value)):
            continue
        claims = [(Claim.of(str(value), question), least)]
        claims += [(Claim.of(wording, question), WHOLE) for wording in _other_wordings(value)]
        weight = sum(word.weight for word in claims[0][0].words)
        total += weight
        quotes = [
            (each.quote(claim, enough), number)
            for number, each in enumerate(quotable, start=1)
            for claim, enough in claims
        ]
        found = [(quote, number) for quote, number in quotes if quote is not None]
        if found:
            quote, number = max(found, key=lambda pair: (pair[0].support, -pair[1]))
            held += weight * quote.support
            citations.setdefault(number, Citation(number, passages[number - 1], quote))
    support = min(1.0, held / total) if total else float(_says_anything(dict(data)))
    return Draft(json.dumps(data, ensure_ascii=False), tuple(citations.values()), 0, round(support, 4))


def _says_anything(data: Json) -> bool:
    if isinstance(data, dict):
        return any(map(_says_anything, data.values()))
    if isinstance(data, list):
        return any(map(_says_anything, data))
    return bool(data.strip()) if isinstance(data, str) else data is not None


def _other_wordings(value: str | float) -> Iterator[str]:
    """Yield a value as documents may write it: `2026-05-22` is `22 May 2026`, and 2400000 is `2.4 million`."""
    if isinstance(value, str):
        if day := _ISO_DATE.fullmatch(value):
            year, month, number = day.groups()
            yield f"{int(number)} {_MONTHS[int(month) - 1]} {year}"
    else:
        yield from (f"{value / scale:g} {name}" for scale, name in _SCALES if abs(value) >= scale)
        if value == int(value):
            yield str(int(value))
