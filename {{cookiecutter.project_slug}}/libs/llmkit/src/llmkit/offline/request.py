"""Reading a conversation: which task it is, what is asked, and what there is to answer from."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

_PASSAGE = re.compile(r"<passage\b([^>]*)>\n?(.*?)\n?</passage>", re.S)
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
_QUESTION = re.compile(r"<question>\s*(.*?)\s*</question>", re.S)
_TASK = re.compile(r"<task>\s*(\w+)\s*</task>")


class Task(StrEnum):
    """What a prompt asks for, by its `<task>` tag."""

    ANSWER = "answer"
    CONDENSE = "condense"
    MULTI_QUERY = "multi_query"
    HYDE = "hyde"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class SourcePassage:
    """A passage of the prompt, with its characters unescaped."""

    id: str
    document: str
    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question and its answer, which may be missing."""

    question: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A conversation, understood."""

    task: Task | None
    question: str
    passages: tuple[SourcePassage, ...]
    history: tuple[Turn, ...]
    tool_results: tuple[ToolMessage, ...]
    """Results that came after the question."""


def read_request(messages: Sequence[BaseMessage]) -> Request:
    """Understand a conversation. The last human message asks; what is escaped in a passage can set no tags."""
    texts = [text_of(message) for message in messages]
    asking = max((at for at, message in enumerate(messages) if isinstance(message, HumanMessage)), default=-1)
    outside = [_PASSAGE.sub("", text) for text in texts]
    prompt = "\n".join(text for at, text in enumerate(outside) if at == asking or messages[at].type == "system")
    task = _TASK.findall(prompt)
    return Request(
        task=Task(task[-1]) if task and task[-1] in set(Task) else None,
        question=_question(outside[asking]) if asking >= 0 else "",
        passages=tuple(_passages(texts, messages, asking)),
        history=tuple(_turns(messages[:asking], outside)) if asking > 0 else (),
        tool_results=tuple(message for message in messages[asking + 1 :] if isinstance(message, ToolMessage)),
    )


def text_of(message: BaseMessage) -> str:
    """The text of a message, whose content may be a list of parts."""
    return str(message.text)


def _question(text: str) -> str:
    tagged = _QUESTION.findall(text)
    return html.unescape(tagged[-1]) if tagged else _TASK.sub("", text).strip()


def _passages(texts: Sequence[str], messages: Sequence[BaseMessage], asking: int) -> list[SourcePassage]:
    """Passages of the asking message, of system messages and of tool results after it; earlier turns do not count."""
    return [
        SourcePassage(
            id=html.unescape(attributes.get("id", "")) or str(number),
            document=html.unescape(attributes.get("document", "")),
            text=html.unescape(body),
        )
        for at, text in enumerate(texts)
        if at >= asking or messages[at].type == "system"
        for number, (head, body) in enumerate(_PASSAGE.findall(text), start=1)
        for attributes in [dict(_ATTRIBUTE.findall(head))]
    ]


def _turns(messages: Sequence[BaseMessage], texts: Sequence[str]) -> list[Turn]:
    turns: list[Turn] = []
    for message, text in zip(messages, texts, strict=False):
        if isinstance(message, HumanMessage):
            turns.append(Turn(_question(text)))
        elif isinstance(message, AIMessage) and turns and text:
            turns[-1] = Turn(turns[-1].question, text)
    return turns
