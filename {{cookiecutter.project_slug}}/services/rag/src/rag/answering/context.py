"""What the model reads: passages within a budget of tokens, and how they are written into a prompt.

The offline model reads the same form back, so it is a contract: see `llmkit.offline.request`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from llmkit.messages import estimate_tokens
from rag.answering.withholding import Harmless, Withheld, is_harmless, nothing, rest_of
from rag.caching import document_tag
from rag.retrieval.escaping import escape, escape_attribute
from rag.retrieval.passages import Passage
from rag.retrieval.prompting import unchanged


@dataclass(frozen=True, slots=True)
class ContextRules:
    """What is done with the text of documents before a model reads it."""

    quarantine: bool = True
    """Whether what is suspicious is left out; else it is marked as such."""
    harmless: Harmless = nothing
    """Finds what is left of a suspicious text."""
    inert: Callable[[str], str] = unchanged
    """Takes out of a text what only a model would see or obey."""


@dataclass(frozen=True, slots=True)
class Packed:
    """What a model reads, and what was kept away from it."""

    passages: tuple[Passage, ...]
    withheld: tuple[Withheld, ...] = ()


def pack(passages: Iterable[Passage], budget: int, rules: ContextRules) -> Packed:
    """Return the most relevant passages that fit into so many tokens, most relevant first.

    A passage is never cut for its length: if its context is too long it is taken without what expansion added, and if
    the chunk alone is, it is skipped. What speaks to the model is left out, and told.
    """
    packed, withheld = [], []
    for found in passages:
        passage: Passage | None = found
        if found.suspicious and rules.quarantine:
            passage = rest_of(found, rules.harmless)
            withheld.append(Withheld(found, whole=passage is None))
        for candidate in _forms(passage, rules) if passage else ():
            tokens = estimate_tokens(render_passage(candidate, 1, rules.inert))
            if tokens <= budget:
                packed.append(candidate)
                budget -= tokens
                break
    return Packed(tuple(packed), tuple(withheld))


def _forms(passage: Passage, rules: ContextRules) -> Iterator[Passage]:
    """Yield a passage as it may be read, the fullest form first.

    Two chunks that are harmless each may hold an order together: then what expansion added is left out.
    """
    widened = any(piece.ordinal != passage.ordinal for piece in passage.pieces)
    if not (widened and rules.quarantine) or is_harmless(passage.context, rules.harmless):
        yield passage
    if widened:
        yield _bare(passage)


def render(passages: Sequence[Passage], inert: Callable[[str], str]) -> str:
    """Write passages as the prompt shows them, numbered from 1."""
    return "\n".join(render_passage(passage, number, inert) for number, passage in enumerate(passages, start=1))


def render_passage(passage: Passage, number: int, inert: Callable[[str], str]) -> str:
    """Write one passage. Nothing in it can end its tag: this is the only place where a document meets a prompt."""
    name = escape_attribute(inert(passage.document_name))
    text = f"{_heading(passage.heading, inert)}{escape(inert(passage.context))}"
    marked = ' suspicious="yes"' if passage.suspicious else ""
    return f'<passage id="{number}" document="{name}" page="{passage.page}"{marked}>\n{text}\n</passage>'


def _heading(path: Sequence[str], inert: Callable[[str], str]) -> str:
    """The headings above a passage as a line of their own: a path, or one in Markdown's form."""
    line = escape(inert(" > ".join(" ".join(heading.split()) for heading in path)))
    return f"{'' if len(path) > 1 else '# '}{line}\n" if line else ""


def cache_tags(passages: Iterable[Passage]) -> tuple[str, ...]:
    """Return what a cached answer is tagged with: the documents it was made from. Deleting one purges the answer."""
    return tuple(sorted({document_tag(passage.document_id) for passage in passages}))


def _bare(passage: Passage) -> Passage:
    own = tuple(piece for piece in passage.pieces if piece.ordinal == passage.ordinal)
    return replace(passage, context=passage.text, pieces=own)
