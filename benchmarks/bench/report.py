"""From results to the tables of `docs/performance.md`."""

from collections.abc import Iterable, Mapping, Sequence

from bench.bars import Verdict
from bench.summary import Figure

START = "<!-- measured: start (written by `make bench`) -->"
END = "<!-- measured: end -->"
MODEL_TITLES = {"logistic": "Logistic regression", "forest": "Random forest, 100 trees"}
LIMIT_MODEL = "any"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; every column but the first is aligned to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def rate_table(figures: Sequence[Figure], model: str, ours: str) -> str:
    """Return the table of one model: rates, p50 and p99 per number of connections, and ours as a multiple of each."""
    chosen = [figure for figure in figures if figure.model in (model, LIMIT_MODEL)]
    connections = sorted({figure.connections for figure in chosen})
    by_server: dict[str, dict[int, Figure]] = {}
    for figure in chosen:
        by_server.setdefault(figure.server, {})[figure.connections] = figure
    rows = []
    for server, cells in sorted(by_server.items(), key=lambda item: item[1][connections[-1]].rate):
        row = [f"**{server}**" if server == ours else server]
        for number in connections:
            figure, own = cells[number], by_server[ours][number]
            row += [f"{figure.rate:,.0f}", latency(figure), f"{own.rate / figure.rate:.2f} ×"]
        rows.append(row)
    header = ["server"]
    for number in connections:
        header += [f"{number} conn.: requests/s", "p50 / p99 ms", "ours is"]
    return table(header, rows)


def latency(figure: Figure) -> str:
    """Return both quantiles with as many digits as matter."""
    return f"{figure.p50:.2g} / {figure.p99:.2g}" if figure.p99 < 10 else f"{figure.p50:.1f} / {figure.p99:.0f}"


def cost_table(figures: Sequence[Figure], whole: str, connections: int) -> str:
    """Return what each piece costs: the rate without it, beside the rate with everything on."""
    cells = {figure.server: figure for figure in figures if figure.connections == connections}
    everything = cells.pop(whole)
    rows = [[f"**{whole}**", f"{everything.rate:,.0f}", "", f"{1e6 / everything.rate:.0f}", ""]]
    for name, figure in cells.items():
        saved = 1e6 / everything.rate - 1e6 / figure.rate
        change = f"{(figure.rate / everything.rate - 1):+.0%}"
        rows.append([name, f"{figure.rate:,.0f}", change, f"{1e6 / figure.rate:.0f}", f"{saved:.0f}"])
    return table(["configuration", "requests/s", "change", "µs a request", "µs saved"], rows)


def verdict_table(verdicts: Sequence[Verdict]) -> str:
    """Return every promise and whether it was kept."""
    rows = [
        [
            MODEL_TITLES[one.model],
            str(one.connections),
            one.promise,
            one.measured,
            "kept" if one.kept else "**not kept**",
        ]
        for one in verdicts
    ]
    return table(["model", "connections", "promise", "measured", ""], rows)


def fact_table(header: Sequence[str], facts: Mapping[str, str]) -> str:
    """Return a two-column table."""
    return table(header, facts.items())


def replace_measured(document: str, measured: str, start: str = START, end: str = END) -> str:
    """Return `document` with what stands between the two marks replaced."""
    before, found_start, rest = document.partition(start)
    _, found_end, after = rest.partition(end)
    if not found_start or not found_end:
        raise ValueError(f"the document lacks the marks {start} and {end}")
    return f"{before}{start}\n\n{measured.strip()}\n\n{end}{after}"
