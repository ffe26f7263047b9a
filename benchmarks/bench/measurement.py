"""The measurement itself: start everything, check that all answer alike, then measure in interleaved rounds."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import environments
from bench.contenders import PEERS, Contender, Role, Site
from bench.loadgen import Sample, measure
from bench.processes import Command, Server, exchange, pinned
from bench.summary import Reading, quantile

CHECKED_CASES = 20
TOLERANCE = 1e-5  # of a probability: ONNX computes in single precision
FIRST_PORT = 21700
PORTS_EACH = 4  # one contender may need several beside the one it is asked on


@dataclass(frozen=True, slots=True)
class Cases:
    """The rows that are sent and the probabilities that scikit-learn gives for them."""

    features: list[str]
    rows: list[list[float]]
    probabilities: Mapping[str, list[list[float]]]

    @classmethod
    def read(cls, path: Path) -> "Cases":
        """Read what `models.py` wrote."""
        return cls(**json.loads(path.read_text()))


@dataclass(frozen=True, slots=True)
class Running:
    """A started contender with the request that it will be sent again and again."""

    name: str
    model: str
    server: Server
    request: bytes


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how often is measured, and on which cores."""

    rounds: int
    seconds: float
    warm_up: float
    connections: Sequence[int]
    server_cpu: int | None
    generator_cpu: int | None


def run_to_end(command: Command, log: Path) -> str:
    """Run a program that must succeed; return what it printed, which is also added to `log`."""
    done = subprocess.run(
        command.arguments,
        cwd=command.folder,
        env={**environments.clean(), **command.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        user=command.user,
        check=False,
    )
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        file.write(done.stdout)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command.arguments)} failed:\n{done.stdout[-3000:]}")
    return done.stdout


@contextmanager
def peers_running(contenders: Sequence[Contender], cases: Cases, build: Path, plan: Plan) -> Iterator[list[Running]]:
    """Start every contender with every model it has to be measured with, check its answers, and freeze it."""
    with ExitStack() as stack:
        started: list[tuple[Contender, str, Server]] = []
        running: list[Running] = []
        ports = iter(range(FIRST_PORT, FIRST_PORT + 100, PORTS_EACH))
        for contender in contenders:
            environment = environments.ensure(
                build / "venvs" / contender.environment,
                PEERS / contender.environment / "requirements.lock",
                build / "logs" / f"install-{contender.environment}.log",
            )
            models = ["any"] if contender.role is Role.LIMIT else sorted(cases.probabilities)
            for model in models:
                folder = build / "run" / f"{contender.name}-{model}".replace(" ", "-").replace(",", "")
                site = Site(environment, build / "models" / f"{model}.joblib", folder, next(ports))
                server = start(contender, site, build)
                stack.callback(server.stop)
                started.append((contender, model, server))
        for contender, model, server in started:
            server.wait_until_ready(contender.ready)
            if contender.role is not Role.LIMIT:
                check_answers(contender, model, server, cases)
            server.pin(plan.server_cpu)
            server.freeze()
            request = contender.request(server.port, cases.features, cases.rows[0])
            running.append(Running(contender.name, model, server, request))
            print(f"  {contender.name} ({model}) is ready", flush=True)
        yield running


def start(contender: Contender, site: Site, build: Path) -> Server:
    """Start one contender in a clean folder."""
    shutil.rmtree(site.folder, ignore_errors=True)
    site.folder.mkdir(parents=True)
    log = build / "logs" / f"{site.folder.name}.log"
    preparation = contender.prepare(site)
    if preparation is not None:
        run_to_end(preparation, log)
    return Server(contender.start(site), site.port, log)


def check_answers(
    contender: Contender, model: str, server: Server, cases: Cases, headers: Mapping[str, str] | None = None
) -> None:
    """Fail unless the contender's probabilities are those of scikit-learn."""
    for row, expected in list(zip(cases.rows, cases.probabilities[model], strict=True))[:CHECKED_CASES]:
        body = json.dumps(contender.body(cases.features, row)).encode()
        sent = {"Content-Type": "application/json", **(headers or {})}
        status, answer = exchange(server.address, "POST", contender.path, body, sent)
        if status != 200:
            raise RuntimeError(f"{contender.name} ({model}) answered {status}: {answer[:500]!r}")
        check_probabilities(f"{contender.name} ({model})", contender.probabilities, json.loads(answer), expected)


def check_probabilities(name: str, read: Callable[[Any], list[float]], answer: Any, expected: Sequence[float]) -> None:
    """Fail unless an answer's probabilities are the expected ones."""
    given = read(answer)
    if len(given) != len(expected) or any(abs(a - b) > TOLERANCE for a, b in zip(given, expected, strict=True)):
        raise RuntimeError(f"{name} answered {given}, scikit-learn {list(expected)}")


def measure_rounds(running: Sequence[Running], plan: Plan) -> Iterator[Reading]:
    """Yield a reading per round, contender and number of connections; only the measured contender is not frozen."""
    for number in range(1, plan.rounds + 1):
        print(f"  round {number} of {plan.rounds}", flush=True)
        for one in running:
            one.server.thaw()
            with pinned(plan.generator_cpu):
                measure(one.server.address, one.request, 16, plan.warm_up)
                for connections in plan.connections:
                    sample = measure(one.server.address, one.request, connections, plan.seconds)
                    yield reading(one, connections, sample)
            one.server.freeze()


def reading(one: Running, connections: int, sample: Sample) -> Reading:
    """Reduce a sample to what is kept of it."""
    ordered = sorted(sample.latencies)
    return Reading(
        server=one.name,
        model=one.model,
        connections=connections,
        rate=sample.rate,
        p50=quantile(ordered, 0.50) * 1000,
        p99=quantile(ordered, 0.99) * 1000,
        failures=sample.failures,
    )
