from collections import Counter
from pathlib import Path

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from llmkit.call import PromptRef
from llmkit.prompts import Prompt, PromptError, PromptNotFound, PromptSettings, PromptStore
from servicekit.settings import ServiceSettings


def prompt(name: str, version: str) -> Prompt:
    return Prompt(PromptRef(name, version), (), (("user", f"{name} {version}"),))


def make(**settings: object) -> PromptStore:
    prompts = [prompt("answer", version) for version in ("10", "2", "1")] + [prompt("title", "1")]
    return PromptStore(prompts, PromptSettings(**settings))


def chosen(store: PromptStore, name: str = "answer", key: str | None = None) -> str:
    return store.choose(name, key).ref.version


def test_the_newest_version_answers_where_nothing_is_said() -> None:
    assert chosen(make()) == "10"
    assert make().selection("answer").source == "newest"


def test_names_and_versions_are_listed_in_order() -> None:
    assert make().names() == ("answer", "title")
    assert [version.ref.version for version in make().versions("answer")] == ["1", "2", "10"]


def test_the_settings_choose_a_version() -> None:
    store = make(versions="answer=2")
    assert (chosen(store), chosen(store, "title")) == ("2", "1")
    assert store.selection("answer").source == "settings"


def test_two_versions_share_the_calls_by_weight_and_a_key_stays_with_its_own() -> None:
    store = make(split="answer=1:25,2:75")
    keys = [f"conversation-{number}" for number in range(2000)]
    counts = Counter(chosen(store, key=key) for key in keys)
    assert counts["1"] + counts["2"] == 2000
    assert 430 < counts["1"] < 570
    assert [chosen(store, key=key) for key in keys[:50]] == [
        chosen(make(split="answer=1:25,2:75"), key=key) for key in keys[:50]
    ]


def test_without_a_key_the_heaviest_version_answers() -> None:
    assert chosen(make(split="answer=1:25,2:75")) == "2"


def test_what_is_switched_wins_until_it_is_taken_back() -> None:
    store = make(versions="answer=2")
    store.switch({"answer": {"1": 1}})
    assert (chosen(store), store.selection("answer").source) == ("1", "switched")
    store.switch({})
    assert chosen(store) == "2"


def test_versions_that_a_release_does_not_have_are_left_out_with_a_warning() -> None:
    store = make()
    with capture_logs() as logs:
        store.switch({"answer": {"99": 1, "1": 1}, "title": {"7": 1}, "gone": {"1": 1}})
    assert (chosen(store), chosen(store, "title")) == ("1", "1")
    assert [(line["prompt"], line["versions"]) for line in logs] == [
        ("answer", ["99"]),
        ("title", ["7"]),
        ("gone", ["1"]),
    ]


@pytest.mark.parametrize("settings", [{"versions": "answer=3"}, {"split": "answer=1:1,3:1"}, {"versions": "other=1"}])
def test_settings_about_what_is_not_there_stop_the_start(settings: dict) -> None:
    with pytest.raises(PromptError, match="which is not there"):
        make(**settings)


def test_a_prompt_cannot_have_a_version_and_a_split() -> None:
    with pytest.raises(PromptError, match="both name answer"):
        make(versions="answer=1", split="answer=1:1,2:1")


@pytest.mark.parametrize("name", ["versions", "split"])
@pytest.mark.parametrize("text", ["answer", "=1", "answer=", "answer=1:x"])
def test_settings_that_cannot_be_read_are_refused(name: str, text: str) -> None:
    if (name, text) == ("versions", "answer=1:x"):
        with pytest.raises(PromptError):
            make(versions=text)
    else:
        with pytest.raises(ValidationError):
            PromptSettings(**{name: text})


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Sample(ServiceSettings):
        prompts: PromptSettings = PromptSettings()

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROMPTS__VERSIONS", "rag-answer=2")
    monkeypatch.setenv("PROMPTS__SPLIT", "rag-title=1:50,2:50; rag-hyde=1:1")
    prompts = Sample().prompts
    assert prompts.versions == {"rag-answer": "2"}
    assert prompts.split == {"rag-title": {"1": 50, "2": 50}, "rag-hyde": {"1": 1}}


@pytest.mark.parametrize(
    "ask", [lambda s: s.choose("nothing"), lambda s: s.versions("nothing"), lambda s: s.get("answer", "3")]
)
def test_what_is_not_there_is_not_found(ask) -> None:
    with pytest.raises(PromptNotFound):
        ask(make())


def test_a_folder_is_loaded_whole(tmp_path: Path) -> None:
    for name in ("a/1.md", "a/2.md", "b/1.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("---\nvariables: []\n---\n# user\nHi\n")
    store = PromptStore.load(tmp_path, PromptSettings(versions="a=1"))
    assert store.names() == ("a", "b")
    assert chosen(store, "a") == "1"


def test_a_folder_without_prompts_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="there are no prompts"):
        PromptStore.load(tmp_path)
