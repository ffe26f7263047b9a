"""Putting a question: the answer appears while it is written."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import streamlit as st

from ui.http.errors import Interrupted, Refused, ServiceError
from ui.sections.rag.answers import show_question
from ui.sections.rag.client import Piece
from ui.sections.rag.models import Answer, Sources, Token
from ui.sections.rag.options import chosen_options
from ui.sections.rag.service import rag
from ui.widgets.formats import count, harmless
from ui.widgets.scrolling import to_the_end
from ui.widgets.states import show

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

REDRAW_SECONDS = 0.05
"""The text is drawn at most this often: each drawing sends all of it to the browser."""
CURSOR = " ▌"


def ask(question: str, thread: str | None) -> None:
    """Put a question and show the answer; afterwards the page is drawn anew from what the service has stored."""
    with st.container(key="now-asked"):
        show_question(question)
    with st.chat_message("assistant", avatar=":material/auto_awesome:"):
        note, place = st.empty(), st.empty()
        note.caption(":material/search: Searching the documents …")
        to_the_end("now-asked")
        try:
            with rag().ask(question, thread, chosen_options()) as pieces:
                answer = _written(pieces, note, place)
        except ServiceError as error:
            _failed(question, error)
            return
    if answer.conversation_id:
        st.query_params["thread"] = answer.conversation_id
    st.session_state["answered"] = True
    st.rerun()


def _written(pieces: Iterator[Piece], note: "DeltaGenerator", place: "DeltaGenerator") -> Answer:
    text, drawn = "", 0.0
    try:
        for piece in pieces:
            match piece:
                case Sources(items=items):
                    note.caption(f":material/menu_book: Reading {count(len(items), 'passage')} …")
                case Token(text=token):
                    text += token
                    if time.monotonic() - drawn > REDRAW_SECONDS:
                        place.markdown(harmless(text) + CURSOR)
                        drawn = time.monotonic()
                case Answer() as answer:
                    place.markdown(harmless(answer.answer))
                    return answer
        raise Interrupted
    except ServiceError:
        place.empty()  # half an answer is none
        raise
    finally:
        note.empty()


def _failed(question: str, error: ServiceError) -> None:
    show(error)
    to_the_end("now-asked")
    if not (isinstance(error, Refused) and error.status in (401, 403, 422)):
        st.button("Ask again", icon=":material/refresh:", key="ask-again", on_click=_again, args=(question,))


def _again(question: str) -> None:
    st.session_state["next-question"] = question
