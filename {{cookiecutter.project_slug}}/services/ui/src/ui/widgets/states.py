"""What a page shows when there is nothing, when something went wrong, and on its top."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from ui.http.errors import Refused, ServiceError
from ui.widgets.formats import plain


def header(title: str, purpose: str) -> None:
    """Begin a page."""
    st.title(title, anchor=False)
    st.caption(purpose)


def empty(icon: str, title: str, advice: str) -> None:
    """Say that there is nothing yet and what to do about it."""
    with st.container(border=True, horizontal_alignment="center", key=f"empty-{title}"):
        st.markdown(f":material/{icon}:", width="content")
        st.markdown(f"**{title}**", width="content", text_alignment="center")
        st.caption(advice, width="content", text_alignment="center")


def show(error: ServiceError) -> None:
    """Show a failure: what, what to do, and what to quote when asking for help."""
    icon = ":material/cloud_off:" if error.code == "service_away" else ":material/error:"
    lines = [plain(str(error))]
    if isinstance(error, Refused):
        lines += [f"- {plain(field.name)}: {plain(field.message)}" for field in error.fields]
    if error.hint:
        lines.append(f"**{plain(error.hint)}**")
    reference = f"`{error.code}`" + (f" · request `{error.request_id}`" if error.request_id else "")
    st.error("\n\n".join([*lines, f":small[{reference}]"]), icon=icon)


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Show a failure of the block in its place, with a button that tries again."""
    try:
        yield
    except ServiceError as error:
        show(error)
        st.button("Try again", icon=":material/refresh:", key=f"again-{place}")


@contextmanager
def reported() -> Iterator[None]:
    """Show a failure of an action below it. The page stays as it is, with what has been typed."""
    try:
        yield
    except ServiceError as error:
        show(error)


def notify(text: str) -> None:
    """Confirm something in passing, also across the rerun that follows it."""
    st.session_state["notices"] = [*st.session_state.get("notices", []), text]


def show_notices() -> None:
    """Show what was confirmed before the rerun."""
    for text in st.session_state.pop("notices", []):
        st.toast(text, icon=":material/check:")
