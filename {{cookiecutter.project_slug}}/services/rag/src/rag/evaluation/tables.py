"""Reports as text for a terminal or a log."""

from collections.abc import Iterable, Sequence

from rag.evaluation.cases import Kind
from rag.evaluation.gate import Breach
from rag.evaluation.report import Comparison, Difference, Estimate, Report, Row
from rag.evaluation.scoring import METRICS
from rag.evaluation.semantic import CacheQuality

_SHOWN_ROWS = 12
_CHANGES = ("recall@5", "ndcg@10", "facts", "answer_f1", "citation_precision", "tokens")


def show_report(report: Report) -> str:
    """Return configuration, metrics with intervals, metrics by kind, timings, and the questions that went wrong."""
    kinds = list(report.kinds)
    parts = [
        f"{report.cases} questions",
        _aligned([(name, _value(value)) for name, value in report.configuration.items()]),
        _aligned([("metric", "value", "95 % interval", *kinds), *_metric_rows(report, kinds)]),
        _aligned(
            [
                ("milliseconds", "p50", "p95"),
                *((name, f"{found.p50:.1f}", f"{found.p95:.1f}") for name, found in report.timings_ms.items()),
            ]
        ),
        _wrong(report.rows),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def show_comparison(name: str, comparison: Comparison) -> str:
    """Return every metric of two configurations with the interval of the difference."""
    rows = [("metric", "first", "second", "difference", "95 % interval", "verdict")]
    for metric, found in comparison.metrics.items():
        rows.append((metric, _number(found.first), _number(found.second), _signed(found), _range(found), found.verdict))
    for stage, (first, second) in comparison.timings_ms.items():
        rows.append((f"{stage} ms", f"{first:.1f}", f"{second:.1f}", f"{second - first:+.1f}", "", ""))
    return f"{name}\n\n{_aligned(rows)}\n"


def show_overview(comparisons: Sequence[tuple[str, Comparison]]) -> str:
    """Return one line for each configuration: what it gains and what it costs, beside the first one."""
    rows: list[tuple[str, ...]] = [("configuration", *_CHANGES, "search ms", "answer ms")]
    for name, comparison in comparisons:
        found = [comparison.metrics.get(metric) for metric in _CHANGES]
        times = [_time(comparison, stage) for stage in ("search", "answer")]
        rows.append((name, *("" if change is None else _change(change) for change in found), *times))
    note = "Changes against the first configuration; * where the 95 % interval does not hold 0."
    return f"{_aligned(rows)}\n\n{note}\n"


def show_cache(quality: CacheQuality) -> str:
    """Return how often the semantic cache is right, and the questions that it confuses."""
    metrics = quality.metrics()
    lines = [
        f"semantic cache: {METRICS[name].meaning}: {found.value:.1%} of {found.cases} ({_range(found)})"
        for name, found in metrics.items()
    ]
    lines += [f"confused: {pair.first} / {pair.second}" for pair in quality.false_hits]
    return "\n".join(lines) + "\n"


def show_breaches(breaches: Iterable[Breach]) -> str:
    """Return one line for each bound that was not kept."""
    return "".join(f"gate: {breach}\n" for breach in breaches)


def _metric_rows(report: Report, kinds: Sequence[Kind]) -> Iterable[tuple[str, ...]]:
    for name in METRICS:
        if name in report.metrics:
            by_kind = [report.kinds[kind].get(name) for kind in kinds]
            yield (
                name,
                _number(report.metrics[name].value),
                _range(report.metrics[name]),
                *("" if found is None else _number(found.value) for found in by_kind),
            )


def _wrong(rows: Sequence[Row]) -> str:
    wrong = [row for row in rows if _fault(row)]
    lines = [f"{_fault(row):<24} {row.id}: {row.question}" for row in wrong[:_SHOWN_ROWS]]
    if len(wrong) > _SHOWN_ROWS:
        lines.append(f"and {len(wrong) - _SHOWN_ROWS} more; --output FILE writes all")
    return "\n".join(lines)


def _fault(row: Row) -> str:
    """Say what is most wrong with a row, or nothing."""
    scores = row.scores
    if row.error:
        return row.error
    if scores.get("abstention_recall") == 0:
        return "answered the unknown"
    if scores.get("hit@10") == 0:
        return "not found"
    if scores.get("answered") == 0:
        return "abstained"
    if scores.get("facts", 1) < 1:
        return "fact missing"
    return "cited elsewhere" if scores.get("citation_precision") == 0 else ""


def _time(comparison: Comparison, stage: str) -> str:
    first, second = comparison.timings_ms.get(stage, (0.0, 0.0))
    return f"{second - first:+.1f}"


def _change(found: Difference) -> str:
    return _signed(found) + ("*" if found.verdict != "not shown" else "")


def _signed(found: Difference) -> str:
    return f"{found.difference:+.4g}" if abs(found.difference) >= 100 else f"{found.difference:+.3f}"


def _range(found: Difference | Estimate) -> str:
    return f"{_number(found.low)} to {_number(found.high)}"


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3f}"


def _value(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
