"""The service as these pages reach it."""

import streamlit as st

from ui.connections import api
from ui.sections.rag import SECTION
from ui.sections.rag.client import Rag

MODELS_SECONDS = 60
PREFIX = f"{SECTION.name}:"
"""Of the models' names in OpenAI's shape; an ask names them without."""


def rag() -> Rag:
    """Return the service."""
    return Rag(api(SECTION))


def page_path(name: str) -> str:
    """Return a page's script, as links to it need it."""
    return str(SECTION.script(next(page for page in SECTION.pages if page.name == name)))


@st.cache_data(ttl=MODELS_SECONDS, show_spinner=False)
def model_names() -> tuple[str, ...]:
    """List the models that can be asked."""
    ids = (model.id for model in rag().models().data)
    return tuple(name.removeprefix(PREFIX) for name in ids if name.startswith(PREFIX))
