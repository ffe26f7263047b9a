"""A conversation that somebody has shared by a link: to be read, and nothing else."""

import streamlit as st

from ui.http.errors import Refused
from ui.sections.rag.answers import show_shared
from ui.sections.rag.service import rag
from ui.widgets.formats import moment, plain
from ui.widgets.states import empty, explained


def main() -> None:
    """Show what the link in the address shows."""
    token = st.query_params.get("token")
    if not token:
        empty("link_off", "This link is incomplete", "Ask whoever sent it for the whole address.")
        return
    with explained("shared"):
        try:
            thread = rag().shared(token)
        except Refused as problem:
            if problem.status not in (404, 422):
                raise
            empty(
                "link_off", "This link does not work any more", "It may have been revoked, or the conversation deleted."
            )
            return
        st.subheader(plain(thread.title), anchor=False)
        st.caption(f"A shared conversation of {moment(thread.created_at)}, to be read only")
        for message in thread.messages:
            show_shared(message)
