"""A conversation as a file for people."""

from rag.answering.schemas import Answer
from rag.conversations.schemas import ConversationDetail

_PART = {True: "", False: " in part"}


def markdown(conversation: ConversationDetail) -> str:
    """Return a conversation in Markdown, each answer with its sources."""
    lines = [f"# {_one_line(conversation.title)}", "", f"_{conversation.created_at:%Y-%m-%d %H:%M} UTC_", ""]
    for message in conversation.messages:
        lines += [f"## {'Question' if message.role == 'user' else 'Answer'}", "", message.text, ""]
        if message.answer is not None:
            lines += _sources(message.answer)
    return "\n".join(lines)


def _sources(answer: Answer) -> list[str]:
    cited = [
        f"- [{each.marker}] {_one_line(each.document_name)}, page {each.page}: “{_one_line(each.quote)}”"
        for each in answer.citations
    ]
    withheld = [
        f"- Kept away from the model{_PART[each.whole]}: {_one_line(each.document_name)}, page {each.page}"
        for each in answer.withheld
    ]
    return [*cited, *withheld, ""] if cited or withheld else []


def _one_line(text: str) -> str:
    return " ".join(text.split())
