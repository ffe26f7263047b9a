"""What one thinks of an answer: a thumb, and a comment on it. Shown is always what the service keeps."""

import streamlit as st

from ui.http.errors import ServiceError
from ui.sections.rag.models import Feedback, Rating
from ui.sections.rag.service import rag
from ui.widgets.states import notify, reported

THUMBS: tuple[Rating, ...] = ("down", "up")
LONGEST_COMMENT = 2000
READ, SAID_HERE = "feedback", "feedback-said-here"


def given_feedback() -> dict[str, Feedback]:
    """Return what was said, by answer; read once and again after something was said here.

    What was said here is remembered besides: the service lists the newest answers only, and not to every key.
    """
    if READ not in st.session_state:
        try:
            st.session_state[READ] = {one.answer_id: one for one in rag().feedback().items}
        except ServiceError:
            return _said_here()  # the key may ask and not read feedback: the thumbs work nevertheless
    known: dict[str, Feedback] = st.session_state[READ]
    return _said_here() | known


def show_feedback(answer_id: str, given: Feedback | None) -> None:
    """Show the thumbs, and a field for a comment once there is a thumb."""
    key = f"thumbs-{answer_id}"
    st.session_state[key] = THUMBS.index(given.rating) if given else None
    st.feedback("thumbs", key=key, on_change=_rate, args=(answer_id, key))
    if given:
        with st.popover("Comment", icon=":material/edit_note:", key=f"comment-{answer_id}"):
            _comment(answer_id, given)


def _comment(answer_id: str, given: Feedback) -> None:
    with st.form(f"comment-form-{answer_id}", border=False):
        comment = st.text_area("What was good or wrong?", value=given.comment or "", max_chars=LONGEST_COMMENT)
        if st.form_submit_button("Send", type="primary"):
            with reported():
                _keep(answer_id, Feedback(rating=given.rating, comment=comment.strip() or None))
                st.rerun()


def _rate(answer_id: str, key: str) -> None:
    picked = st.session_state[key]
    if picked is None:
        notify("Feedback cannot be withdrawn. Choose the other thumb to change it.")
        return
    given = given_feedback().get(answer_id)
    with reported():
        _keep(answer_id, Feedback(rating=THUMBS[picked], comment=given.comment if given else None))


def _keep(answer_id: str, feedback: Feedback) -> None:
    rag().rate(answer_id, feedback)  # replaces all that was said before, the comment too
    _said_here()[answer_id] = feedback
    st.session_state.pop(READ, None)
    notify("Thank you. Your feedback is kept with the answer.")


def _said_here() -> dict[str, Feedback]:
    said: dict[str, Feedback] = st.session_state.setdefault(SAID_HERE, {})
    return said
