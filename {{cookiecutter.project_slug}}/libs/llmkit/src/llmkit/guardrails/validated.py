"""Answers that follow a caller's JSON schema, or an error; with at most two chances to repair."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no type information
from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped]  # the same
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from referencing.exceptions import Unresolvable

from llmkit.call import report_of
from llmkit.errors import Malformed
from llmkit.guardrails.schemas import Json, Reader, Schema
from servicekit.problems import UnprocessableContent

TOOL = "answer"
MOST_REPAIRS = 2
_WRAPPED = "value"
_LARGEST_SCHEMA = 32_768
_DEEPEST_SCHEMA = 24
_LONGEST_PATTERN = 200
_FENCED = re.compile(r"```(?:json)?\s*\n(.*?)```", re.S)
_RISKY = re.compile(r"\([^()]*[*+{|][^()]*\)\s*[*+{]|\\[1-9]|\(\?[=!<P]")
"""Repeated groups that repeat or choose inside, references back, and looking around: they may take for ever."""
_SHOWN_ERRORS = 8


class SchemaInvalid(UnprocessableContent):
    """The caller's schema cannot be used."""

    code = "schema_invalid"
    hint = "Send a JSON schema (draft 2020-12) without remote references."


@dataclass(frozen=True, slots=True)
class Validated:
    """A value that follows the schema."""

    data: Json
    message: AIMessage
    """The last answer of the model, with its report."""
    repairs: int
    """Turns that were needed to correct it."""
    reports: tuple[Mapping[str, object], ...] = ()
    """Of all answers, as `llmkit.call.report_of` returns them: the corrected ones cost something too."""


async def validated(
    model: BaseChatModel, messages: Sequence[BaseMessage], schema: Schema, *, repairs: int = MOST_REPAIRS
) -> Validated:
    """Ask for an answer by schema; what is wrong is told to the model, `repairs` times at most.

    Raises `SchemaInvalid` for the schema's faults and `Malformed` when the answer is still wrong at the end.
    """
    checked = check_schema(schema)
    wrapped = _object_schema(checked)
    tool = {"type": "function", "function": {"name": TOOL, "description": "Give the answer.", "parameters": wrapped}}
    bound = model.bind_tools([tool], tool_choice=TOOL)
    reader = Reader(wrapped)
    conversation = list(messages)
    reports: list[Mapping[str, object]] = []
    for turn in range(min(repairs, MOST_REPAIRS) + 1):
        message = await bound.ainvoke(conversation)
        report = report_of(message)
        reports += [report] if report is not None else []
        errors = ["$: the answer is no JSON"]
        value = _value_of(message)
        if value is not None:
            errors = _errors(reader, value)
        if not errors:
            return Validated(_unwrapped(value, checked, wrapped), message, turn, tuple(reports))
        conversation += [message, *_complaints(message, errors)]
    raise Malformed(f"The model's answer does not follow the schema: {errors[0]}")


def check_schema(schema: Schema) -> Schema:
    """Return the schema when it is one and can be evaluated safely; raises `SchemaInvalid`."""
    try:
        text = json.dumps(schema)
        Draft202012Validator.check_schema(schema)
    except (TypeError, ValueError, RecursionError) as error:
        raise SchemaInvalid("The schema is no JSON.") from error
    except SchemaError as error:
        raise SchemaInvalid(f"The schema is wrong at {error.json_path}: {error.message}"[:300]) from error
    if len(text) > _LARGEST_SCHEMA:
        raise SchemaInvalid(f"The schema is larger than {_LARGEST_SCHEMA} characters.")
    _check(schema, 0)
    return schema


def _check(node: object, depth: int) -> None:
    if depth > _DEEPEST_SCHEMA:
        raise SchemaInvalid(f"The schema is nested deeper than {_DEEPEST_SCHEMA} levels.")
    if isinstance(node, Mapping):
        _check_strings(node)
        for value in node.values():
            _check(value, depth + 1)
    elif isinstance(node, list | tuple):
        for value in node:
            _check(value, depth + 1)


def _check_strings(node: Mapping[str, object]) -> None:
    """References and regular expressions are what an evaluation could hang or leave this machine by."""
    reference, pattern = node.get("$ref"), node.get("pattern")
    if isinstance(reference, str) and not reference.startswith("#"):
        raise SchemaInvalid("The schema refers to another document.")
    named = node.get("patternProperties")
    patterns = [pattern, *(named if isinstance(named, Mapping) else ())]
    for text in patterns:
        if isinstance(text, str) and (len(text) > _LONGEST_PATTERN or _RISKY.search(text)):
            raise SchemaInvalid("A pattern of the schema is too long, or could take too long to evaluate.")


def _errors(reader: Reader, value: object) -> list[str]:
    try:
        return reader.errors(value)
    except (Unresolvable, RecursionError, re.error) as error:
        raise SchemaInvalid("The schema refers to something that it does not hold.") from error


def _object_schema(schema: Schema) -> Schema:
    """Tools take objects: any other value is wrapped in one."""
    if schema.get("type") == "object" or "properties" in schema:
        return schema
    definitions = {key: schema[key] for key in ("$defs", "definitions") if key in schema}
    inner = {key: value for key, value in schema.items() if key not in definitions}
    return {"type": "object", "properties": {_WRAPPED: inner}, "required": [_WRAPPED], **definitions}


def _unwrapped(value: Json, schema: Schema, wrapped: Schema) -> Json:
    return value if wrapped is schema or not isinstance(value, Mapping) else value[_WRAPPED]


def _value_of(message: AIMessage) -> Json:
    """The arguments of the call, or JSON in the text of a model that cannot call tools; None when there is none."""
    if message.tool_calls:
        return message.tool_calls[0]["args"]
    text = str(message.text)
    fenced = _FENCED.search(text)
    try:
        value: Json = json.loads(fenced.group(1) if fenced else text)
    except (ValueError, RecursionError):
        return None
    return value


def _complaints(message: AIMessage, errors: Sequence[str]) -> list[BaseMessage]:
    """What the model is told: as the tool's result, because every call needs one."""
    text = "The answer does not follow the schema. Correct it:\n" + "\n".join(
        f"- {error[:300]}" for error in errors[:_SHOWN_ERRORS]
    )
    calls = [*message.tool_calls, *message.invalid_tool_calls]
    results: list[BaseMessage] = [
        ToolMessage(content=text, tool_call_id=str(call["id"]), status="error") for call in calls if call["id"]
    ]
    return results or [HumanMessage(text)]
