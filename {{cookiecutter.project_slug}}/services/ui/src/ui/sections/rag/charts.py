"""Plots of these pages."""

from collections.abc import Mapping, Sequence

import altair as alt

from ui.sections.rag.measures import Difference, Estimate, UsageLine
from ui.widgets.charts import Interval, intervals
from ui.widgets.formats import count, label

AMOUNTS = ("tokens", "cost_usd")  # measured in other units than all the rest, so not drawn on the same axis


def metrics(estimates: Mapping[str, Estimate]) -> alt.LayerChart:
    """Draw each metric that lies between 0 and 1 with its 95 % interval."""
    rows = [
        Interval(label(name), one.value, one.low, one.high, count(one.cases or 0, "question"))
        for name, one in estimates.items()
        if name not in AMOUNTS and (one.high or one.value) <= 1
    ]
    return intervals(rows, bounds=(0, 1))


def differences(changes: Mapping[str, Difference]) -> alt.LayerChart:
    """Draw by how much each metric between 0 and 1 changes, with the 95 % interval."""
    rows = [
        Interval(label(name), one.difference, one.low, one.high, one.verdict)
        for name, one in changes.items()
        if name not in AMOUNTS and max(one.first, one.second) <= 1
    ]
    return intervals(rows, zero=True)


def spending(lines: Sequence[UsageLine]) -> alt.Chart:
    """Draw cost by day, divided by model."""
    return _by_day(lines, [line.cost_usd for line in lines], "US dollars")


def tokens(lines: Sequence[UsageLine]) -> alt.Chart:
    """Draw tokens by day, divided by model."""
    return _by_day(lines, [line.input_tokens + line.output_tokens for line in lines], "tokens")


def _by_day(lines: Sequence[UsageLine], values: Sequence[float], title: str) -> alt.Chart:
    data = alt.InlineData(
        values=[
            {"day": str(line.day), "model": line.model or "unknown", "value": value}
            for line, value in zip(lines, values, strict=True)
        ]
    )
    chart: alt.Chart = (
        alt.Chart(data)
        .mark_bar()
        .encode(
            x=alt.X("day:O", title=None, axis=alt.Axis(labelAngle=-40, labelOverlap=True)),
            y=alt.Y("value:Q", title=title),
            color=alt.Color("model:N", legend=alt.Legend(orient="bottom", title=None, columns=1)),
            tooltip=["day:O", "model:N", alt.Tooltip("value:Q", title=title)],
        )
        .properties(height=260)
    )
    return chart
