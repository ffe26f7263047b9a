"""What the command line says at the end of a training."""

from prediction.training.schemas import TrainingResult

MOST_LINES = 12


def summary(result: TrainingResult) -> str:
    """Return scores with intervals, what was left out, what became of the version, and what to type next."""
    scores = [
        f"  {name:18} {metric.value:8.4g}   {metric.low:.4g} to {metric.high:.4g}"
        for name, metric in result.metrics.items()
    ]
    dropped = [f"  {name}: {reason}" for name, reason in result.dropped.items()]
    lines = [
        "",
        f"{result.model}, version {result.version}: {result.estimator} ({result.task}), "
        f"made from {result.training_rows} rows.",
        "",
        f"Measures on {result.held_out_rows} held-out rows, with 95 % intervals:",
        *scores,
        *_listed("Columns left out:", dropped),
        *_listed("Notes:", [f"  {note}" for note in result.notes]),
        "",
        result.decision,
        _next_step(result),
        "",
    ]
    return "\n".join(lines)


def _listed(title: str, lines: list[str]) -> list[str]:
    if not lines:
        return []
    more = [f"  ... and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
    return ["", title, *lines[:MOST_LINES], *more]


def _next_step(result: TrainingResult) -> str:
    if result.champion:
        return f"Next: POST /v1/models/{result.model}/predict; GET /v1/models/{result.model}/schema shows an example."
    return f"Next: make promote MODEL={result.model}, or train on other data."
