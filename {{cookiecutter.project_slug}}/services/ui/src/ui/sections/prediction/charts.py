"""Plots of these pages. Each says more when it is pointed at."""

from collections.abc import Mapping, Sequence

import altair as alt

from ui.sections.prediction.models import Contribution, DriftReport, Estimate, Importance, Trial, Version
from ui.widgets.charts import LABEL_WIDTH, Interval, height, intervals
from ui.widgets.formats import label

GOOD, BAD = "#2b7a4b", "#b4452c"


def probabilities(answers: Mapping[str, float]) -> alt.Chart:
    """Draw one bar for each class."""
    data = alt.InlineData(values=[{"class": name, "probability": value} for name, value in answers.items()])
    chart: alt.Chart = (
        alt.Chart(data)
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X("probability:Q", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%"), title=None),
            y=alt.Y("class:N", sort="-x", title=None, axis=alt.Axis(labelLimit=LABEL_WIDTH)),
            tooltip=["class:N", alt.Tooltip("probability:Q", format=".2%")],
        )
        .properties(height=height(len(answers)))
    )
    return chart


def contributions(explanation: Sequence[Contribution]) -> alt.Chart:
    """Draw what each feature added to, or took from, the answer."""
    values = [
        {"feature": f"{one.feature} = {one.value}", "contribution": one.contribution, "typical": str(one.typical)}
        for one in explanation
    ]
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X("contribution:Q", title="against its typical value"),
            y=alt.Y("feature:N", sort=None, title=None, axis=alt.Axis(labelLimit=LABEL_WIDTH)),
            color=alt.condition(alt.datum.contribution >= 0, alt.value(GOOD), alt.value(BAD)),
            tooltip=["feature:N", "typical:N", alt.Tooltip("contribution:Q", format=".4f")],
        )
        .properties(height=height(len(values), title=True))
    )
    return chart


def metrics(estimates: Mapping[str, Estimate]) -> alt.LayerChart:
    """Draw each metric with its 95 % interval."""
    return intervals([Interval(label(name), one.value, one.low, one.high) for name, one in estimates.items()])


def importances(features: Sequence[Importance]) -> alt.LayerChart:
    """Draw how much the loss grows without each feature."""
    rows = [_spread(one.feature, one.loss_increase, one.deviation) for one in features]
    return intervals(rows, title="growth of the loss when shuffled", zero=True)


def trials(candidates: Sequence[Trial], score: str) -> alt.LayerChart:
    """Draw how the candidates did."""
    rows = [_spread(one.name, one.score, one.deviation) for one in candidates]
    return intervals(rows, title=f"{score}, mean and spread over the folds")


def history(versions: Sequence[Version], metric: str) -> alt.Chart:
    """Draw one metric over the versions, the oldest first."""
    values = [
        {"version": one.version, "value": one.metrics[metric]} for one in reversed(versions) if metric in one.metrics
    ]
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_line(point=True)
        .encode(
            x=alt.X("version:O", sort=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("value:Q", scale=alt.Scale(zero=False), title=label(metric)),
            tooltip=["version:O", alt.Tooltip("value:Q", format=".4f")],
        )
        .properties(height=220)
    )
    return chart


def drift(report: DriftReport) -> alt.Chart:
    """Draw how far each column has moved."""
    values = [
        {"column": one.name, "index": one.psi or 0.0, "state": "drifted" if one.drifted else "stable"}
        for one in report.columns
    ]
    colors = alt.Scale(domain=["stable", "drifted"], range=[GOOD, BAD])
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X("index:Q", title="population stability index"),
            y=alt.Y("column:N", sort="-x", title=None, axis=alt.Axis(labelLimit=LABEL_WIDTH)),
            color=alt.Color("state:N", scale=colors, legend=alt.Legend(orient="top", title=None)),
            tooltip=["column:N", alt.Tooltip("index:Q", format=".3f"), "state:N"],
        )
        .properties(height=height(len(values), title=True, legend=True))
    )
    return chart


def _spread(name: str, value: float, deviation: float) -> Interval:
    return Interval(name, value, value - deviation, value + deviation)
