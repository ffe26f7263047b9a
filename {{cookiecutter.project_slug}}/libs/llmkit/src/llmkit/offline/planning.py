"""Planning tool calls by rules: a question asks for what the tool does, and has its arguments."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmkit.guardrails.schemas import Json, Reader, Schema, properties, required, type_of
from llmkit.language.similarity import matches
from llmkit.language.words import content, stem, words
from llmkit.offline.questions import strip_preamble
from llmkit.offline.values import PATTERNS, dates, numbers, quoted

ENOUGH = 0.3
_FREE_TEXT = frozenset(
    {"query", "question", "text", "input", "prompt", "q", "search", "message", "task", "topic", "content", "request"}
)
_EXPRESSION = re.compile(r"(?<![\w.])[\d(][\d\s.,+*/^%()×÷−-]*[\d)](?![\w.])")  # noqa: RUF001 - signs of arithmetic
_PLACE = re.compile(r"\b(?:in|at|for|near|from|of|to)\s+((?:[A-Z][\w'\u2019-]+)(?:\s+[A-Z][\w'\u2019-]+)*)")
_PLACES = frozenset({"city", "location", "place", "country", "town", "region", "name", "person", "company"})
_STEPS = {"+": "plus", "-": "minus", "*": "times", "/": "divided"}


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that was bound to the model."""

    name: str
    description: str
    parameters: Schema

    @classmethod
    def parse(cls, document: Mapping[str, object]) -> "Tool":
        """Read a tool in OpenAI's form."""
        function = document.get("function", document)
        if not isinstance(function, Mapping):
            raise TypeError("a tool is an object with a function")
        parameters = function.get("parameters")
        return cls(
            str(function.get("name", "")),
            str(function.get("description", "")),
            parameters if isinstance(parameters, Mapping) else {},
        )


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call that the question asks for."""

    tool: Tool
    arguments: Mapping[str, Json]


def plan(
    question: str, tools: Sequence[Tool], done: Sequence[tuple[str, Mapping[str, Json]]] = ()
) -> PlannedCall | None:
    """Return the call that a question clearly asks for, unless it was made already."""
    scored = sorted(((_need(question, tool), -at) for at, tool in enumerate(tools)), reverse=True)
    for need, position in scored:
        tool = tools[-position]
        if need < ENOUGH:
            break
        arguments = arguments_for(question, tool)
        if arguments is not None and (tool.name, arguments) not in [(name, dict(made)) for name, made in done]:
            return PlannedCall(tool, arguments)
    return None


def _need(question: str, tool: Tool) -> float:
    """How clearly a question asks for a tool: by its name, by what it is for, by the form of its argument."""
    if re.search(rf"(?<!\w){re.escape(tool.name)}(?!\w)", question, re.I):
        return 2.0
    asked = [word for word in content(question) if word.weight >= 0.5]
    if not asked:
        return 0.0
    name = frozenset(stem(part) for part in re.split(r"[_\W]+", tool.name.lower()) if part)
    about = frozenset(
        term for word in words(tool.description) for term in (word.stem, *word.parts) if word.weight >= 0.5
    )
    by_name = any(matches(word, name) for word in asked)
    share = sum(bool(matches(word, about)) for word in asked) / len(asked)
    form = 0.6 if _is_arithmetic(tool) and _arithmetic(question) else 0.0
    return (0.4 if by_name else 0.0) + share * 0.6 + form


def _is_arithmetic(tool: Tool) -> bool:
    return bool(re.search(r"calculat|arithmetic|math|expression", f"{tool.name} {tool.description}", re.I))


def arguments_for(question: str, tool: Tool) -> dict[str, Json] | None:
    """Return the arguments as far as the question has them; None when a required one is missing."""
    reader = Reader(tool.parameters)
    schema = reader.resolve(tool.parameters)
    found: dict[str, Json] = {}
    used: set[float] = set()
    for name, inner in properties(schema).items():
        option = reader.resolve(reader.alternatives(reader.resolve(inner))[0])
        value = _argument(question, name, option, used, alone=name in required(schema) and len(required(schema)) == 1)
        if value is not None and not reader.errors(value, inner):
            found[name] = value
    if any(name not in found for name in required(schema)) or reader.errors(found):
        return None
    return found


def _argument(question: str, name: str, schema: Schema, used: set[float], *, alone: bool) -> Json:
    options = schema.get("enum")
    if isinstance(options, list):
        said = [option for option in options if re.search(rf"(?<!\w){re.escape(str(option))}(?!\w)", question, re.I)]
        return said[0] if said else None
    match type_of(schema):
        case "integer" | "number":
            return _number(question, name, schema, used)
        case "boolean":
            return True if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", question, re.I) else None
        case "array":
            return _list(question, schema)
        case "string":
            return _string(question, name.lower(), schema, alone=alone)
    return None


def _number(question: str, name: str, schema: Schema, used: set[float]) -> Json:
    """The number beside the argument's name, else the first that no other argument has taken."""
    found = [(value, at) for value, at in numbers(question) if value not in used]
    spot = next((word.start for word in words(question) if word.stem in {stem(part) for part in name.split("_")}), None)
    if not found:
        return None
    value = (
        found[0][0]
        if spot is None
        else min(found, key=lambda item: item[1] - spot if item[1] > spot else 4 * (spot - item[1]))[0]
    )
    used.add(value)
    if type_of(schema) == "integer":
        return int(value) if value == int(value) else None
    return value


def _list(question: str, schema: Schema) -> Json:
    inner = schema.get("items")
    kind = type_of(inner) if isinstance(inner, Mapping) else "string"
    if kind in {"integer", "number"}:
        values = [value for value, _ in numbers(question)]
        return [int(value) if kind == "integer" else value for value in values] or None
    return quoted(question) or None


def _string(question: str, name: str, schema: Schema, *, alone: bool) -> Json:
    parts = set(re.split(r"[_\W]+", name))
    form = str(schema.get("format", "")) or next(
        (key for key in PATTERNS if key in parts), "uri" if "url" in parts else ""
    )
    if form in PATTERNS:
        match = PATTERNS[form].search(question)
        return match.group().rstrip(".,;") if match else None
    if form == "date" or "date" in parts or "day" in parts:
        return next((day.isoformat() for day in dates(question)), None)
    if "expression" in parts or "formula" in parts:
        return _arithmetic(question)
    if parts & _FREE_TEXT:
        return strip_preamble(question)
    return _named_string(question, parts, alone=alone)


def _named_string(question: str, parts: set[str], *, alone: bool) -> Json:
    """`name is X`, `name: X`, a quoted text, or a proper name where places and people are asked for."""
    spoken = "|".join(re.escape(part) for part in sorted(parts, key=len, reverse=True) if part)
    stated = re.search(rf"(?<!\w)(?:{spoken})\s*(?:is|=|:|called|named)?\s*[\"'`]?([\w./:@-]+)[\"'`]?", question, re.I)
    in_quotes = quoted(question)
    if in_quotes:
        return in_quotes[0]
    if parts & _PLACES and (place := _PLACE.search(question)):
        return place.group(1)
    if stated and stated.group(1).lower() not in {"of", "for", "in", "is", "the", "and", "to", "with"}:
        return stated.group(1)
    names = [word.raw for word in words(question)[1:] if word.is_name and not word.is_stop]
    return names[0] if alone and names else None


def _arithmetic(question: str) -> str | None:
    """Return the calculation in a question, spoken signs written out."""
    text = question
    for sign, spoken in _STEPS.items():
        text = re.sub(rf"(?<=[\d)])\s+{spoken}(?:\s+by)?\s+(?=[\d(])", f" {sign} ", text, flags=re.I)
    text = re.sub(r"(?<=\d)\s*(?:%|percent)\s+of\s+(?=\d)", " / 100 * ", text, flags=re.I)
    text = text.replace("×", "*").replace("÷", "/").replace("−", "-")  # noqa: RUF001 - signs of arithmetic
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    found = [
        match.group().strip()
        for match in _EXPRESSION.finditer(text)
        if re.search(r"\d\s*[-+*/^%]\s*[\d(]", match.group())
    ]
    return max(found, key=len) if found else None
