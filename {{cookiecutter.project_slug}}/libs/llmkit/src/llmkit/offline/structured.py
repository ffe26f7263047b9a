"""Filling a JSON schema from passages: each field is a small question, and its type says what may answer it."""

import json
import re
from collections.abc import Sequence

from llmkit.guardrails.schemas import (
    DEEPEST,
    Json,
    Reader,
    Schema,
    bounded,
    items,
    properties,
    required,
    smallest_text,
    type_of,
)
from llmkit.language.words import content, words
from llmkit.offline.answers import Answer, answer
from llmkit.offline.evidence import Corpus, Found, Scored
from llmkit.offline.extraction import number_near, short_text
from llmkit.offline.phrasing import tidy
from llmkit.offline.questions import Kind, Part, parts_of
from llmkit.offline.request import SourcePassage
from llmkit.offline.units import UnitKind
from llmkit.offline.values import PATTERNS, dates, moment

ENOUGH_FOR_FIELD = 0.5
_WHOLE = frozenset(
    {
        "answer",
        "response",
        "summary",
        "text",
        "result",
        "explanation",
        "conclusion",
        "content",
        "reply",
        "output",
        "message",
    }
)
_QUOTE = frozenset({"quote", "evidence", "sentence", "excerpt"})
_CITED = frozenset({"citations", "sources", "passages", "references", "citation", "source"})
_SURE = frozenset({"confidence", "score", "support", "certainty", "probability"})
_FOUND = frozenset(
    {"found", "answerable", "answered", "supported", "known", "has_answer", "is_answered", "is_supported"}
)
_ABSTAINED = frozenset({"abstained", "abstain", "unanswerable", "unknown"})
_DATES = frozenset({"date", "day", "deadline", "birthday"})
_NEGATION = re.compile(
    r"\b(?:not|no|never|cannot|can't|isn't|aren't|doesn't|don't|without|neither|nor|must not|forbidden|refused)\b", re.I
)


def fill(schema: Schema, question: str, passages: Sequence[SourcePassage]) -> Json:
    """Return a value for a schema, from the passages, or from the question when there is none."""
    return _Filler(schema, question, passages).root()


class _Filler:
    """One schema, one question, one set of passages."""

    def __init__(self, schema: Schema, question: str, passages: Sequence[SourcePassage]) -> None:
        self._schema = schema
        self._reader = Reader(schema)
        self._passages = tuple(passages) or (SourcePassage("1", "", question),)
        self._corpus = Corpus(self._passages)
        self._asked = [part.with_phrases(self._corpus.vocabulary) for part in parts_of(question)] if passages else []
        self._answer: Answer = answer(question, passages)

    def root(self) -> Json:
        value = self._value(self._schema, "", 0)
        return value if not self._reader.errors(value) else self._reader.minimal(self._schema)

    def _value(self, schema: Schema, name: str, depth: int) -> Json:
        """Return the value of a field, or None when nothing was found."""
        resolved = self._reader.resolve(schema)
        for option in self._reader.alternatives(resolved) if depth < DEEPEST else ():
            value = self._of_type(self._reader.resolve(option), name, depth)
            if value is not None and not self._reader.errors(value, option):
                return value
        return None

    def _of_type(self, schema: Schema, name: str, depth: int) -> Json:
        if "const" in schema:
            return schema["const"]  # type: ignore[return-value]  # a schema document is JSON
        options = schema.get("enum")
        if isinstance(options, list):
            return self._choice(options, schema, name)
        match type_of(schema):
            case "object":
                return self._object(schema, name, depth)
            case "array":
                return self._array(schema, name)
            case "integer" | "number":
                return self._number(schema, name)
            case "boolean":
                return self._boolean(schema, name)
            case "string":
                return self._text(schema, name)
        return None

    def _object(self, schema: Schema, name: str, depth: int) -> Json:
        found: dict[str, Json] = {}
        for field, inner in properties(schema).items():
            value = self._value(inner, f"{name} {field}".strip() if depth else field, depth + 1)
            if value is not None:
                found[field] = value
        for field in required(schema):
            if field not in found:
                found[field] = self._absent(properties(schema).get(field, {}))
        return found

    def _absent(self, schema: Schema) -> Json:
        """A required field for which nothing was found: null where that is allowed."""
        return None if not self._reader.errors(None, schema) else self._reader.minimal(schema)

    def _part(self, schema: Schema, name: str, kind: Kind) -> Part:
        spoken = re.sub(r"(?<=[a-z])(?=[A-Z])|[_\-]", " ", name)
        described = f"{spoken} {schema.get('title', '')} {schema.get('description', '')}"
        named = content(spoken) or content(described)
        return Part(spoken, kind, tuple(named))

    def _best(self, schema: Schema, name: str, kind: Kind) -> Scored | None:
        """The unit that says most about a field, in the light of the question."""
        part = self._part(schema, name, kind)
        context = {item.place.order: item.score for asked in self._asked for item in self._corpus.rank(asked)}
        ranked = [item for item in self._corpus.rank(part) if item.support >= ENOUGH_FOR_FIELD]
        if ranked:
            return max(ranked, key=lambda item: item.score + 0.5 * context.get(item.place.order, 0.0))
        chosen = self._answer.chosen
        return chosen[0] if len(properties(self._reader.resolve(self._schema))) == 1 and chosen else None

    def _choice(self, options: Sequence[object], schema: Schema, name: str) -> Json:
        best = self._best(schema, name, Kind.OTHER)
        near = best.place.unit.text if best else self._answer.text if not self._answer.abstained else ""
        for text in (near, " ".join(passage.text for passage in self._passages)):
            said = [option for option in options if isinstance(option, str) and _mentions(text, option)]
            if said:
                return said[0]
        return None

    def _number(self, schema: Schema, name: str) -> Json:
        if _last(name) in _SURE:
            return bounded(round(self._answer.support, 3), schema)
        best = self._best(schema, name, Kind.AMOUNT)
        if best is None:
            return None
        asked = {term for part in self._asked for word in part.words for term in (word.stem, *word.parts)}
        value = number_near(best.place, self._part(schema, name, Kind.AMOUNT), asked)
        if value is None or (type_of(schema) == "integer" and value != int(value)):
            return None
        return int(value) if type_of(schema) == "integer" else value

    def _boolean(self, schema: Schema, name: str) -> Json:
        if _last(name) in _FOUND | _ABSTAINED:
            return self._answer.abstained == (_last(name) in _ABSTAINED)
        best = self._best(schema, name, Kind.OTHER)
        return None if best is None else not _NEGATION.search(best.place.unit.text)

    def _text(self, schema: Schema, name: str) -> Json:
        form = str(schema.get("format", "")) or ("date" if _last(name) in _DATES else "")
        if form or "pattern" in schema:
            return self._formatted(schema, name, form)
        if not name or _last(name) in _WHOLE:
            return _fitted(self._answer.text, schema)
        if _last(name) in _CITED:
            return self._passages[self._answer.chosen[0].place.passage].id if self._answer.chosen else None
        best = self._best(schema, name, Kind.OTHER)
        if best is None:
            return None
        if _last(name) in _QUOTE:
            return _fitted(best.place.unit.text, schema)
        return _fitted(short_text(best.place, self._part(schema, name, Kind.OTHER)), schema)

    def _formatted(self, schema: Schema, name: str, form: str) -> Json:
        kind = Kind.CALENDAR if form.startswith("date") else Kind.OTHER
        best = self._best(schema, name, kind)
        for text in ([best.place.unit.text] if best else []) + [passage.text for passage in self._passages]:
            value = _in_format(text, form, schema.get("pattern"))
            if value is not None:
                return value
        return None

    def _array(self, schema: Schema, name: str) -> Json:
        item, most = items(schema), schema.get("maxItems")
        if _last(name) in _CITED:
            ids = dict.fromkeys(self._passages[scored.place.passage].id for scored in self._answer.chosen)
            found: list[Json] = [
                int(number) if type_of(item) == "integer" else number for number in ids if number.isdigit()
            ]
        elif type_of(self._reader.resolve(item)) == "object":
            found = self._rows(self._reader.resolve(item))
        else:
            found = self._members(schema, name, item)
        found = [value for value in found if not self._reader.errors(value, item)]
        if schema.get("uniqueItems"):
            found = list({json.dumps(value): value for value in found}.values())
        return found[:most] if isinstance(most, int) else found

    def _members(self, schema: Schema, name: str, item: Schema) -> list[Json]:
        """The items of the list that the field is about, or the parts of an enumeration in one sentence."""
        options = self._reader.resolve(item).get("enum")
        if isinstance(options, list):
            text = " ".join(passage.text for passage in self._passages)
            return [option for option in options if isinstance(option, str) and _mentions(text, option)]
        best = self._best(schema, name, Kind.COLLECTION) or (self._answer.chosen[0] if self._answer.chosen else None)
        if best is None:
            return []
        texts = self._siblings(best.place) or _enumerated(best.place.unit.text)
        if type_of(item) in {"integer", "number"}:
            values = [number_near(best.place, self._part(schema, text, Kind.AMOUNT), set()) for text in texts]
            return [int(value) if type_of(item) == "integer" else value for value in values if value is not None]
        return [_fitted(tidy(text).rstrip(".;,"), item) for text in texts]

    def _siblings(self, place: Found) -> list[str]:
        blocks = {place.unit.block, place.unit.block + (place.unit.text.rstrip("*_ ").endswith(":"))}
        members = [
            other.unit for other in self._corpus.places if other.passage == place.passage and other.unit.block in blocks
        ]
        rows = [unit.cells[0][1] for unit in members if unit.kind is UnitKind.ROW]
        return rows or [unit.text for unit in members if unit.kind is UnitKind.ITEM]

    def _rows(self, item: Schema) -> list[Json]:
        """Objects out of table rows: a column fills the property whose name it shares words with."""
        found: list[Json] = []
        for place in self._corpus.places:
            if place.unit.kind is UnitKind.ROW:
                row = {name: _cell(place, name, inner) for name, inner in properties(item).items()}
                row = {name: value for name, value in row.items() if value is not None}
                if row and not self._reader.errors(row, item):
                    found.append(row)
        return found


def _cell(place: Found, name: str, schema: Schema) -> Json:
    wanted = {word.stem for word in words(re.sub(r"(?<=[a-z])(?=[A-Z])|[_\-]", " ", name))}
    for column, value in place.unit.cells:
        if wanted & {word.stem for word in words(column)}:
            if type_of(schema) in {"integer", "number"}:
                number = number_near(place, Part(value, Kind.AMOUNT, tuple(content(column))), set())
                return int(number) if number is not None and type_of(schema) == "integer" else number
            return tidy(value)
    return None


def _last(name: str) -> str:
    return name.split(" ")[-1].lower()


def _mentions(text: str, option: str) -> bool:
    spoken = re.escape(option).replace("_", "[ _-]")
    return bool(re.search(rf"(?<!\w){spoken}(?!\w)", text, re.I))


def _enumerated(text: str) -> list[str]:
    """`a, b and c` -> its parts, after a verb or a colon when there is one."""
    tail = re.split(r":\s|\b(?:are|is|include|includes|including|such as|has|have)\b", tidy(text), maxsplit=1)[-1]
    return [
        part.strip(" .") for part in re.split(r",\s*(?:and|or)?\s*|\s+(?:and|or)\s+|;\s*", tail) if part.strip(" .")
    ]


def _in_format(text: str, form: str, pattern: object) -> str | None:
    if form == "date":
        return next((day.isoformat() for day in dates(text)), None)
    if form == "date-time":
        when = moment(text)
        return when.isoformat() if when else None
    known = PATTERNS.get("uri" if form == "url" else form)
    if known:
        match = known.search(text)
        return match.group().rstrip(".,;") if match else None
    if isinstance(pattern, str) and len(pattern) <= 200:
        whole = pattern.removeprefix("^").removesuffix("$")
        match = re.search(rf"(?<!\w)(?:{whole})(?!\w)", text[:20_000])
        return match.group() if match and match.group() else None
    return None


def _fitted(text: str, schema: Schema) -> str:
    most, least = schema.get("maxLength"), schema.get("minLength")
    if isinstance(most, int) and len(text) > most:
        text = text[:most].rsplit(" ", 1)[0] if " " in text[:most] else text[:most]
    return text if not isinstance(least, int) or len(text) >= least else smallest_text(schema)
