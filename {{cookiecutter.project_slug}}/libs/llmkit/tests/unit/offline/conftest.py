"""Passages as the prompts of a service write them."""

import html

import pytest
from langchain_core.messages import HumanMessage


@pytest.fixture
def prompt():
    """A human message with passages and a question."""

    def make(question, *texts, document="guide.md"):
        passages = "\n".join(
            f'<passage id="{number}" document="{html.escape(document)}" page="1">\n{html.escape(text)}\n</passage>'
            for number, text in enumerate(texts, start=1)
        )
        return HumanMessage(f"{passages}\n<question>{html.escape(question, quote=False)}</question>")

    return make
