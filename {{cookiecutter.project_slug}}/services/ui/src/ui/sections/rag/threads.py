"""The conversations in the side bar, and what can be done with the one that is open."""

from functools import partial

import streamlit as st

from ui.sections.rag.models import Conversation, Share, Thread
from ui.sections.rag.service import rag
from ui.widgets.formats import ago, plain
from ui.widgets.states import explained, notify, reported

PAGE, MOST = 30, 200
TITLE_LENGTH = 200


def thread_list(current: str | None) -> None:
    """List the conversations beside the page."""
    with st.sidebar, st.container(key="threads"):
        st.button(
            "New conversation", icon=":material/add:", key="new-thread", width="stretch", on_click=_open, args=(None,),
            shortcut="Ctrl+Shift+O",
        )  # fmt: skip
        with explained("threads"):
            shown = int(st.session_state.get("threads-shown", PAGE))
            page = rag().threads(limit=shown)
            for thread in page.items:
                _entry(thread, is_open=thread.id == current)
            if not page.items:
                st.caption("Your conversations appear here.")
            if page.next_cursor and shown < MOST:
                st.button("Show older", key="threads-more", type="tertiary", on_click=_more, args=(shown,))


def thread_menu(thread: Conversation) -> None:
    """Offer what can be done with a conversation."""
    with st.popover("", icon=":material/more_horiz:", key="thread-menu", help="Rename, share, export, delete"):
        _rename(thread)
        _share(thread)
        _export(thread)
        _delete(thread)


def _entry(thread: Thread, *, is_open: bool) -> None:
    st.button(
        plain(thread.title), key=f"thread-{thread.id}", width="stretch", type="secondary" if is_open else "tertiary",
        on_click=_open, args=(thread.id,), help=ago(thread.updated_at), wrap=False,
    )  # fmt: skip


def _open(thread_id: str | None) -> None:
    if thread_id:
        st.query_params["thread"] = thread_id
    else:
        st.query_params.pop("thread", None)


def _more(shown: int) -> None:
    st.session_state["threads-shown"] = min(shown + PAGE, MOST)


def _rename(thread: Conversation) -> None:
    with st.form(f"rename-{thread.id}", border=False):
        title = st.text_input("Title", value=thread.title, max_chars=TITLE_LENGTH)
        if st.form_submit_button("Rename", icon=":material/edit:") and title.strip():
            with reported():
                rag().rename(thread.id, title.strip())
                notify("The conversation is renamed.")
                st.rerun()


def _share(thread: Conversation) -> None:
    st.markdown("**Share by link**")
    st.caption("Whoever has the link can read the conversation, and nothing else.")
    fresh: Share | None = st.session_state.get(f"share-{thread.id}")
    if fresh and fresh.token:
        st.code(link(fresh.token), language=None, wrap_lines=True)
    with explained("shares"):
        for share in rag().shares(thread.id).items:
            with st.container(horizontal=True, vertical_alignment="center"):
                ends = f", until {share.expires_at:%Y-%m-%d}" if share.expires_at else ""
                st.caption(f"Made {ago(share.created_at)}{ends}", width="stretch")
                st.button("Revoke", key=f"revoke-{share.id}", on_click=_revoke, args=(thread.id, share.id))
    st.button("Make a link", icon=":material/link:", key="share", on_click=_make_link, args=(thread.id,))


def link(token: str) -> str:
    """Return the address of a shared conversation, as this browser sees this server."""
    base = (st.context.url or "").partition("?")[0].rpartition("/")[0]
    return f"{base}/shared?token={token}"


def _make_link(thread_id: str) -> None:
    with reported():
        st.session_state[f"share-{thread_id}"] = rag().share(thread_id)


def _revoke(thread_id: str, share_id: str) -> None:
    with reported():
        rag().revoke(thread_id, share_id)
        fresh: Share | None = st.session_state.get(f"share-{thread_id}")
        if fresh and fresh.id == share_id:
            del st.session_state[f"share-{thread_id}"]
        notify("The link no longer works.")


def _export(thread: Conversation) -> None:
    st.markdown("**Export**")
    with st.container(horizontal=True):
        for label, form, ending in (("Markdown", "markdown", "md"), ("JSON", "json", "json")):
            st.download_button(
                label, data=partial(rag().export, thread.id, form), file_name=f"conversation.{ending}",
                icon=":material/download:", on_click="ignore", key=f"export-{form}",
            )  # fmt: skip


def _delete(thread: Conversation) -> None:
    st.markdown("**Delete**")
    sure = st.checkbox("Delete this conversation for good", key=f"sure-{thread.id}")
    if st.button("Delete", icon=":material/delete:", disabled=not sure, key="delete-thread"):
        with reported():
            rag().delete_thread(thread.id)
            _open(None)
            notify("The conversation is deleted.")
            st.rerun()
