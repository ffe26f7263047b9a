"""The menu, and below it the page that was chosen."""

from pathlib import Path
from typing import Literal

import streamlit as st

from ui.connections import is_shown, sections, settings
from ui.section import PageSpec, Section
from ui.widgets.states import show_notices

HERE = Path(__file__).parent  # no folder `pages` may be here: Streamlit would take it for the menu


def main() -> None:
    """Show the menu and run the chosen page."""
    st.html(HERE / "widgets" / "style.css")
    menu = {"": [st.Page(HERE / "start.py", title=":material/home: Start", default=True)]}
    for section in sections():
        shown = is_shown(section)
        menu[section.title] = [_page(section, page, shown) for page in section.pages]
    chosen = st.navigation(menu, position="hidden" if _came_by_link() else "sidebar", expanded=True)
    icon = (HERE / "widgets" / "icon.svg").read_text(encoding="utf-8")
    st.set_page_config(page_title=f"{_words(chosen.title)} · {settings().ui.title}", page_icon=icon, layout="wide")
    show_notices()
    chosen.run()


def _came_by_link() -> bool:
    """Whether the address is that of a page without a menu. That is a courtesy: the other pages are still there."""
    name = (st.context.url or "").rstrip("/").rpartition("/")[2]
    return any(page.alone and page.name == name for section in sections() for page in section.pages)


def _page(section: Section, page: PageSpec, shown: bool) -> "st.Page":
    # A hidden page still has its address: a link from yesterday works, or says what is wrong.
    visibility: Literal["visible", "hidden"] = "visible" if shown and page.listed else "hidden"
    # The icon stands in the title: as the page's own it would also be the tab's, and be fetched from another host.
    title = f"{page.icon} {page.title}"
    return st.Page(section.script(page), title=title, url_path=page.name, visibility=visibility)


def _words(title: str) -> str:
    return title.partition(": ")[2]
