"""Usage: tokens and money, by day and by model, and the switch that stops all spending."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import streamlit as st

from ui.sections.rag import charts
from ui.sections.rag.measures import Budget, UsageLine
from ui.sections.rag.service import rag
from ui.widgets.formats import moment, money, plain
from ui.widgets.states import empty, explained, header, notify, reported

SPANS = {7: "7 days", 30: "30 days", 90: "90 days"}


def main() -> None:
    """Show sums, charts, a table and the switch."""
    header("Usage", "Every call of a model, counted by the service that made it. Days are in UTC.")
    with explained("usage"):
        days = st.segmented_control("Time", SPANS, format_func=SPANS.__getitem__, default=30, key="usage-days") or 30
        today = datetime.now(UTC).date()
        used = rag().usage(today - timedelta(days=days - 1), today)
        lines = used.items
        if used.budget:
            _budget(used.budget)
        if lines:
            _sums(lines)
            _charts(lines)
        else:
            empty("payments", "Nothing was used in this time", "Ask something, and its tokens and cost appear here.")
    with explained("switch"):
        _switch()


def _sums(lines: list[UsageLine]) -> None:
    with st.container(horizontal=True, key="sums"):
        st.metric("Cost", plain(money(sum(line.cost_usd for line in lines))), border=True)
        st.metric("Calls", f"{sum(line.calls for line in lines):,}", border=True)
        st.metric("Tokens in", f"{sum(line.input_tokens for line in lines):,}", border=True)
        st.metric("Tokens out", f"{sum(line.output_tokens for line in lines):,}", border=True)


def _budget(budget: Budget) -> None:
    used = budget.spent_usd + budget.reserved_usd
    share = min(1.0, used / budget.limit_usd) if budget.limit_usd else 1.0
    st.progress(share, text=f"Today's budget: {plain(money(used))} of {plain(money(budget.limit_usd))}")


def _charts(lines: list[UsageLine]) -> None:
    cost, tokens, days, models = st.tabs(["Cost", "Tokens", "By day", "By model"])
    with cost:
        if any(line.cost_usd for line in lines):
            st.altair_chart(charts.spending(lines), width="stretch")
        else:
            st.caption("Nothing was charged in this time.")
    with tokens:
        st.altair_chart(charts.tokens(lines), width="stretch")
    with days:
        _show(_table(lines, "day", lambda line: str(line.day)))
    with models:
        _show(_table(lines, "model", lambda line: line.model or "unknown"))


def _show(table: list[dict[str, object]]) -> None:
    dollars = st.column_config.NumberColumn("cost in $", format="%.4f")
    st.dataframe(table, hide_index=True, width="stretch", column_config={"cost": dollars})


def _table(lines: list[UsageLine], name: str, group: Callable[[UsageLine], str]) -> list[dict[str, object]]:
    groups: dict[str, list[UsageLine]] = {}
    for line in lines:
        groups.setdefault(group(line), []).append(line)
    return [
        {
            name: key,
            "calls": sum(line.calls for line in members),
            "tokens in": sum(line.input_tokens for line in members),
            "tokens out": sum(line.output_tokens for line in members),
            "cost": sum(line.cost_usd for line in members),
        }
        for key, members in sorted(groups.items(), reverse=name == "day")
    ]


def _switch() -> None:
    now = rag().switch()
    st.divider()
    st.subheader("Stop switch", anchor=False)
    if now.stopped:
        since = f" since {moment(now.changed_at)}" if now.changed_at else ""
        by = f" ({plain(now.actor)})" if now.actor else ""
        st.error(f"No model may be called{since}{by}. {plain(now.reason)}", icon=":material/block:")
    else:
        st.caption("Models may be called. The switch stops every call of every tenant at once.")
    with st.form("switch", border=False):
        reason = st.text_input(
            "Reason", max_chars=500, placeholder="Needed; shown to everybody whose call is refused", key="switch-reason"
        )
        label = "Allow calls again" if now.stopped else "Stop all calls"
        sure = st.checkbox("I mean it", key="switch-sure")
        sent = st.form_submit_button(label, icon=":material/power_settings_new:")
    if sent and not (sure and reason.strip()):
        st.warning("Give a reason and tick “I mean it”.", icon=":material/check_box:")
    elif sent:
        with reported():
            rag().set_switch(stopped=not now.stopped, reason=reason.strip())
            notify("Models may be called again." if now.stopped else "All calls are stopped.")
            st.rerun()
