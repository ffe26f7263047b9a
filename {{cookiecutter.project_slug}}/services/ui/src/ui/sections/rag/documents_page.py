"""The library: uploading documents and seeing what became of them."""

import mimetypes
from typing import TYPE_CHECKING

import streamlit as st

from ui.connections import settings
from ui.sections.rag.library import outcome, row
from ui.sections.rag.models import DocumentPage
from ui.sections.rag.options import known_tags
from ui.sections.rag.service import rag
from ui.widgets.formats import count, label
from ui.widgets.states import empty, explained, header, reported

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

TYPES = ["pdf", "docx", "html", "htm", "md", "txt"]
STATES = ("ready", "processing", "queued", "failed")
PAGE, MOST = 20, 100


def main() -> None:
    """Show the upload, then the list."""
    header("Library", "PDF, Word, HTML, Markdown and plain text. A file with a known name replaces the earlier one.")
    with explained("documents"):
        _upload()
        _filters()
        first = _read()
        st.fragment(_list, run_every=settings().ui.poll_seconds if _busy(first) else None)(first)


def _upload() -> None:
    with st.form("upload", clear_on_submit=True):
        files = st.file_uploader("Documents", TYPES, accept_multiple_files=True, key="upload-files")
        tags = st.multiselect(
            "Tags for all of them", sorted(known_tags()), accept_new_options=True, placeholder="None", key="upload-tags"
        )
        sent = st.form_submit_button("Add to the library", type="primary", icon=":material/library_add:")
    if sent and not files:
        st.warning("Choose at least one file first.", icon=":material/attach_file:")
    elif sent:
        _send(files, tags)


def _send(files: "list[UploadedFile]", tags: list[str]) -> None:
    with reported(), st.spinner(f"Sending {count(len(files), 'file')} …", show_time=True):
        outcome(rag().upload([(file.name, file.getvalue(), _type(file)) for file in files], tags))


def _type(file: "UploadedFile") -> str:
    return file.type or mimetypes.guess_type(file.name)[0] or "application/octet-stream"


def _filters() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Name", key="documents-name", placeholder="Part of a name", icon=":material/search:")
        st.selectbox("Tag", sorted(known_tags()), index=None, key="documents-tag", placeholder="Any")
        st.selectbox("State", STATES, index=None, format_func=label, key="documents-state", placeholder="Any")


def _read() -> DocumentPage:
    chosen = st.session_state
    return rag().documents(
        name=(chosen.get("documents-name") or "").strip(),
        tag=chosen.get("documents-tag"),
        state=chosen.get("documents-state"),
        limit=int(chosen.get("documents-shown", PAGE)),
    )


def _busy(page: DocumentPage) -> bool:
    return any(document.busy for document in page.items)


def _list(first: DocumentPage) -> None:
    with explained("documents-list"):
        page = _read()
        if _busy(first) and not _busy(page):
            st.rerun()  # everything is read: stop looking, and let the whole page know
        if not page.items:
            _nothing()
        for document in page.items:
            row(document)
        shown = int(st.session_state.get("documents-shown", PAGE))
        if page.next_cursor and shown < MOST:
            st.button("Show more", key="documents-more", on_click=_more, args=(shown,))
        elif page.next_cursor:
            st.caption("Older documents are found by their name, tag or state.")


def _nothing() -> None:
    if any(st.session_state.get(f"documents-{name}") for name in ("name", "tag", "state")):
        empty("search_off", "No document fits", "Change or clear the filters above.")
    else:
        empty("folder_open", "The library is empty", "Choose files above, or run `make ingest DIR=…`.")


def _more(shown: int) -> None:
    st.session_state["documents-shown"] = min(shown + PAGE, MOST)
