"""An answer in the caller's JSON schema, cleaned and judged like a written one."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
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
    their own (`yes`, a letter) are not judged; a document of nothing else has the support 1.
    """
    quotable = [QuotablePassage(passage) for passage in passages]
    citations: dict[int, Citation] = {}
    total = held = 0.0
    for value in map(str, leaves(dict(data))):
        if not content(value):
            continue
        claim = Claim.of(value, question)
        weight = sum(word.weight for word in claim.words)
        total += weight
        quotes = [(each.quote(claim, least), number) for number, each in enumerate(quotable, start=1)]
        found = [(quote, number) for quote, number in quotes if quote is not None]
        if found:
            quote, number = max(found, key=lambda pair: (pair[0].support, -pair[1]))
            held += weight * quote.support
            citations.setdefault(number, Citation(number, passages[number - 1], quote))
    support = min(1.0, held / total) if total else 1.0
    return Draft(json.dumps(data, ensure_ascii=False), tuple(citations.values()), 0, round(support, 4))
