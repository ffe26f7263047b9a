"""Conversations: listed, renamed, exported, shared by a link that can be revoked, deleted."""

import json

import pytest
from fake_rag import FakeRag
from fake_service import KEY, problem
from streamlit.testing.v1 import AppTest

from ui.http.api import Api
from ui.sections.rag.client import Rag


def press(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click().run()
    assert not page.exception
    return page


def test_conversations_are_listed_newest_first_and_opened(rag: FakeRag, page) -> None:
    first = rag.begin("About revenue", "What was the revenue?")
    rag.begin("About *costs*")
    at = page("ask")
    listed = [button.label for button in at.sidebar.button if str(button.key).startswith("thread-")]
    assert listed == [r"About \*costs\*", "About revenue"]
    press(at, "About revenue")
    assert at.query_params["thread"] == first
    assert len(at.chat_message) == 2
    press(at, "New conversation")
    assert "thread" not in at.query_params
    assert not at.chat_message


def test_older_conversations_are_loaded_when_asked_for(rag: FakeRag, page) -> None:
    for number in range(35):
        rag.begin(f"Number {number}")
    at = page("ask")
    assert "Number 0" not in [button.label for button in at.sidebar.button]
    press(at, "Show older")
    assert "Number 0" in [button.label for button in at.sidebar.button]


def test_a_conversation_is_renamed(rag: FakeRag, page) -> None:
    thread = rag.begin("Old", "What was the revenue?")
    at = page("ask", thread=thread)
    next(field for field in at.text_input if field.label == "Title").set_value("  New  ")
    press(at, "Rename")
    assert rag.conversations[thread]["title"] == "New"
    assert at.subheader[0].value == "New"
    assert [toast.value for toast in at.toast] == ["The conversation is renamed."]


def test_a_conversation_is_shared_read_and_taken_back(rag: FakeRag, page) -> None:
    thread = rag.begin("Revenue", "What was the revenue?")
    at = press(page("ask", thread=thread), "Make a link")
    (share,) = rag.shares
    assert at.code[0].value.endswith(f"/shared?token={share['token']}")

    shown = page("shared", token=share["token"])
    assert [message.name for message in shown.chat_message] == ["user", "assistant"]
    assert r"> Revenue grew to \$4\.2 million" in "".join(element.value for element in shown.markdown)
    assert not list(shown.main.button)

    press(at, "Revoke")
    assert rag.shares == []
    assert not at.code
    gone = page("shared", token=share["token"])
    assert "**This link does not work any more**" in [element.value for element in gone.markdown]


def test_without_a_key_shared_conversations_are_read_and_nothing_else(
    rag: FakeRag, page, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = rag.share(rag.begin("Revenue", "What was the revenue?"))["token"]
    monkeypatch.delenv("AUTH__DEVELOPMENT_KEY")
    assert len(page("shared", token=token).chat_message) == 2
    assert "no valid key" in page("documents").error[0].value


def test_a_link_without_a_token_is_incomplete(page) -> None:
    assert "**This link is incomplete**" in [element.value for element in page("shared").markdown]


def test_a_conversation_can_be_downloaded_in_two_forms(rag: FakeRag, page) -> None:
    at = page("ask", thread=rag.begin("Revenue", "What was the revenue?"))
    assert {button.label for button in at.get("download_button")} == {"Markdown", "JSON"}


def test_an_export_holds_the_conversation_in_the_form_that_is_asked_for(rag: FakeRag) -> None:
    thread = rag.begin("Revenue", "What was the revenue?")
    api = Api(rag.url, KEY, timeout=5, silence=5)
    client = Rag(api)
    assert client.export(thread, "markdown").startswith(b"# Revenue\n\nWhat was the revenue?\n\nRevenue was")
    assert json.loads(client.export(thread, "json"))["title"] == "Revenue"
    api.close()


def test_a_conversation_is_deleted_after_a_second_thought(rag: FakeRag, page) -> None:
    thread = rag.begin("Revenue", "What was the revenue?")
    at = page("ask", thread=thread)
    delete = next(button for button in at.button if button.key == "delete-thread")
    assert delete.disabled
    at.checkbox(key=f"sure-{thread}").check().run()
    press(at, "Delete")
    assert rag.conversations == {}
    assert "thread" not in at.query_params


def test_a_deletion_that_fails_keeps_the_conversation_open(rag: FakeRag, page) -> None:
    thread = rag.begin("Revenue", "What was the revenue?")
    rag.fail("DELETE", "/v1/conversations/.*", problem(503, "unavailable", "The database is away."))
    at = page("ask", thread=thread)
    at.checkbox(key=f"sure-{thread}").check().run()
    press(at, "Delete")
    assert "The database is away" in at.error[0].value
    assert at.query_params["thread"] == thread
