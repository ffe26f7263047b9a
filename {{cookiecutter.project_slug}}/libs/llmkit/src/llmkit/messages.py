"""How long messages are when nobody has counted, and messages made of answers."""

import json
import math
from collections.abc import Mapping, Sequence

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata

from llmkit.call import REPORT_KEY, CallReport, TokenUsage

CHARACTERS_PER_TOKEN = 4
"""Of English text; of other scripts each character is taken for a token. Tokenizers of providers need downloads."""
TOKENS_PER_MESSAGE = 4


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text; rather too many than too few."""
    if text.isascii():
        return math.ceil(len(text) / CHARACTERS_PER_TOKEN)
    plain = len(text.encode("ascii", "ignore"))
    return math.ceil(plain / CHARACTERS_PER_TOKEN) + len(text) - plain


def estimate_input(messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, object]] = ()) -> int:
    """Estimate the tokens of a request."""
    total = sum(TOKENS_PER_MESSAGE + estimate_tokens(_all_text(message)) for message in messages)
    return total + (estimate_tokens(json.dumps(list(tools), default=str)) if tools else 0)


def _all_text(message: BaseMessage) -> str:
    content = message.content if isinstance(message.content, str) else json.dumps(message.content, default=str)
    calls = message.tool_calls if isinstance(message, AIMessage) else None
    return content + json.dumps(calls, default=str) if calls else content


def usage_metadata(usage: TokenUsage) -> UsageMetadata:
    """The tokens in LangChain's form."""
    made = UsageMetadata(input_tokens=usage.input, output_tokens=usage.output, total_tokens=usage.input + usage.output)
    if usage.cached_input:
        made["input_token_details"] = {"cache_read": usage.cached_input}
    return made


def last_chunk(finish: str, report: CallReport) -> AIMessageChunk:
    """The end of a streamed answer: nothing but what is known about it."""
    return AIMessageChunk(
        content="",
        usage_metadata=usage_metadata(report.usage),
        response_metadata=_metadata(finish, report),
        chunk_position="last",
    )


def with_report(message: AIMessage, finish: str, report: CallReport) -> AIMessage:
    """The answer with what is known about it."""
    message.usage_metadata = usage_metadata(report.usage)
    message.response_metadata = _metadata(finish, report)
    return message


def _metadata(finish: str, report: CallReport) -> dict[str, object]:
    return {"finish_reason": finish, "model_name": report.model.name, REPORT_KEY: report.to_metadata()}
