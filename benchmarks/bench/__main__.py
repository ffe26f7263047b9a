"""`python -m bench`: measure, judge, write `results.json`, and put the tables into `docs/performance.md`."""

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from bench import environments, machine, ours
from bench.backing import Backing, backing_running
from bench.bars import JUDGED_CONNECTIONS, judge
from bench.contenders import LIMITS, MLFLOW, PEER_CONTENDERS
from bench.extras import measure_extras, read_facts
from bench.measurement import Cases, Plan, Running, measure_rounds, peers_running, run_to_end
from bench.processes import Command
from bench.report import replace_measured
from bench.results import Results, render, today
from bench.summary import summarise

OUR_PORTS = range(21772, 21790)
BACKING_PORT = 21792
PACKAGES = (
    *("mlflow", "bentoml", "litserve", "mlserver", "fastapi", "uvicorn"),
    *("scikit-learn", "onnxruntime", "numpy", "msgspec"),
)


def main() -> int:
    """Run everything; the exit status says whether all promises were kept."""
    options = read_options()
    here, build = Path(__file__).resolve().parent.parent, options.build.resolve()
    server_cpu, generator_cpu = (0, 1) if (os.cpu_count() or 1) > 1 and not options.no_pin else (None, None)
    if options.report_only:
        results = Results.read(options.results)
    else:
        plan = Plan(options.rounds, options.seconds, options.warm_up, (1, 16, 64), server_cpu, generator_cpu)
        python = Path(sys.executable)
        (build / "models").mkdir(parents=True, exist_ok=True)
        run_to_end(
            Command((str(python), str(here / "bench/models.py"), str(build / "models")), here), build / "logs/fit.log"
        )
        with backing_running(build, python, BACKING_PORT, generator_cpu) as backing:
            cases = Cases.read(build / "models" / "cases.json")
            print("Preparing the service", flush=True)
            installation = ours.prepare(python, build, backing, sorted(cases.probabilities))
            results = measure_servers(plan, build, installation, cases, describe_method(plan, backing))
            results = replace(results, facts=dict(read_facts(options.results)))
            results.write(options.results)  # whatever happens to the rest
            if not options.requests_only:
                print("Measuring what is beside the requests", flush=True)
                for name, value in measure_extras(installation, cases, OUR_PORTS[0]):
                    print(f"  {name}: {value}", flush=True)
                    results.facts[name] = value
                    results.write(options.results)
    measured = render(results, ours=ours.NAME, judged=JUDGED_CONNECTIONS)
    print(measured)
    options.document.write_text(replace_measured(options.document.read_text(), measured))
    return 0 if all(verdict.kept for verdict in results.verdicts) else 1


def read_options() -> argparse.Namespace:
    """Read the command line."""
    root = ours.ROOT
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of one reading")
    parser.add_argument("--warm-up", type=float, default=1.0, help="seconds before the readings of a server")
    parser.add_argument("--build", type=Path, default=root / "build" / "bench", help="environments, models and logs")
    parser.add_argument("--results", type=Path, default=root / "benchmarks" / "results.json")
    parser.add_argument("--document", type=Path, default=root / "docs" / "performance.md", help="gets the tables")
    parser.add_argument("--no-pin", action="store_true", help="let the system place server and generator")
    parser.add_argument("--requests-only", action="store_true", help="keep the last facts beside the requests")
    parser.add_argument("--report-only", action="store_true", help="measure nothing: judge and print the last results")
    return parser.parse_args()


def measure_servers(
    plan: Plan, build: Path, installation: ours.Installation, cases: Cases, method: dict[str, str]
) -> Results:
    """Measure the servers beside each other, then what each piece of ours costs."""
    models = sorted(cases.probabilities)
    print("Starting everything", flush=True)
    with (
        peers_running([*PEER_CONTENDERS, *LIMITS], cases, build, plan) as others,
        ours.ours_running(installation, (ours.EVERYTHING,), models, cases, OUR_PORTS, plan.server_cpu) as own,
    ):
        figures = summarise(measure_rounds([*own, *others], plan))
        memory = {name: f"{size:,.0f}" for name, size in memory_of([*own, *others]).items()}
    print("Measuring what each piece costs", flush=True)
    variants = (ours.EVERYTHING, *ours.VARIANTS)
    costs_plan = Plan(plan.rounds, plan.seconds, plan.warm_up, JUDGED_CONNECTIONS, plan.server_cpu, plan.generator_cpu)
    with ours.ours_running(installation, variants, ["logistic"], cases, OUR_PORTS, plan.server_cpu) as own:
        costs = summarise(measure_rounds(own, costs_plan))
    peers = [contender.name for contender in PEER_CONTENDERS]
    return Results(
        date=today(),
        machine=machine.describe(),
        versions=versions_of(build, installation.python),
        method=method,
        figures=figures,
        costs=costs,
        verdicts=judge(figures, ours=ours.NAME, mlflow=MLFLOW, peers=peers),
        memory=memory,
        facts={},
    )


def memory_of(running: Sequence[Running]) -> dict[str, float]:
    """Return the resident memory of every server, with the model that takes more of it."""
    sizes: dict[str, float] = {}
    for one in running:
        sizes[one.name] = max(sum(one.server.memory().values()), sizes.get(one.name, 0))
    return sizes


def versions_of(build: Path, python: Path) -> dict[str, str]:
    """Return the version of every measured server, and of what the service computes with."""
    names = {contender.environment for contender in (*PEER_CONTENDERS, *LIMITS)}
    folders = [build / "venvs" / name for name in sorted(names)] + [python.parent.parent]
    found = chain.from_iterable(environments.versions(folder, PACKAGES).items() for folder in folders)
    versions: dict[str, set[str]] = {}
    for name, version in found:
        versions.setdefault(name, set()).add(version)
    return {"Python": platform.python_version(), **{name: ", ".join(sorted(those)) for name, those in versions.items()}}


def describe_method(plan: Plan, backing: Backing) -> dict[str, str]:
    """Say how was measured."""
    pinned = (
        "the server's processes on one core, generator and databases on another" if plan.server_cpu == 0 else "none"
    )
    return {
        "rounds": f"{plan.rounds}, interleaved; medians; {plan.seconds:g} s a reading, {plan.warm_up:g} s of warm-up",
        "request": "one row of 30 numbers as JSON, keep-alive, 1 worker, each connection waits for its answer",
        "pinning": pinned,
        "load of the machine before": f"{os.getloadavg()[0]:.1f} (0 is a quiet machine)",
        "rate limit": "leased from Redis" if backing.redis else "in the process (no Redis here)",
        "prediction log": "PostgreSQL" if backing.postgres else "SQLite (no PostgreSQL here)",
    }


if __name__ == "__main__":
    raise SystemExit(main())
