"""Evaluation: how good the answers are, measured on questions whose answers are known."""

import streamlit as st
from pydantic import JsonValue

from ui.http.jobs import Job
from ui.sections.rag import charts
from ui.sections.rag.client import AskOptions
from ui.sections.rag.measures import Comparison, Estimate, Evaluation, EvaluationSummary, Report, Row
from ui.sections.rag.options import described, option_fields
from ui.sections.rag.service import rag
from ui.widgets.formats import ago, count, figure, label, milliseconds, plain
from ui.widgets.jobs import failure, follow
from ui.widgets.states import empty, explained, header, notify, reported

MARKS = {"better": ":material/trending_up:", "worse": ":material/trending_down:"}
ACTIVE = ("queued", "running")


def main() -> None:
    """Show the evaluation that the address names, or all of them."""
    header("Evaluation", "Questions whose answers are known, put to the service; every figure with its 95 % interval.")
    with explained("evaluations"):
        chosen = st.query_params.get("evaluation")
        if chosen:
            _one(chosen)
        else:
            _start()
            _all()


def _start() -> None:
    with st.expander("Start an evaluation", icon=":material/play_arrow:"):
        name = st.text_input("Set of questions", value="project", key="evaluation-set", help="`project` is shipped")
        comparing = st.toggle("Compare with a second way of searching", key="evaluation-compare")
        left, right = st.columns(2) if comparing else (st.container(), None)
        with left:
            first = option_fields("first", AskOptions(), with_model=False)
        second = None
        if right is not None:
            with right:
                second = option_fields("second", AskOptions(), with_model=False)
        if comparing and second is not None:
            st.caption(f"First: {described(first)} — second: {described(second)}")
        if st.button("Start", type="primary", icon=":material/play_arrow:", key="evaluation-start"):
            with reported():
                job = rag().evaluate(name.strip(), first, second)
                st.query_params["evaluation"] = job.id
                st.rerun()


def _all() -> None:
    found = rag().evaluations().items
    if not found:
        empty("fact_check", "No evaluation yet", "Start one above, or run `make evaluate`.")
    for one in found:
        _summary(one)


def _summary(one: EvaluationSummary) -> None:
    with st.container(border=True, gap="xsmall", key=f"evaluation-{one.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(one.set)}** · {count(one.cases, 'question')} · {label(one.state)}", width="stretch")
            st.caption(ago(one.created_at), width="content")
            st.button("Open", key=f"open-{one.id}", on_click=_open, args=(one.id,))
        if one.metrics:
            st.caption(" · ".join(f"{label(name)} {figure(m.value)}" for name, m in list(one.metrics.items())[:6]))


def _open(evaluation_id: str | None) -> None:
    if evaluation_id:
        st.query_params["evaluation"] = evaluation_id
    else:
        st.query_params.pop("evaluation", None)


def _one(evaluation_id: str) -> None:
    st.button("All evaluations", icon=":material/arrow_back:", key="evaluation-back", on_click=_open, args=(None,))
    evaluation = rag().evaluation(evaluation_id)
    title = f"{plain(evaluation.set)} · {count(evaluation.cases, 'question')} · {ago(evaluation.created_at)}"
    st.subheader(title, anchor=False)
    if evaluation.report is None:
        _unfinished(evaluation)
        return
    names = ["Metrics", "Comparison", "Questions"] if evaluation.comparison else ["Metrics", "Questions"]
    tabs = dict(zip(names, st.tabs(names), strict=True))
    with tabs["Metrics"]:
        _report(evaluation.report)
    if evaluation.comparison:
        with tabs["Comparison"]:
            _comparison(evaluation.comparison)
    with tabs["Questions"]:
        _questions(evaluation.report.rows)


def _unfinished(evaluation: Evaluation) -> None:
    if evaluation.state in ACTIVE:
        follow(rag().jobs, evaluation.id, lambda job: notify(_ended(job)))
        return
    job = rag().jobs.get(evaluation.id)
    if job.error:
        failure(job.error)
    else:
        st.info("This evaluation ended without a result.", icon=":material/info:")


def _ended(job: Job) -> str:
    return "The evaluation has failed." if job.error else "The evaluation is done."


def _report(report: Report) -> None:
    st.altair_chart(charts.metrics(report.metrics), width="stretch")
    st.dataframe(_estimates(report.metrics), hide_index=True, width="stretch")
    if report.kinds:
        st.markdown("**By kind of question**")
        table = [
            {"kind": kind, **{label(name): one.value for name, one in metrics.items()}}
            for kind, metrics in report.kinds.items()
        ]
        st.dataframe(table, hide_index=True, width="stretch")
    if report.timings_ms:
        times = (
            f"{label(name)} {milliseconds(t.p50)} (p95 {milliseconds(t.p95)})" for name, t in report.timings_ms.items()
        )
        st.caption("Median time: " + " · ".join(times))
    with st.expander("Configuration", icon=":material/settings:"):
        st.markdown(plain(_listed(report.configuration)))


def _estimates(metrics: dict[str, Estimate]) -> list[dict[str, object]]:
    return [
        {"metric": label(name), "value": one.value, "low": one.low, "high": one.high, "questions": one.cases}
        for name, one in metrics.items()
    ]


def _comparison(compared: Comparison) -> None:
    st.altair_chart(charts.differences(compared.metrics), width="stretch")
    for name, one in compared.metrics.items():
        mark = MARKS.get(one.verdict, ":material/trending_flat:")
        values = f"{figure(one.first)} → {figure(one.second)}"
        interval = f"{figure(one.low or 0)} to {figure(one.high or 0)}"
        st.markdown(
            f"{mark} **{plain(label(name))}** {values} · change {figure(one.difference)} ({interval}) · {one.verdict}"
        )
    for title, configuration in (("First", compared.first), ("Second", compared.second)):
        st.caption(f"{title}: {plain(_listed(configuration))}")


def _listed(configuration: dict[str, JsonValue]) -> str:
    return " · ".join(f"{label(name)} {value}" for name, value in configuration.items() if value not in (None, {}))


def _questions(rows: list[Row]) -> None:
    kinds = sorted({row.kind for row in rows})
    picked = st.pills("Kind", kinds, key="evaluation-kind")
    only_bad = st.toggle("Only those with an error or a score of 0", key="evaluation-bad")
    shown = [row for row in rows if (picked in (None, row.kind)) and (not only_bad or _bad(row))]
    if not shown:
        empty("search_off", "No question fits", "Change the choice above.")
    for row in shown:
        mark = ":material/error:" if row.error else ":material/remove_done:" if _bad(row) else ":material/check:"
        with st.expander(f"{mark} {plain(row.question)}"):
            st.caption(f"{plain(row.id)} · {plain(row.kind)}")
            st.markdown(f"**Expected** {plain(row.expected or 'no answer')}")
            st.markdown(f"**Answered** {plain(row.error or row.answer or 'nothing')}")
            st.caption(" · ".join(f"{label(name)} {figure(score)}" for name, score in row.scores.items()))


def _bad(row: Row) -> bool:
    return row.error is not None or any(score == 0 for score in row.scores.values())
