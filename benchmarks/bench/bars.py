"""What the service promises of its speed, beside the others, and whether the figures keep it."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.summary import Figure

TIMES_MLFLOW = 25.0
TIMES_FASTEST_PEER = 2.0
JUDGED_CONNECTIONS = (16, 64)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One promise, for one model at one number of connections."""

    model: str
    connections: int
    promise: str
    measured: str
    kept: bool


def judge(figures: Sequence[Figure], *, ours: str, mlflow: str, peers: Sequence[str]) -> list[Verdict]:
    """Return every promise with what was measured."""
    cells: dict[tuple[str, int], dict[str, Figure]] = {}
    for figure in figures:
        cells.setdefault((figure.model, figure.connections), {})[figure.server] = figure
    verdicts: list[Verdict] = []
    for (_, connections), cell in cells.items():
        if connections in JUDGED_CONNECTIONS and ours in cell:
            verdicts += _judge_cell(cell[ours], cell[mlflow], [cell[peer] for peer in peers if peer in cell])
    return verdicts


def _judge_cell(ours: Figure, mlflow: Figure, peers: list[Figure]) -> list[Verdict]:
    fastest = max(peers, key=lambda peer: peer.rate)
    beside_mlflow = ours.rate / mlflow.rate
    beside_fastest = ours.rate / fastest.rate
    where = (ours.model, ours.connections)
    return [
        Verdict(
            *where,
            promise=f"at least {TIMES_MLFLOW:g} × {mlflow.server}",
            measured=f"{beside_mlflow:.1f} ×",
            kept=beside_mlflow >= TIMES_MLFLOW,
        ),
        Verdict(
            *where,
            promise=f"at least {TIMES_FASTEST_PEER:g} × the fastest peer ({fastest.server})",
            measured=f"{beside_fastest:.1f} ×",
            kept=beside_fastest >= TIMES_FASTEST_PEER,
        ),
        Verdict(
            *where,
            promise=f"a lower p99 than {fastest.server}",
            measured=f"{ours.p99:.1f} ms, {fastest.p99:.1f} ms",
            kept=ours.p99 < fastest.p99,
        ),
        Verdict(
            *where,
            promise="no failed request",
            measured=f"{ours.failures}",
            kept=ours.failures == 0,
        ),
    ]
