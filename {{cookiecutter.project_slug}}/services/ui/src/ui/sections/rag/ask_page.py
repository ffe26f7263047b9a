"""Asking: a conversation about the documents."""

import streamlit as st

from ui.http.errors import Refused
from ui.sections.rag.answers import show_answer, show_question
from ui.sections.rag.asking import ask
from ui.sections.rag.feedback import given_feedback
from ui.sections.rag.models import Answer, Conversation
from ui.sections.rag.options import choose_options
from ui.sections.rag.service import page_path, rag
from ui.sections.rag.threads import thread_list, thread_menu
from ui.widgets.formats import count, money, plain
from ui.widgets.scrolling import to_the_end
from ui.widgets.states import empty, explained

LONGEST_QUESTION = 4000


def main() -> None:
    """Show the conversation that the address names, and a field for the next question."""
    thread_id = st.query_params.get("thread")
    with explained("ask"):
        thread = _read(thread_id)
        thread_list(thread.id if thread else None)
        _head(thread)
        if thread and thread.answers:
            _show(thread)
        typed = st.chat_input(
            "Ask about your documents", max_chars=LONGEST_QUESTION, submit_mode="stop", key="question"
        )
        question = typed or st.session_state.pop("next-question", None)
        if question:
            ask(question, thread.id if thread else None)
        elif not (thread and thread.answers):
            _welcome()


def _read(thread_id: str | None) -> Conversation | None:
    if not thread_id:
        return None
    try:
        return rag().thread(thread_id)
    except Refused as problem:
        if problem.status not in (404, 422):
            raise
        st.query_params.pop("thread", None)
        st.warning("There is no such conversation any more. Here is a new one.", icon=":material/search_off:")
        return None


def _show(thread: Conversation) -> None:
    given = given_feedback()
    for answer in thread.answers:
        show_question(answer.question)
        show_answer(answer, given.get(answer.id))
    if st.session_state.pop("answered", False):
        to_the_end("ask-head")


def _head(thread: Conversation | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="ask-head"):
        st.subheader(plain(thread.title) if thread else "New conversation", anchor=False, width="stretch")
        choose_options()
        if thread:
            thread_menu(thread)
    if thread and thread.answers:
        st.caption(_spent(thread.answers))


def _spent(answers: list[Answer]) -> str:
    tokens = sum(answer.meta.tokens.input + answer.meta.tokens.output for answer in answers)
    total = money(sum(answer.meta.cost_usd for answer in answers))
    return f"{count(len(answers), 'answer')} · {count(tokens, 'token')} · {plain(total)}"


def _welcome() -> None:
    if rag().documents(limit=1).items:
        empty("forum", "What would you like to know?", "Answers come from your documents alone and name their sources.")
    else:
        empty("folder_open", "There are no documents yet", "Upload some first; then ask about them here.")
        st.page_link(page_path("documents"), label="Go to the library", icon=":material/upload:")
