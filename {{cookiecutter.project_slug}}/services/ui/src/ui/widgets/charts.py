"""Plots that several pages draw."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

ROW_HEIGHT, AXIS_HEIGHT, TITLE_HEIGHT, LEGEND_HEIGHT = 30, 56, 28, 56
QUIET = "#7d8896"  # lines that are seen on light and on dark
LABEL_WIDTH = 220  # pixels that a name may take before it is cut


@dataclass(frozen=True, slots=True)
class Interval:
    """A named figure with the bounds of its interval."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    note: str = ""


def intervals(
    rows: Sequence[Interval], *, title: str | None = None, bounds: tuple[float, float] | None = None, zero: bool = False
) -> alt.LayerChart:
    """Draw each figure as a point on its interval. `zero` adds a line where nothing changes."""
    scale = alt.Scale(domain=list(bounds), clamp=True) if bounds else alt.Scale(zero=zero, nice=True)
    names = alt.Y("name:N", sort=[row.name for row in rows], title=None, axis=alt.Axis(labelLimit=LABEL_WIDTH))
    tooltip = ["name:N", *(alt.Tooltip(f"{end}:Q", format=".4f") for end in ("value", "low", "high")), "note:N"]
    base = alt.Chart(table(rows)).encode(y=names)
    spans = base.mark_rule(strokeWidth=2, color=QUIET).encode(
        x=alt.X("low:Q", scale=scale, title=title), x2="high:Q", tooltip=tooltip
    )
    points = base.mark_point(filled=True, size=70, opacity=1).encode(
        x=alt.X("value:Q", scale=scale, title=title), tooltip=tooltip
    )
    line = alt.Chart(alt.InlineData(values=[{"zero": 0}])).mark_rule(strokeDash=[4, 4], color=QUIET).encode(x="zero:Q")
    layers: alt.LayerChart = line + spans + points if zero else spans + points
    return layers.properties(height=height(len(rows), title=bool(title)))


def table(rows: Sequence[Interval]) -> alt.InlineData:
    """Return intervals as data of a plot; one without bounds is its value alone."""
    return alt.InlineData(
        values=[
            {
                "name": row.name,
                "value": row.value,
                "low": row.value if row.low is None else row.low,
                "high": row.value if row.high is None else row.high,
                "note": row.note,
            }
            for row in rows
        ]
    )


def height(rows: int, *, title: bool = False, legend: bool = False) -> int:
    """Return the pixels that a plot with one row for each name needs, with the axis and its title, and a legend."""
    return rows * ROW_HEIGHT + AXIS_HEIGHT + title * TITLE_HEIGHT + legend * LEGEND_HEIGHT
