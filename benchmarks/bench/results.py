"""The results of a run: written as JSON, read back, and put into the document."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import report
from bench.bars import Verdict
from bench.summary import Figure


@dataclass(frozen=True, slots=True)
class Results:
    """Everything a run found out."""

    date: str
    machine: dict[str, str]
    versions: dict[str, str]
    method: dict[str, str]
    figures: list[Figure]
    costs: list[Figure]
    verdicts: list[Verdict]
    memory: dict[str, str]
    facts: dict[str, str]

    def write(self, path: Path) -> None:
        """Write them as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, path: Path) -> "Results":
        """Read what `write` wrote."""
        document = json.loads(path.read_text())
        kinds = {"figures": Figure, "costs": Figure, "verdicts": Verdict}
        return cls(
            **{
                name: [kinds[name](**one) for one in value] if name in kinds else value
                for name, value in document.items()
            }
        )


def today() -> str:
    """Return the date in UTC."""
    return datetime.now(UTC).date().isoformat()


def render(results: Results, *, ours: str, judged: Sequence[int]) -> str:
    """Return the measured part of the document."""
    parts = [f"Measured on {results.date}.", report.fact_table(("machine", ""), results.machine)]
    parts += [report.fact_table(("how", ""), results.method)]
    for model, title in report.MODEL_TITLES.items():
        parts += [f"### {title}", report.rate_table(results.figures, model, ours)]
    parts += ["### The promises", report.verdict_table(results.verdicts)]
    for connections in judged:
        title = f"### What each piece costs ({connections} connections, logistic regression)"
        parts += [title, report.cost_table(results.costs, ours, connections)]
    if results.facts:
        parts += ["### Beside the requests", report.fact_table(("what", "measured"), results.facts)]
    parts += ["### Memory", report.fact_table(("server", "MB resident, all its processes"), results.memory)]
    parts += ["### Versions", report.fact_table(("package", "version"), results.versions)]
    return "\n\n".join(parts)
