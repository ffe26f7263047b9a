"""Answers as JSON, and which answers are complete enough to be given again."""

from typing import cast

from langchain_core.messages import AIMessage, message_to_dict, messages_from_dict

from llmkit.call import REPORT_KEY
from servicekit.database.types import Json

COMPLETE = frozenset({"stop", "end_turn", "stop_sequence", "tool_calls", "tool_use", "function_call"})
"""Reasons to finish, of both protocols, that mean the answer is whole."""


def is_complete(message: AIMessage) -> bool:
    """Whether the answer says something and ended because it was finished."""
    metadata = message.response_metadata
    reason = metadata.get("finish_reason") or metadata.get("stop_reason")
    if reason is not None and reason not in COMPLETE:
        return False
    return not message.invalid_tool_calls and bool(message.content or message.tool_calls)


def dump(message: AIMessage) -> dict[str, Json]:
    """Return the answer as JSON values, without the report of the call that made it."""
    metadata = {key: value for key, value in message.response_metadata.items() if key != REPORT_KEY}
    plain = AIMessage(
        content=message.content,
        tool_calls=message.tool_calls,
        additional_kwargs=message.additional_kwargs,
        response_metadata=metadata,
        usage_metadata=message.usage_metadata,
    )
    return cast("dict[str, Json]", message_to_dict(plain))


def load(document: dict[str, Json]) -> AIMessage:
    """Return the answer that `dump` has described."""
    [message] = messages_from_dict([cast("dict[str, object]", document)])
    return cast("AIMessage", message)
