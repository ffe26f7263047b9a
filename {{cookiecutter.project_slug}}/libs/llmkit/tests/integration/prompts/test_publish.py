from pathlib import Path

import pytest

from llmkit.call import PromptRef
from llmkit.prompts import Prompt, PromptSettings, PromptStore
from llmkit.prompts.publish import publish


def prompt(version: str, text: str) -> Prompt:
    sections = (("system", "Be brief."), ("user", f"{text} {{{{ question }}}}"))
    return Prompt(PromptRef("answer", version), ("question",), sections)


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/mlflow/mlflow.db"


@pytest.mark.timeout(300)  # MLflow takes seconds to import and longer to make its tables
def test_versions_are_published_once_and_the_one_that_answers_has_the_alias(uri: str) -> None:
    store = PromptStore([prompt("1", "One"), prompt("2", "Two")])
    assert publish(store, uri) == {"answer": 2}
    assert publish(store, uri) == {"answer": 0}

    from mlflow import MlflowClient

    client = MlflowClient(uri, uri)
    current = client.get_prompt_version_by_alias("answer", "production")
    assert (int(current.version), current.tags["file_version"]) == (2, "2")
    assert current.template == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Two {{ question }}"},
    ]
    assert current.variables == {"question"}

    grown = PromptStore(
        [prompt("1", "One"), prompt("2", "Two"), prompt("3", "Three")], PromptSettings(versions="answer=1")
    )
    assert publish(grown, uri) == {"answer": 1}
    assert int(client.get_prompt_version_by_alias("answer", "production").version) == 1
