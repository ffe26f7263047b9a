"""Prompts as they are written, and the library that remembers its collection."""

import pytest

from llmkit.prompts import PromptStore
from rag.answers import PROMPTS
from rag.retrieval.memory import MemoryLibrary
from rag.retrieval.ports import Turn
from rag.retrieval.prompting import PromptWriter
from rag.retrieval.remembering import RememberingLibrary

VARIABLES = {
    "rag-answer": {"passages": "P", "question": "Q", "form": "F"},
    "rag-condense": {"question": "Q"},
    "rag-multi-query": {"question": "Q", "number": "3"},
    "rag-hyde": {"question": "Q"},
    "rag-title": {"question": "Q"},
}


@pytest.mark.parametrize("name", VARIABLES)
def test_every_version_of_a_prompt_says_its_task_and_asks_the_question(name: str) -> None:
    for version in PromptStore.load(PROMPTS).versions(name):
        rules, asking = version.render(**VARIABLES[name])
        task = name.removeprefix("rag-").replace("-", "_")
        assert f"<task>{task}</task>" in str(rules.text)
        assert str(asking.text).endswith("<question>Q</question>")


def test_personal_data_is_taken_out_of_all_that_people_and_documents_wrote() -> None:
    writer = PromptWriter(PromptStore.load(PROMPTS), lambda text: text.replace("Jane", "somebody"))
    history = (Turn("I am Jane", "Hello Jane"),)
    written = writer.write("rag-answer", "key", history, passages="of Jane", question="Who is Jane?", form="Jane")
    texts = " ".join(str(message.text) for message in written.messages)
    assert "Jane" not in texts
    assert texts.count("somebody") == 5


async def test_the_collection_is_looked_up_now_and_then() -> None:
    library = MemoryLibrary(name="first")
    remembering = RememberingLibrary(library, seconds=60)
    assert await remembering.collection() == "first"
    library.name = "second"
    assert await remembering.collection() == "first"
    assert await RememberingLibrary(library, seconds=0).collection() == "second"


async def test_that_there_is_no_collection_is_not_remembered() -> None:
    library = MemoryLibrary(name=None)
    remembering = RememberingLibrary(library)
    assert await remembering.collection() is None
    library.name = "first"
    assert await remembering.collection() == "first"


async def test_reading_goes_to_the_library() -> None:
    library = MemoryLibrary()
    async with RememberingLibrary(library).reading() as reader:
        assert await reader.visible("acme", []) == {}
    assert library.transactions == 1
