"""Background work, shown while it goes on."""

from collections.abc import Callable

import streamlit as st

from ui.connections import settings
from ui.http.jobs import Failure, Job, Jobs
from ui.widgets.formats import ago, plain
from ui.widgets.states import empty, explained, notify

ICONS = {
    "queued": ":material/schedule:",
    "running": ":material/progress_activity:",
    "succeeded": ":material/check_circle:",
    "failed": ":material/replay:",
    "cancelled": ":material/cancel:",
    "dead_letter": ":material/error:",
}
WORDS = {"dead_letter": "given up", "failed": "failed, will be tried again"}
PAGE, MOST = 20, 100
FILTERS = ("running", "queued", "succeeded", "failed", "dead_letter", "cancelled")


def progress(fraction: float, message: str | None) -> None:
    """Show how far something is."""
    st.progress(min(max(fraction, 0.0), 1.0), text=plain(message) if message else f"{fraction:.0%}")


def failure(error: Failure) -> None:
    """Show why work ended badly and what to do."""
    advice = f"\n\n**{plain(error.hint)}**" if error.hint else ""
    st.error(f"{plain(error.detail)}{advice}\n\n:small[`{error.code}`]", icon=":material/error:")


def follow(jobs: Jobs, job_id: str, finished: Callable[[Job], None]) -> None:
    """Show a job until it is done, then call `finished` once; looks again by itself."""

    @st.fragment(run_every=settings().ui.poll_seconds)
    def look() -> None:
        with explained(f"job-{job_id}"):
            job = jobs.get(job_id)
            if not job.done:
                progress(job.progress.fraction, job.progress.message or _worded(job.state))
                return
            finished(job)
            st.rerun()

    look()


def board(jobs: Jobs, place: str) -> None:
    """Show the jobs of a service, newest first, with what can be done to each."""
    chosen = st.pills("State", FILTERS, format_func=_worded, key=f"{place}-state")

    @st.fragment(run_every=settings().ui.poll_seconds * 5)
    def look() -> None:
        with explained(place):
            shown = int(st.session_state.get(f"{place}-shown", PAGE))
            page = jobs.page(state=chosen, limit=shown)
            if not page.items:
                empty("work_history", "No jobs", "Uploads, trainings and checks appear here while they run.")
            for job in page.items:
                _row(jobs, job)
            if page.next_cursor and shown < MOST:
                st.button("Show more", key=f"{place}-more", on_click=_more, args=(place, shown))

    look()


def _worded(state: str) -> str:
    return WORDS.get(state, state)


def _more(place: str, shown: int) -> None:
    st.session_state[f"{place}-shown"] = min(shown + PAGE, MOST)


def _row(jobs: Jobs, job: Job) -> None:
    with st.container(border=True, key=f"job-{job.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{ICONS[job.state]} **{plain(job.kind)}** · {_worded(job.state)}", width="stretch")
            st.caption(ago(job.finished_at or job.started_at or job.created_at), width="content")
            if job.state in ("queued", "running"):
                st.button("Cancel", key=f"cancel-{job.id}", on_click=_cancel, args=(jobs, job))
            elif job.state in ("dead_letter", "cancelled"):
                st.button("Run again", key=f"retry-{job.id}", on_click=_retry, args=(jobs, job))
        if job.state in ("queued", "running"):
            progress(job.progress.fraction, job.progress.message)
        if job.error:
            failure(job.error)


def _cancel(jobs: Jobs, job: Job) -> None:
    with explained(f"cancel-{job.id}"):
        jobs.cancel(job.id)
        notify("The job is asked to end.")


def _retry(jobs: Jobs, job: Job) -> None:
    with explained(f"retry-{job.id}"):
        jobs.retry(job.id)
        notify("The job runs again.")
