"""What the offline model says: one reply to a conversation, by task, tools and format."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from langchain_core.messages import AIMessage, BaseMessage

from llmkit.guardrails.schemas import Json, Schema
from llmkit.language.german import asks_in_german
from llmkit.offline.answers import answer
from llmkit.offline.planning import PlannedCall, Tool, plan
from llmkit.offline.request import Request, SourcePassage, Task, read_request, text_of
from llmkit.offline.rewriting import condense, hypothetical, title, variants
from llmkit.offline.structured import fill

HONEST = "I am the offline model: without a key for a language model I answer only from documents, by quoting them."
HONEST_IN_GERMAN = (
    "Ich bin das Offline-Modell: Ohne Schlüssel für ein Sprachmodell antworte ich nur aus Dokumenten, "
    "indem ich sie zitiere."
)
LONGEST_RESULT = 1000


@dataclass(frozen=True, slots=True)
class Reply:
    """A text, or calls of tools."""

    text: str
    calls: tuple[PlannedCall, ...] = ()


def reply_to(messages: Sequence[BaseMessage], options: Mapping[str, object]) -> Reply:
    """Reply to a conversation; `options` are `tools`, `tool_choice` and `response_format` in OpenAI's form."""
    request = read_request(messages)
    found = options.get("tools")
    tools = [Tool.parse(tool) for tool in found if isinstance(tool, Mapping)] if isinstance(found, list | tuple) else []
    choice = options.get("tool_choice")
    if tools and choice != "none":
        calls = _calls(request, tools, choice, messages)
        if calls:
            return Reply("", calls)
    schema = _schema_of(options.get("response_format"))
    if schema is not None:
        return Reply(json.dumps(fill(schema, request.question, request.passages), ensure_ascii=False))
    return Reply(_text(request))


def _calls(
    request: Request, tools: Sequence[Tool], choice: object, messages: Sequence[BaseMessage]
) -> tuple[PlannedCall, ...]:
    forced = _forced(tools, choice)
    if forced:
        made = plan(request.question, forced) if len(forced) > 1 else None
        tool = made.tool if made else forced[0]
        filled = fill(tool.parameters, request.question, request.passages)
        return (made or PlannedCall(tool, filled if isinstance(filled, Mapping) else {}),)
    if request.task or request.passages:
        return ()  # what is needed is in the prompt
    planned = plan(request.question, tools, _done(messages))
    return (planned,) if planned else ()


def _forced(tools: Sequence[Tool], choice: object) -> list[Tool]:
    """The tools of which one must be called; empty when none must."""
    if isinstance(choice, Mapping):
        function = choice.get("function")
        choice = function.get("name") if isinstance(function, Mapping) else choice.get("name")
    if choice in {"any", "required", True}:
        return list(tools)
    return [tool for tool in tools if tool.name == choice]


def _done(messages: Sequence[BaseMessage]) -> list[tuple[str, Mapping[str, Json]]]:
    """Calls since the last question."""
    made: list[tuple[str, Mapping[str, Json]]] = []
    for message in messages:
        if message.type == "human":
            made = []
        elif isinstance(message, AIMessage):
            made += [(call["name"], call["args"]) for call in message.tool_calls]
    return made


def _schema_of(wanted: object) -> Schema | None:
    if not isinstance(wanted, Mapping) or wanted.get("type") == "text":
        return None
    inner = wanted.get("json_schema")
    schema = inner.get("schema") if isinstance(inner, Mapping) else None
    return schema if isinstance(schema, Mapping) else {"type": "object", "properties": {"answer": {"type": "string"}}}


def _text(request: Request) -> str:
    match request.task:
        case Task.CONDENSE:
            return condense(request.question, request.history)
        case Task.MULTI_QUERY:
            return "\n".join(variants(request.question))
        case Task.HYDE:
            return hypothetical(request.question)
        case Task.TITLE:
            return title(request.question)
    if request.passages or request.task is Task.ANSWER:
        return answer(request.question, request.passages).text
    if request.tool_results:
        return _from_results(request)
    return HONEST_IN_GERMAN if asks_in_german(request.question) else HONEST


def _from_results(request: Request) -> str:
    """Answer from what tools have returned: a short result as it is, a long one like a passage."""
    results = [text_of(message).strip() for message in request.tool_results]
    if sum(len(result) for result in results) <= LONGEST_RESULT:
        return "\n".join(result for result in results if result) or "The tools have returned nothing."
    passages = [SourcePassage(str(number), "", result) for number, result in enumerate(results, start=1)]
    return answer(request.question, passages).text
