"""How to search and which model to ask: chosen once, kept while the browser's tab is open."""

from collections.abc import Mapping
from typing import TypeVar

import streamlit as st

from ui.http.errors import ServiceError
from ui.sections.rag.client import AskOptions
from ui.sections.rag.service import model_names, rag

T = TypeVar("T")

DEFAULT = "As the service decides"
MODES = {"hybrid": "Meaning and words", "dense": "Meaning only", "sparse": "Words only"}
RERANK = {True: "Look again at the best", False: "Take them as found"}
EXPANSIONS = {"none": "The passage alone", "neighbours": "With its neighbours", "parent": "The whole section"}
REWRITINGS = {
    "none": "The question as it is",
    "multi_query": "Several wordings of it",
    "hyde": "An imagined answer as well",
}
LARGEST_LIMIT = 50


def chosen_options() -> AskOptions:
    """Return what has been chosen."""
    options: AskOptions = st.session_state.get("ask-options", AskOptions())
    return options


def choose_options() -> None:
    """Offer the choices, behind one button."""
    changed = chosen_options().changed
    label = f"Settings ({changed})" if changed else "Settings"
    with st.popover(label, icon=":material/tune:", key="ask-settings"):
        st.session_state["ask-options"] = option_fields("ask", chosen_options(), with_model=True)
        if changed:
            st.button("As the service decides", icon=":material/undo:", on_click=_reset, key="ask-reset")


def option_fields(place: str, now: AskOptions, *, with_model: bool) -> AskOptions:
    """Show a field for each choice and return what they say."""
    model = _model(place, now.model) if with_model else None
    mode = _choice("Search by", MODES, now.mode, f"{place}-mode")
    rerank = _choice("Order of the passages", RERANK, now.rerank, f"{place}-rerank")
    expansion = _choice("Text given to the model", EXPANSIONS, now.expansion, f"{place}-expansion")
    rewriting = _choice("Search for", REWRITINGS, now.rewriting, f"{place}-rewriting")
    limit = st.number_input(
        "Passages", 1, LARGEST_LIMIT, value=now.limit, placeholder=DEFAULT, key=f"{place}-limit", step=1
    )
    tags = _tags(place, now.tags) if with_model else ()
    return AskOptions(model, mode, rerank, expansion, rewriting, int(limit) if limit else None, tags)


def described(options: AskOptions) -> str:
    """Say in one line what was chosen for the search."""
    return " · ".join(f"{name} {value}" for name, value in options.retrieval().items()) or DEFAULT


def _choice(label: str, names: Mapping[T, str], now: T | None, key: str) -> T | None:
    values = list(names)
    index = values.index(now) if now in values else None
    return st.selectbox(label, values, index=index, format_func=names.__getitem__, key=key, placeholder=DEFAULT)


def _model(place: str, now: str | None) -> str | None:
    try:
        names = model_names()
    except ServiceError:
        names = ()  # the page itself says that the service is away
    known = {name: name for name in names} | ({now: now} if now else {})
    return _choice("Model", known, now, f"{place}-model")


def _tags(place: str, now: tuple[str, ...]) -> tuple[str, ...]:
    known = sorted({*known_tags(), *now})
    help_text = "Only documents that have all of these tags are searched."
    picked = st.multiselect(
        "Only documents tagged", known, default=list(now), accept_new_options=True, key=f"{place}-tags",
        help=help_text, placeholder="All documents",
    )  # fmt: skip
    return tuple(picked)


def known_tags() -> set[str]:
    """Return the tags of the newest documents; others can be typed."""
    try:
        return {tag for document in rag().documents(limit=100).items for tag in document.tags}
    except ServiceError:
        return set()


def _reset() -> None:
    st.session_state["ask-options"] = AskOptions()
    for name in ("model", "mode", "rerank", "expansion", "rewriting", "limit", "tags"):
        st.session_state.pop(f"ask-{name}", None)
