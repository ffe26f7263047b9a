"""Decides what each column of a table holds, and turns it into numbers or categories.

The rules, in order:
    empty        no value at all
    constant     one value
    boolean      only true and false
    numeric      at least 95 % of the values are numbers (decimal or thousands comma understood)
    datetime     at least 95 % of the values are dates
    identifier   whole numbers without repetition that count up or whose name says so; single words without repetition
    text         more than `MAX_CATEGORIES` different values, or more than half of the values occur once
    category     other words
"""

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from prediction.artifacts.columns import Column
from prediction.datasets.profile import ColumnProfile, Content
from prediction.datasets.values import Parsed, parse_moments, parse_numbers, to_floats, without_missing_marks

MAX_CATEGORIES = 200
FEW_ROWS = 20  # below this, repetition says nothing
MOSTLY_MISSING = 0.5
IDENTIFIER_NAME = re.compile(r"(?i:(^|[_\s.-])(id|uuid|guid|index|idx|rownum|rowid|row)$|^unnamed: 0$)|[a-z](Id|ID)$")


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column whose content is known. `values` is None for content that no model can use, except identifiers."""

    profile: ColumnProfile
    values: Column | None
    integer: bool = False


def infer(name: str, raw: pa.ChunkedArray, *, comma_separated: bool = True) -> TypedColumn:
    """Find out what a column holds."""
    cells = _flat(raw)
    if pa.types.is_string(cells.type):
        return _from_text(name, without_missing_marks(cells), comma_separated=comma_separated)
    if pa.types.is_boolean(cells.type):
        return _boolean(name, cells)
    if pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type):
        return _numeric(name, _finite(to_floats(cells)), "numbers in the file")
    if pa.types.is_timestamp(cells.type) or pa.types.is_date(cells.type):
        seconds = to_floats(cells.cast(pa.timestamp("s"), safe=False).cast(pa.int64()))
        return _moments(name, Parsed(seconds), "timestamps in the file")
    reason = f"values of type {cells.type} cannot be used"
    profile = ColumnProfile(name=name, content=Content.UNSUPPORTED, reason=reason, missing=cells.null_count, distinct=0)
    return TypedColumn(profile, None)


def _from_text(name: str, cells: pa.Array, *, comma_separated: bool) -> TypedColumn:
    counts = pc.value_counts(cells.drop_null())
    distinct = len(counts)
    if distinct == 0:
        return _unusable(name, Content.EMPTY, "no value at all", cells, 0)
    if distinct == 1:
        return _unusable(name, Content.CONSTANT, "one value only", cells, 1)
    if set(pc.utf8_lower(counts.field("values")).to_pylist()) == {"true", "false"}:
        return _boolean(name, pc.equal(pc.utf8_lower(cells), "true"))
    numbers = parse_numbers(cells, comma_separated=comma_separated)
    if numbers is not None:
        return _numeric(name, numbers.values, "numbers", numbers)
    moments = parse_moments(cells)
    if moments is not None:
        return _moments(name, moments, f"dates ({moments.notation})")
    return _words(name, cells, distinct, once=int(pc.sum(pc.equal(counts.field("counts"), 1)).as_py()))


def _words(name: str, cells: pa.Array, distinct: int, *, once: int) -> TypedColumn:
    known = len(cells) - cells.null_count
    if known >= FEW_ROWS and distinct > 0.95 * known:
        spaces = pc.mean(pc.count_substring(cells, pattern=" ")).as_py()
        if spaces < 0.5:
            return _unusable(name, Content.IDENTIFIER, "words that hardly ever repeat", cells, distinct)
        return _unusable(name, Content.TEXT, "sentences that hardly ever repeat", cells, distinct)
    if distinct > MAX_CATEGORIES or (known >= FEW_ROWS and once > known / 2):
        return _unusable(
            name, Content.TEXT, f"{distinct} different values in {known} rows are too many", cells, distinct
        )
    values = np.array(cells.to_pylist(), dtype=object)
    reason = f"{distinct} different values"
    return TypedColumn(_profile(name, Content.CATEGORY, reason, cells, distinct), values)


def _boolean(name: str, cells: pa.Array) -> TypedColumn:
    distinct = len(pc.unique(cells.drop_null()))
    if distinct < 2:
        content = Content.CONSTANT if distinct else Content.EMPTY
        return _unusable(name, content, "one value only" if distinct else "no value at all", cells, distinct)
    profile = _profile(name, Content.BOOLEAN, "true and false", cells, distinct)
    return TypedColumn(profile, to_floats(cells.cast(pa.int8())))


def _numeric(name: str, values: Column, reason: str, parsed: Parsed | None = None) -> TypedColumn:
    known = values[~np.isnan(values)]
    distinct = len(np.unique(known))
    integer = bool(distinct) and bool(np.all(known == np.floor(known)))
    content, reason = _content_of_numbers(name, known, distinct, reason, integer=integer)
    profile = _numeric_profile(name, content, reason, values, distinct, parsed)
    return TypedColumn(profile, values if content in (Content.NUMERIC, Content.IDENTIFIER) else None, integer)


def _content_of_numbers(name: str, known: Column, distinct: int, reason: str, *, integer: bool) -> tuple[Content, str]:
    if distinct == 0:
        return Content.EMPTY, "no value at all"
    if distinct == 1:
        return Content.CONSTANT, "one value only"
    if integer and distinct == len(known) >= FEW_ROWS:
        if IDENTIFIER_NAME.search(name):
            return Content.IDENTIFIER, "whole numbers without repetition, and the name of an identifier"
        if known.max() - known.min() + 1 == len(known):
            return Content.IDENTIFIER, "whole numbers that count the rows"
    return Content.NUMERIC, reason


def _moments(name: str, parsed: Parsed, reason: str) -> TypedColumn:
    known = parsed.values[~np.isnan(parsed.values)]
    distinct = len(np.unique(known))
    if distinct < 2:
        content = Content.CONSTANT if distinct else Content.EMPTY
        return TypedColumn(_numeric_profile(name, content, "one value only", parsed.values, distinct, parsed), None)
    return TypedColumn(_numeric_profile(name, Content.DATETIME, reason, parsed.values, distinct, parsed), parsed.values)


def _numeric_profile(
    name: str, content: Content, reason: str, values: Column, distinct: int, parsed: Parsed | None
) -> ColumnProfile:
    missing = int(np.isnan(values).sum())
    return ColumnProfile(
        name=name,
        content=content,
        reason=reason,
        missing=missing,
        distinct=distinct,
        minimum=float(np.nanmin(values)) if distinct else None,
        maximum=float(np.nanmax(values)) if distinct else None,
        notes=(*_missing_note(missing, len(values)), *_parsing_notes(parsed)),
    )


def _parsing_notes(parsed: Parsed | None) -> list[str]:
    if parsed is None:
        return []
    notes = [f"read with {parsed.notation}"] if parsed.notation.endswith("comma") else []
    if parsed.strange_count:
        notes.append(f"{parsed.strange_count} other values count as missing: {', '.join(parsed.strange)}")
    return notes


def _profile(name: str, content: Content, reason: str, cells: pa.Array, distinct: int) -> ColumnProfile:
    examples = pc.unique(cells.drop_null()).slice(0, 5).to_pylist()
    return ColumnProfile(
        name=name,
        content=content,
        reason=reason,
        missing=cells.null_count,
        distinct=distinct,
        examples=tuple(str(value)[:40] for value in examples),
        notes=tuple(_missing_note(cells.null_count, len(cells))),
    )


def _missing_note(missing: int, rows: int) -> list[str]:
    return [f"{missing / rows:.0%} of the values are missing"] if missing > MOSTLY_MISSING * rows else []


def _unusable(name: str, content: Content, reason: str, cells: pa.Array, distinct: int) -> TypedColumn:
    values = np.array(cells.to_pylist(), dtype=object) if content is Content.IDENTIFIER else None
    return TypedColumn(_profile(name, content, reason, cells, distinct), values)


def _flat(raw: pa.ChunkedArray) -> pa.Array:
    return raw.combine_chunks() if isinstance(raw, pa.ChunkedArray) else raw


def _finite(values: Column) -> Column:
    return np.where(np.isinf(values), np.nan, values)
