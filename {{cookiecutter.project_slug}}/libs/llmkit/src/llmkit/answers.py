"""Puts an answer together from pieces and judges whether it is one."""

import json
from collections.abc import Mapping, Sequence

from langchain_core.messages import AIMessage
from langchain_core.messages.tool import ToolCall, tool_call

from llmkit.call import TokenUsage
from llmkit.errors import ContentFiltered, Malformed, OutputLimitReached, Refused, Truncated
from llmkit.messages import estimate_tokens
from llmkit.providers.ports import Finish, Piece


class _Call:
    """A call of a tool whose arguments are still coming."""

    __slots__ = ("args", "id", "name")

    def __init__(self) -> None:
        self.name = ""
        self.id: str | None = None
        self.args: list[str] = []


class Draft:
    """What has come of an answer so far."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._calls: dict[int | None, _Call] = {}
        self.finish: Finish | None = None
        self.usage: TokenUsage | None = None
        self.model: str | None = None
        self.begun = False
        """Whether anything at all has come, be it only a name."""

    def add(self, piece: Piece) -> bool:
        """Take a piece over; True if it brings something that the caller wants to see."""
        self.begun = True
        if piece.text:
            self._text.append(piece.text)
        for chunk in piece.calls:
            call = self._calls.setdefault(chunk["index"], _Call())
            call.name = call.name or chunk["name"] or ""
            call.id = call.id or chunk["id"]
            call.args.append(chunk["args"] or "")
        self.finish = piece.finish or self.finish
        self.usage = piece.usage or self.usage
        self.model = piece.model or self.model
        return bool(piece.text or piece.calls)

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._text)

    def estimate_output(self) -> int:
        """Estimate the tokens that have come."""
        calls = sum(estimate_tokens(call.name + "".join(call.args)) for call in self._calls.values())
        return estimate_tokens(self.text) + calls

    def judge(self, model: str, tools: Sequence[Mapping[str, object]]) -> AIMessage:
        """Return the complete answer.

        Raises:
            Truncated: it ended without a reason, or (`OutputLimitReached`) at the limit of tokens.
            ContentFiltered: the provider's filter has ended it.
            Refused: the model declines.
            Malformed: it is empty, or arguments of a tool are cut off.
        """
        if self.finish is None:
            raise Truncated(f"The answer of {model} has ended before it was complete.")
        if self.finish is Finish.LENGTH:
            raise OutputLimitReached(f"The answer of {model} was cut at the limit of tokens.")
        if self.finish is Finish.FILTERED:
            raise ContentFiltered(f"The filter of the provider has stopped the answer of {model}.")
        if self.finish is Finish.REFUSED:
            raise Refused(f"{model} declines to answer.")
        if not self._calls and not self.text.strip():
            raise Malformed(f"The answer of {model} is empty.")
        needs = _needs_arguments(tools) if self._calls else frozenset()
        calls = [_finished(call, model, call.name in needs) for call in self._calls.values()]
        return AIMessage(content=self.text, tool_calls=calls)


def _finished(call: _Call, model: str, needs_arguments: bool) -> ToolCall:
    try:
        args = json.loads("".join(call.args) or "{}")
    except json.JSONDecodeError:
        args = None
    if not call.name or not isinstance(args, dict) or (needs_arguments and not args):
        # Anthropic's API gives an empty object for arguments that were cut off.
        raise Malformed(f"{model} has called a tool with arguments that are not complete.")
    return tool_call(name=call.name, args=args, id=call.id)


def _needs_arguments(tools: Sequence[Mapping[str, object]]) -> frozenset[str]:
    """The names of tools that cannot be called without arguments."""
    found = set()
    for tool in tools:
        function = tool.get("function")
        parameters = function.get("parameters") if isinstance(function, Mapping) else None
        if isinstance(function, Mapping) and isinstance(parameters, Mapping) and parameters.get("required"):
            found.add(str(function.get("name")))
    return frozenset(found)
