"""A page of a document, shown over the conversation with the cited words marked."""

from collections.abc import Sequence

import streamlit as st

from ui.sections.rag.models import Citation, PageText
from ui.sections.rag.service import rag
from ui.widgets.formats import plain
from ui.widgets.page_text import page_html
from ui.widgets.scrolling import to_the_mark
from ui.widgets.states import explained

TURNED_TO = "viewer-page"


def open_page(name: str, document_id: str, page: int, quotes: Sequence[str] = ()) -> None:
    """Show a page of a document, with buttons to turn over."""
    st.session_state.pop(TURNED_TO, None)

    @st.dialog(name, width="medium", icon=":material/description:")
    def dialog() -> None:
        show_page(document_id, page, quotes)

    dialog()


def open_citation(citation: Citation) -> None:
    """Show the page that a citation names."""
    open_page(citation.document_name, citation.document_id, citation.page, [citation.quote])


@st.fragment
def show_page(document_id: str, first: int, quotes: Sequence[str]) -> None:
    """Show one page, at first the one that is named; quotes stand on that one."""
    with explained(f"page-{document_id}"):
        number = int(st.session_state.get(TURNED_TO, first))
        text = rag().page(document_id, number)
        _turning(text)
        _text(text, quotes if number == first else ())
        st.download_button(
            "Download the document",
            data=lambda: rag().content(document_id),
            file_name=text.document_name,
            icon=":material/download:",
            on_click="ignore",
        )


def _turning(text: PageText) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        _turn_button("Previous", ":material/chevron_left:", text.page - 1, text.pages, "Left")
        st.markdown(f"Page **{text.page}** of {text.pages}", width="content")
        _turn_button("Next", ":material/chevron_right:", text.page + 1, text.pages, "Right")


def _turn_button(label: str, icon: str, page: int, pages: int, shortcut: str) -> None:
    exists = 1 <= page <= pages
    st.button(label, icon=icon, disabled=not exists, shortcut=shortcut, on_click=_turn, args=(page,))


def _turn(page: int) -> None:
    st.session_state[TURNED_TO] = page


def _text(text: PageText, quotes: Sequence[str]) -> None:
    if not text.text.strip():
        st.info("This page holds no text.", icon=":material/draft:")
        return
    shown, found = page_html(text.text, quotes[0] if quotes else None)
    with st.container(border=True, height=440, key="page-text"):
        st.html(f'<div class="page-text">{shown}</div>')
    if found:
        to_the_mark("page-text")
    elif quotes:
        st.caption(f"Cited: {plain(quotes[0])}")
