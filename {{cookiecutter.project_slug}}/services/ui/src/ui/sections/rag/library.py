"""The documents of the library: one row for each, with its state and what can be done."""

from typing import Literal

import streamlit as st

from ui.sections.rag.models import Document, RefusedFile, Upload
from ui.sections.rag.service import rag
from ui.sections.rag.viewer import open_page
from ui.widgets.formats import ago, count, plain, size
from ui.widgets.jobs import failure, progress
from ui.widgets.states import notify, reported

Color = Literal["green", "gray", "blue", "red"]
BADGES: dict[str, tuple[str, str, Color]] = {
    "ready": ("ready", ":material/check:", "green"),
    "queued": ("waiting", ":material/schedule:", "gray"),
    "processing": ("being read", ":material/progress_activity:", "blue"),
    "failed": ("failed", ":material/error:", "red"),
}
WHAT_TO_DO = {
    "encrypted": "Remove the password and upload it again.",
    "corrupt": "Open the file yourself; if it opens, save it anew and upload that.",
    "no_text": "It holds pictures of text only. Run it through text recognition (OCR) first.",
    "too_large": "Split it into parts and upload those.",
    "unsupported_type": "Upload PDF, DOCX, HTML, Markdown or plain text.",
}
"""Advice for a failure that brings none of its own."""


def row(document: Document) -> None:
    """Show one document."""
    with st.container(border=True, gap="xsmall", key=f"document-{document.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(document.name)}**", width="stretch")
            text, icon, color = BADGES[document.state]
            st.badge(text, icon=icon, color=color)
            _menu(document)
        st.caption(_facts(document))
        if document.busy and document.progress:
            progress(document.progress.fraction, document.progress.message)
        if document.searchable and document.state != "ready":
            st.caption(":material/history: Until the new content is ready, the earlier one answers.")
        if document.error:
            error = document.error
            failure(error if error.hint else error.model_copy(update={"hint": WHAT_TO_DO.get(error.code)}))


def _facts(document: Document) -> str:
    facts = [size(document.size), f"uploaded {ago(document.created_at)}"]
    if document.pages:
        facts.insert(0, count(document.pages, "page"))
    if document.chunks:
        facts.insert(1, count(document.chunks, "passage"))
    tags = "".join(f" :gray-badge[{plain(tag)}]" for tag in document.tags)
    return " · ".join(facts) + tags


def _menu(document: Document) -> None:
    with st.popover("", icon=":material/more_horiz:", key=f"menu-{document.id}", help="Read, tag, download, delete"):
        if document.state == "ready" and st.button("Read", icon=":material/menu_book:", key=f"read-{document.id}"):
            open_page(document.name, document.id, 1)
        st.download_button(
            "Download", data=lambda: rag().content(document.id), file_name=document.name, icon=":material/download:",
            on_click="ignore", key=f"download-{document.id}",
        )  # fmt: skip
        _tags(document)
        sure = st.checkbox("Delete it and all that was made of it", key=f"sure-{document.id}")
        if st.button("Delete", icon=":material/delete:", disabled=not sure, key=f"delete-{document.id}"):
            with reported():
                rag().delete_document(document.id)
                notify(f"{document.name} is deleted.")
                st.rerun()


def _tags(document: Document) -> None:
    with st.form(f"tags-{document.id}", border=False):
        tags = st.multiselect("Tags", document.tags, default=document.tags, accept_new_options=True)
        if st.form_submit_button("Save the tags", icon=":material/sell:"):
            with reported():
                rag().tag(document.id, tags)
                notify(f"The tags of {document.name} are saved.")
                st.rerun()


def outcome(upload: Upload) -> None:
    """Say what became of an upload's files, as far as the list does not show it."""
    unchanged = [accepted.document.name for accepted in upload.items if accepted.outcome == "unchanged"]
    if unchanged:
        names = ", ".join(map(plain, unchanged))
        st.info(f"Already in the library, and the same: {names}", icon=":material/content_copy:")
    for file in upload.refused:
        _refused(file)


def _refused(file: RefusedFile) -> None:
    advice = file.hint or WHAT_TO_DO.get(file.code)
    text = f"**{plain(file.name)}** was not taken. {plain(file.detail)}"
    st.error(
        text + (f"\n\n**{plain(advice)}**" if advice else "") + f"\n\n:small[`{file.code}`]", icon=":material/error:"
    )
