"""Drift: whether traffic still looks like the training data, and how good recent answers were."""

import streamlit as st

from ui.http.jobs import Job
from ui.sections.prediction import charts
from ui.sections.prediction.models import DriftHistory, DriftReport, Model, OnlineMetrics, Retrainings
from ui.sections.prediction.service import choose_model, prediction
from ui.widgets.formats import ago, count, figure, label, moment, plain
from ui.widgets.jobs import failure, follow
from ui.widgets.states import empty, explained, header, notify, reported

VERDICTS = {
    "stable": ("stable", ":material/check_circle:", "green"),
    "drift": ("drift", ":material/warning:", "orange"),
    "not_enough_data": ("not enough data", ":material/hourglass_empty:", "gray"),
}


def main() -> None:
    """Show the latest check, earlier ones, quality and retrainings."""
    header("Drift", "Each column of recent requests is compared with the training data, on schedule and on demand.")
    with explained("drift"):
        model = choose_model()
        if model is None:
            return
        _check(model)
        history = prediction().drift(model.name)
        columns, quality, retrained = st.tabs(["Columns", "Quality", "Retrainings"])
        with columns:
            _latest(history)
        with quality:
            _quality(prediction().quality(model.name))
        with retrained:
            _retrainings(prediction().retrainings(model.name))


def _check(model: Model) -> None:
    running = st.session_state.get("drift-job")
    if running:
        follow(prediction().jobs, running, _checked)
    elif st.button("Check now", icon=":material/troubleshoot:", key="check-drift"):
        with reported():
            st.session_state["drift-job"] = prediction().check_drift(model.name).id
            st.rerun()
    ended: Job | None = st.session_state.pop("drift-ended", None)
    if ended and ended.error:
        failure(ended.error)


def _checked(job: Job) -> None:
    st.session_state.pop("drift-job", None)
    st.session_state["drift-ended"] = job
    if not job.error:
        notify("The check is done.")


def _latest(history: DriftHistory) -> None:
    report = history.latest
    if report is None:
        empty("monitoring", "No check yet", "Checks run on schedule; “Check now” starts one.")
        return
    text, icon, color = VERDICTS[report.status]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(text, icon=icon, color=color)  # type: ignore[arg-type]  # the values are Streamlit's colours
        st.caption(f"version {plain(report.version)} · {count(report.rows, 'row')} · checked {ago(report.created_at)}")
    if report.status == "not_enough_data":
        needed = count(report.minimum_rows, "prediction")
        st.info(f"A check needs {needed} within the window; there are {report.rows}.", icon=":material/info:")
    if report.columns:
        st.altair_chart(charts.drift(report), width="stretch")
        st.dataframe(_table(report), hide_index=True, width="stretch")
    with st.expander(f"Earlier checks ({len(history.reports)})", icon=":material/history:"):
        for one in history.reports:
            drifted = [column.name for column in one.columns if column.drifted]
            moved = f": {plain(', '.join(drifted))}" if drifted else ""
            st.markdown(f"{VERDICTS[one.status][1]} {moment(one.created_at)} · {VERDICTS[one.status][0]}{moved}")


def _table(report: DriftReport) -> list[dict[str, object]]:
    return [
        {
            "column": one.name,
            "drifted": one.drifted,
            "why": one.reason or "",
            "PSI": one.psi,
            "distance": one.distance,
            "p": one.p_value,
            "missing": one.missing_share,
            "missing in training": one.reference_missing_share,
        }
        for one in report.columns
    ]


def _quality(online: OnlineMetrics) -> None:
    if not online.versions:
        empty("grading", "No predictions in this window", "Answers are judged once labels arrive (POST /v1/feedback).")
        return
    st.caption(f"{moment(online.window_start)} to {moment(online.window_end)}")
    for one in online.versions:
        with st.container(border=True, key=f"quality-{one.version}-{one.variant}"):
            st.markdown(f"**Version {plain(one.version)}** as {plain(one.variant)}")
            st.caption(f"{count(one.predictions, 'prediction')}, {one.labelled_share:.0%} with labels")
            with st.container(horizontal=True):
                for name, metric in one.metrics.items():
                    shown = f"{figure(metric.low)} to {figure(metric.high)}"
                    st.metric(label(name), figure(metric.value), delta=shown, delta_color="off", delta_arrow="off")


def _retrainings(found: Retrainings) -> None:
    if not found.retrainings:
        empty("model_training", "No retraining so far", "A breach of drift or quality starts one.")
    for one in found.retrainings:
        with st.container(border=True, key=f"retraining-{one.id}"):
            st.markdown(f"**{plain(label(one.trigger))}** of version {plain(one.version)}: {plain(one.reason)}")
            made = f"made version {plain(one.challenger)}" if one.challenger else ""
            promoted = "promoted" if one.promoted else ""
            parts = (moment(one.created_at), made, promoted, plain(one.outcome or "running"))
            st.caption(" · ".join(filter(None, parts)))
