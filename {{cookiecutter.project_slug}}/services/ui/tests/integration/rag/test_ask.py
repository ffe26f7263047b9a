"""Asking: streamed answers, their sources and cost, and what is shown when there is none."""

import pytest
from fake_rag import FakeRag
from fake_service import Response, problem
from rag_samples import QUOTE
from streamlit.testing.v1 import AppTest


def markdown(page: AppTest) -> list[str]:
    return [element.value for element in page.markdown]


def captions(page: AppTest) -> str:
    return "\n".join(element.value for element in page.caption)


def ask(page: AppTest, question: str) -> AppTest:
    page.chat_input[0].set_value(question).run()
    assert not page.exception
    return page


def test_the_first_question_begins_a_conversation_that_the_address_names(rag: FakeRag, page) -> None:
    at = ask(page("ask"), "What was the revenue?")
    (thread,) = rag.conversations
    assert at.query_params["thread"] == thread
    assert "What was the revenue?" in markdown(at)
    assert r"Revenue was **\$4.2 million** in 2025, up from \$3.1 million [1]. Subscriptions doubled [1]." in markdown(
        at
    )


def test_a_follow_up_goes_to_the_same_conversation(rag: FakeRag, page) -> None:
    thread = rag.begin("Revenue", "What was the revenue?")
    at = ask(page("ask", thread=thread), "And the costs?")
    (request,) = rag.asked("POST", "/v1/ask")
    assert request.json == {"question": "And the costs?", "stream": True, "conversation_id": thread}
    assert request.headers["accept"] == "text/event-stream"
    assert len(at.chat_message) == 4


def test_a_reload_keeps_the_conversation(rag: FakeRag, page) -> None:
    thread = rag.begin("Revenue", "What was the revenue?", "And the costs?")
    at = page("ask", thread=thread)
    assert [message.name for message in at.chat_message] == ["user", "assistant", "user", "assistant"]
    assert at.subheader[0].value == "Revenue"


def test_cost_and_tokens_are_shown_for_each_answer_and_for_all(rag: FakeRag, page) -> None:
    at = page("ask", thread=rag.begin("Revenue", "One?", "Two?"))
    shown = captions(at).replace("\N{NO-BREAK SPACE}", " ").replace("\\", "")
    assert "offline · about 1,248 tokens · $0.0004 · 93 ms" in shown
    assert "2 answers · 2,496 tokens · $0.0008" in shown


def test_a_click_on_a_citation_shows_its_page_with_the_quote_marked(rag: FakeRag, page) -> None:
    at = page("ask", thread=rag.begin("Revenue", "What was the revenue?"))
    citation = next(button for button in at.button if button.label.startswith("1 · p. 2 · report"))
    citation.click().run()
    assert not at.exception
    shown = "".join(element.proto.body for element in at.get("html"))
    assert '<mark id="quote">Revenue grew to $4.2 million' in shown
    assert "&lt;b&gt;No debt&lt;/b&gt;" in shown
    assert "Page **2** of 3" in markdown(at)


def test_an_answer_that_fails_is_no_answer_and_can_be_asked_again(rag: FakeRag, page) -> None:
    at = ask(page("ask"), "fail")
    assert "The model is busy" in at.error[0].value
    assert "`model_overloaded`" in at.error[0].value
    assert not any("4.2 million" in text for text in markdown(at))
    next(button for button in at.button if button.label == "Ask again").click().run()
    assert [request.json["question"] for request in rag.asked("POST", "/v1/ask")] == ["fail", "fail"]


def test_a_stream_that_breaks_off_is_no_answer(rag: FakeRag, page) -> None:
    at = ask(page("ask"), "break")
    assert "broke off" in at.error[0].value
    assert not any("4.2 million" in text for text in markdown(at))


def test_a_question_that_is_refused_is_not_offered_again(rag: FakeRag, page) -> None:
    rag.fail("POST", "/v1/ask", problem(422, "invalid_request", "The question is too long.", "Shorten it."))
    at = ask(page("ask"), "x" * 100)
    assert "too long" in at.error[0].value
    assert "Ask again" not in [button.label for button in at.button]


def test_abstaining_is_said(rag: FakeRag, page) -> None:
    thread = rag.begin("Dentist")
    rag.say(thread, "Who is the dentist?", answer="I do not know.", abstained=True, citations=[])
    assert "do not support an answer" in captions(page("ask", thread=thread))


def test_a_conversation_that_is_gone_gives_way_to_a_new_one(page) -> None:
    at = page("ask", thread="00000000-0000-0000-0000-000000000000")
    assert "no such conversation" in at.warning[0].value
    assert "thread" not in at.query_params


def test_without_documents_the_way_to_the_library_is_shown(rag: FakeRag, page) -> None:
    rag.documents.clear()
    at = page("ask")
    assert "**There are no documents yet**" in markdown(at)


def test_choices_are_sent_and_kept(rag: FakeRag, page) -> None:
    at = page("ask")
    at.selectbox(key="ask-model").select("offline")
    at.selectbox(key="ask-mode").select("dense")
    at.selectbox(key="ask-rerank").select(True)
    at.number_input(key="ask-limit").set_value(3)
    at.multiselect(key="ask-tags").select("finance")
    at.run()
    ask(at, "What was the revenue?")
    (request,) = rag.asked("POST", "/v1/ask")
    assert request.json["model"] == "offline"
    assert request.json["retrieval"] == {"mode": "dense", "rerank": True, "limit": 3, "filter": {"tags": ["finance"]}}
    next(button for button in at.button if button.key == "ask-reset").click().run()
    ask(at, "And without?")
    assert "retrieval" not in rag.asked("POST", "/v1/ask")[1].json


def test_a_thumb_and_a_comment_are_sent_and_seen_again(rag: FakeRag, page) -> None:
    thread = rag.begin("Revenue", "What was the revenue?")
    answer = rag.conversations[thread]["messages"][1]["answer"]["id"]
    at = page("ask", thread=thread)
    at.feedback(key=f"thumbs-{answer}").set_value(0).run()
    assert rag.feedback[answer]["rating"] == "down"
    at.text_area[0].set_value("The year is wrong.")
    next(button for button in at.button if button.label == "Send").click().run()
    assert (rag.feedback[answer]["rating"], rag.feedback[answer]["comment"]) == ("down", "The year is wrong.")
    again = page("ask", thread=thread)
    assert again.feedback(key=f"thumbs-{answer}").value == 0


def rated(rag: FakeRag, page) -> tuple[AppTest, str]:
    """Open an answer that has a thumb down and a comment."""
    thread = rag.begin("Revenue", "What was the revenue?")
    answer = rag.conversations[thread]["messages"][1]["answer"]["id"]
    at = page("ask", thread=thread)
    at.feedback(key=f"thumbs-{answer}").set_value(0).run()
    at.text_area[0].set_value("The year is wrong.")
    next(button for button in at.button if button.label == "Send").click().run()
    return at, answer


@pytest.mark.parametrize("readable", [True, False], ids=["feedback may be read", "feedback may not be read"])
def test_another_thumb_keeps_the_comment(rag: FakeRag, page, readable: bool) -> None:
    if not readable:
        rag.fail("GET", "/v1/feedback", problem(403, "forbidden", "Not with this key."))
    at, answer = rated(rag, page)
    at.feedback(key=f"thumbs-{answer}").set_value(1).run()
    assert (rag.feedback[answer]["rating"], rag.feedback[answer]["comment"]) == ("up", "The year is wrong.")
    assert at.text_area[0].value == "The year is wrong."


def test_a_comment_can_be_removed(rag: FakeRag, page) -> None:
    at, answer = rated(rag, page)
    at.text_area[0].set_value("")
    next(button for button in at.button if button.label == "Send").click().run()
    assert (rag.feedback[answer]["rating"], rag.feedback[answer]["comment"]) == ("down", None)


def test_a_thumb_that_is_taken_back_is_shown_again_because_it_is_still_kept(rag: FakeRag, page) -> None:
    at, answer = rated(rag, page)
    at.feedback(key=f"thumbs-{answer}").set_value(None).run()
    assert at.feedback(key=f"thumbs-{answer}").value == 0
    assert [toast.value for toast in at.toast] == ["Feedback cannot be withdrawn. Choose the other thumb to change it."]
    assert rag.feedback[answer]["rating"] == "down"


def test_a_thumb_that_was_not_kept_is_not_shown(rag: FakeRag, page) -> None:
    thread = rag.begin("Revenue", "What was the revenue?")
    answer = rag.conversations[thread]["messages"][1]["answer"]["id"]
    rag.fail("POST", "/v1/answers/.*", problem(503, "unavailable", "The database is away."))
    at = page("ask", thread=thread)
    at.feedback(key=f"thumbs-{answer}").set_value(1).run()
    assert "The database is away" in at.error[0].value
    assert at.feedback(key=f"thumbs-{answer}").value is None


def test_a_key_that_may_not_read_feedback_still_reads_answers(rag: FakeRag, page) -> None:
    rag.fail("GET", "/v1/feedback", problem(403, "forbidden", "Not with this key."))
    at = page("ask", thread=rag.begin("Revenue", "What was the revenue?"))
    assert not at.error
    assert len(at.chat_message) == 2


def test_models_that_cannot_be_listed_do_not_stop_questions(rag: FakeRag, page) -> None:
    rag.fail("GET", "/v1/models", Response(500, b"", "text/plain"))
    at = ask(page("ask"), "What was the revenue?")
    assert not at.error
    assert len(at.chat_message) == 2


def test_the_quote_is_told_before_the_click(rag: FakeRag, page) -> None:
    at = page("ask", thread=rag.begin("Revenue", "What was the revenue?"))
    source = next(button for button in at.button if button.label.startswith("1 · p. 2 · report"))
    assert source.help.replace("\\", "") == QUOTE


def test_what_the_model_read_can_be_read(rag: FakeRag, page) -> None:
    at = page("ask", thread=rag.begin("Revenue", "What was the revenue?"))
    passage = next(button for button in at.button if str(button.key).startswith("passage-"))
    assert passage.help == "Results / Revenue\n\nScore 0.032"
    passage.click().run()
    assert not at.exception
    assert "<mark" in "".join(element.proto.body for element in at.get("html"))


def test_how_an_answer_came_about_is_told(rag: FakeRag, page) -> None:
    thread = rag.begin("Revenue")
    meta = rag.make_answer(thread, "One?")["meta"] | {"fell_back_from": ["gpt-large"], "cache": "exact", "prompt": None}
    rag.say(thread, "One?", meta=meta, standalone_question="One?", removed_citations=0, sources=[])
    shown = "\n".join(markdown(page("ask", thread=thread)))
    assert "**Instead of** gpt\\-large" in shown
    assert "**Searched for**" not in shown
    assert "**Prompt**" not in shown
    assert "removed" not in shown
    assert "from the cache" in captions(page("ask", thread=thread))


def withheld(name: str, page: int, *, whole: bool) -> dict[str, object]:
    return {
        "document_id": "01a21c2c-c12b-7734-ad07-12693f14a976",
        "document_name": name,
        "page": page,
        "ordinal": 0,
        "whole": whole,
        "reasons": ["overrides_instructions:en"],
    }


def test_what_was_kept_away_from_the_model_is_told(rag: FakeRag, page) -> None:
    thread = rag.begin("Revenue")
    kept = [withheld("evil*.md", 3, whole=True), withheld("mixed.md", 1, whole=False)]
    rag.say(thread, "One?", withheld=kept)
    at = page("ask", thread=thread)
    assert "Part of the text was kept away from the model, because it gives orders to it" in captions(at)
    assert r"evil\*\.md, page 3; mixed\.md, page 1." in captions(at)
    (first, second) = [button for button in at.button if str(button.key).startswith("withheld-")]
    assert (first.label.replace("\\", ""), first.help) == (
        "evil*.md, p. 3 · all of it",
        "overrides instructions",
    )
    assert second.label.endswith("in part")


def test_many_places_that_were_kept_away_are_counted(rag: FakeRag, page) -> None:
    thread = rag.begin("Revenue")
    rag.say(thread, "One?", withheld=[withheld("evil.md", number, whole=True) for number in range(1, 6)])
    shown = captions(page("ask", thread=thread))
    assert "Text was kept away" in shown
    assert "page 3; and 2 more places." in shown


def test_nothing_is_said_when_nothing_was_kept_away(rag: FakeRag, page) -> None:
    assert "kept away" not in captions(page("ask", thread=rag.begin("Revenue", "One?")))
