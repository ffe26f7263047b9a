"""What an answer depends on, as hashes. Nothing that changes an answer may be missing here."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from llmkit.call import Call, ModelRef

QUESTION = re.compile(r"<question>(.*?)</question>", re.DOTALL)
"""How prompts mark the question inside a message that holds more than it, such as retrieved passages."""
PLACE = "<question/>"
FORMAT = 1
"""Part of every hash: raised when the meaning of the hashes changes."""


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """Where an answer is found."""

    exact: str
    scope: str
    """Equal for calls that differ in nothing but the question."""
    question: str | None
    """What may be compared by meaning: the last message, or the part of it that is marked as the question."""


def answer_key(call: Call, models: Sequence[ModelRef], messages: Sequence[BaseMessage], options: str) -> AnswerKey:
    """Return the hashes over tenant, purpose, prompt version, models, options and messages."""
    facts: dict[str, object] = {
        "format": FORMAT,
        "tenant": call.tenant,
        "purpose": call.purpose,
        "prompt": [call.prompt.name, call.prompt.version] if call.prompt else None,
        "models": [[model.provider, model.name] for model in models],
        "options": options,
        "temperature": call.temperature,
        "max_output_tokens": call.max_output_tokens,
    }
    parts = [_message(message) for message in messages]
    question, rest = _without_question(messages)
    if question is not None:
        scope = _hash(facts | {"messages": [*parts[:-1], {**parts[-1], "content": rest}]})
    else:
        scope = _hash(facts | {"messages": parts})
    return AnswerKey(_hash(facts | {"messages": parts, "exact": True}), scope, question)


def _without_question(messages: Sequence[BaseMessage]) -> tuple[str | None, str]:
    """Return the question of the last message, and the message without it."""
    last = messages[-1] if messages else None
    if not isinstance(last, HumanMessage) or not isinstance(last.content, str):
        return None, ""
    marked = QUESTION.findall(last.content)
    if not marked:
        return last.content.strip() or None, PLACE
    if len(marked) > 1:
        return None, ""
    return marked[0].strip() or None, QUESTION.sub(PLACE, last.content)


def _message(message: BaseMessage) -> dict[str, object]:
    """Return what a model reads of a message; ids are made anew each time and mean nothing."""
    part: dict[str, object] = {"type": message.type, "content": message.content, "name": message.name}
    if isinstance(message, AIMessage):
        part["tool_calls"] = [[call["name"], call["args"]] for call in message.tool_calls]
    return part


def _hash(facts: dict[str, object]) -> str:
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
