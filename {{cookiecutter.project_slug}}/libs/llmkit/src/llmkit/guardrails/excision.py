"""What is harmless in a text that also holds orders to the model: found only where the orders' extent is certain.

An order reaches from the sentence that it begins in to the end of its block, because what follows it may be what it
orders; of a table it is the row. Nothing is certain of text that hides something (comments, styles, encodings,
characters that nobody sees), that imitates the form of a conversation, that has code, or whose signs reach over the end
of a block: that text stays away whole. What is left must show no sign at all, not even a weak or a quoted one.
"""

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import TypeAlias

from llmkit.guardrails.hidden import concealed, encoded, folded, hidden_marks
from llmkit.guardrails.injection import LONGEST, THRESHOLD, screen, signs

Span: TypeAlias = tuple[int, int]
"""Where a part of a text begins and ends."""
UNBOUNDED = frozenset({"template_tokens", "role_tags", "role_lines", "new_instructions"})
"""Signs of text that goes on as somebody else's: nobody can say where it ends."""
HEADER_ROWS = 2
_ANNOUNCES = re.compile(
    r"(?:[:,;(\u2013\u2014-]|\b(?:and|or|to|that|then|with|as|und|oder|dass|dann|mit|als|zu|et|que|y|e|o))[*_\"'\s]*$",
    re.I,
)
"""How a text ends that goes on elsewhere."""
_FENCE = re.compile(r"```|~~~")
_BLOCK_END = re.compile(r"\n[ \t]*\n\s*")
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？])\s+|\n\s*")  # noqa: RUF001 - full stops of Chinese and Japanese
_LINE_END = re.compile(r"\n\s*")
_ROW = re.compile(r"\s*\|")
_RULE = re.compile(r"[\s:|]*-[\s:|-]*$")
_HEADING = re.compile(r"\s*#{1,6}\s|\s*[=-]{3,}\s*$")


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, a line or a table's row; white space behind it is its own."""

    start: int
    end: int
    block: int
    is_row: bool


def harmless(text: str, threshold: float = THRESHOLD) -> tuple[Span, ...] | None:
    """Return the parts of a text that a model may read, in order; None when nothing of it is certain to be harmless.

    A text that is not suspicious is harmless as a whole.
    """
    if len(text) > LONGEST:
        return None
    if not screen(text, threshold).suspicious:
        return ((0, len(text)),)
    if _FENCE.search(text) or any(concealed(text)) or any(encoded(text)) or any(hidden_marks(text)):
        return None
    units = _units(text)
    orders = _orders(text, units)
    if orders is None:
        return None
    spans = _spans(text, units, orders.keys())
    left = "\n".join(text[start:end] for start, end in spans)
    if not _says_something(left) or screen(left, threshold).reasons:
        return None
    plain = folded(left)
    return None if any(order in plain for each in orders.values() for order in each) else tuple(spans)


def _units(text: str) -> list[_Unit]:
    units: list[_Unit] = []
    for block, (start, end) in enumerate(_between(_BLOCK_END, text, 0, len(text))):
        rows = _is_table(text[start:end])
        for first, last in _between(_LINE_END if rows else _SENTENCE_END, text, start, end):
            units.append(_Unit(first, last, block, rows))
    return units


def _between(pattern: re.Pattern[str], text: str, start: int, end: int) -> Iterator[Span]:
    """Divide a part of a text behind each match."""
    for match in pattern.finditer(text, start, end):
        if match.end() < end:
            yield start, match.end()
            start = match.end()
    yield start, end


def _is_table(block: str) -> bool:
    lines = block.strip().split("\n")
    return len(lines) > 2 and all(_ROW.match(line) for line in lines) and _RULE.match(lines[1]) is not None


def _orders(text: str, units: Sequence[_Unit]) -> dict[int, set[str]] | None:
    """Return the signs by the place of their unit; None when a sign cannot be told to be in certain ones."""
    plain = [folded(text[unit.start : unit.end]) for unit in units]
    whole = "".join(plain)
    if whole != folded(text):
        return None  # something is read differently when it stands alone
    owner = [place for place, part in enumerate(plain) for _ in part]
    found: dict[int, set[str]] = {}
    for sign in signs(whole):
        first, last = owner[sign.start], owner[max(sign.start, sign.end - 1)]
        split = units[first].block != units[last].block or (units[first].is_row and first != last)
        if split or sign.reason in UNBOUNDED:
            return None
        found.setdefault(first, set()).add(whole[sign.start : sign.end])
    return found


def _spans(text: str, units: Sequence[_Unit], flagged: Set[int]) -> list[Span]:
    """Return what stands between the orders; nothing when an order may go on in another block."""
    kept: list[_Unit] = []
    places = iter(range(len(units)))
    for _, each in groupby(units, key=lambda unit: unit.block):
        block = [(unit, next(places) in flagged) for unit in each]
        if any(is_order for _, is_order in block):
            if not _is_closed(text, block):
                return []
            kept += _left_of(block)
        else:
            kept += [unit for unit, _ in block]
    spans: list[Span] = []
    for unit in kept:
        if spans and spans[-1][1] == unit.start:
            spans[-1] = (spans[-1][0], unit.end)
        else:
            spans.append((unit.start, unit.end))
    return spans


def _left_of(block: Sequence[tuple[_Unit, bool]]) -> list[_Unit]:
    """Of a table all other rows, of other blocks what stands before the first order."""
    if block[0][0].is_row:
        return [unit for unit, is_order in block if not is_order]
    return [unit for unit, _ in takewhile(lambda pair: not pair[1], block)]


def _is_closed(text: str, block: Sequence[tuple[_Unit, bool]]) -> bool:
    """Whether the orders of a block end with it, or with their rows of a table."""
    if block[0][0].is_row:
        rows = [text[unit.start : unit.end].strip(" \t\n|") for unit, is_order in block if is_order]
        return not any(is_order for _, is_order in block[:HEADER_ROWS]) and not any(map(_ANNOUNCES.search, rows))
    first = next(unit for unit, is_order in block if is_order)
    last = block[-1][0]
    removed, after = text[first.start : last.end].rstrip(), text[last.end :].lstrip()
    if after[:1].islower() or (after and _ANNOUNCES.search(removed)):
        return False
    return not any(map(_HEADING.match, removed.split("\n")))


def _says_something(text: str) -> bool:
    """Whether there is more than headings."""
    return any(re.search(r"\w", line) and not _HEADING.match(line) for line in text.split("\n"))
