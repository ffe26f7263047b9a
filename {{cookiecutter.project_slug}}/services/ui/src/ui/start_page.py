"""The first page: which services there are, how they are, and what can be done here."""

import streamlit as st

from ui.connections import answers, api, is_shown, sections, settings
from ui.section import Section
from ui.widgets.states import empty


def main() -> None:
    """Show every section with its pages."""
    st.title(settings().ui.title, anchor=False)
    present = sections()
    if not present:
        empty("extension_off", "This project has no service with pages", "Add a component, and its pages appear here.")
    for section in present:
        _card(section)


def _card(section: Section) -> None:
    here = answers(section.name, section.default_url)
    with st.container(border=True, key=f"section-{section.name}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(section.title, anchor=False, width="stretch")
            if here:
                st.badge("ready", icon=":material/check:", color="green")
            else:
                st.badge("away", icon=":material/cloud_off:", color="orange")
        if not here:
            st.markdown(
                f"Nobody answers at `{api(section).url}`. Start the services with `make dev`, "
                f"or set `{section.name.upper()}_URL` to where this one is."
            )
            st.button("Look again", icon=":material/refresh:", key=f"look-{section.name}", on_click=answers.clear)
        if is_shown(section):
            for page in filter(lambda page: page.listed, section.pages):
                with st.container(gap=None, key=f"link-{page.name}"):
                    st.page_link(section.script(page), label=f"**{page.title}**", icon=page.icon)
                    st.caption(page.purpose)
