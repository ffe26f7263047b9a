"""Our service: the shipped one, started by its own command, with everything on; and with one piece off at a time."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.backing import Backing
from bench.contenders import Contender, Role
from bench.measurement import Cases, Running, check_answers, run_to_end
from bench.processes import Command, Server

ROOT = Path(__file__).resolve().parent.parent.parent
PROJECT = ROOT / "{{cookiecutter.project_slug}}"
NAME = "this project, everything on"
CONTENDER = Contender(
    name=NAME,
    role=Role.OURS,
    environment="",
    start=lambda site: Command((), site.folder),
    path="/v1/models/{model}/predict",
    ready="/readyz",
    body=lambda features, row: {"rows": [dict(zip(features, row, strict=True))]},
    probabilities=lambda answer: list(answer["predictions"][0]["probabilities"].values()),
)


@dataclass(frozen=True, slots=True)
class Variant:
    """The service with some settings changed, or with pieces taken out by `bench.without`."""

    name: str
    settings: Mapping[str, str | None] = field(default_factory=dict)
    without: str | None = None


EVERYTHING = Variant(NAME)
VARIANTS = (
    Variant("without key check and rate limit", without="guard"),
    Variant("rate limit counted in the process, not in Redis", {"REDIS_URL": None, "ENVIRONMENT": "development"}),
    Variant("without metrics", without="metrics"),
    Variant("without access log", without="access-log"),
    Variant("without tracing", {"TELEMETRY__OTLP_ENDPOINT": None}),
    Variant("every request traced", {"TELEMETRY__SAMPLE_RATIO": "1"}),
    Variant("without prediction log", without="prediction-log"),
    Variant("all of them off", {"TELEMETRY__OTLP_ENDPOINT": None}, without="guard,metrics,access-log,prediction-log"),
)


@dataclass(frozen=True, slots=True)
class Installation:
    """One prepared copy of the service: migrated, with the models registered and a key minted."""

    python: Path
    folder: Path
    log: Path
    settings: Mapping[str, str]
    key: str

    def command(self, arguments: tuple[str, ...], variant: Variant = EVERYTHING) -> Command:
        """Return how one of its programs is started."""
        changed = {**self.settings, **variant.settings}
        environment = {name: value for name, value in changed.items() if value is not None}
        return Command((str(self.python), *arguments), self.folder, environment)


def prepare(python: Path, build: Path, backing: Backing, models: list[str]) -> Installation:
    """Migrate the database, register the models by the project's own export, and mint a key."""
    folder = build / "run" / "ours"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    log = build / "logs" / "ours.log"
    log.unlink(missing_ok=True)
    blank = Installation(python, folder, log, settings_of(folder, backing), key="")
    run_to_end(blank.command(("-m", "prediction", "migrate")), log)
    for model in models:
        run_to_end(blank.command(("-m", "bench.register", str(build / "models"), model)), log)
    scopes = "prediction:predict,prediction:read,prediction:train"
    minting = blank.command(("-m", "prediction", "keys", "mint", "--name", "bench", "--scopes", scopes))
    output = run_to_end(minting, build / "logs" / "ours-key.log")
    return Installation(python, folder, log, blank.settings, key_in(output))


def settings_of(folder: Path, backing: Backing) -> dict[str, str]:
    """Return the environment with everything on."""
    sources = [*sorted(PROJECT.glob("libs/*/src")), *sorted(PROJECT.glob("services/*/src")), ROOT / "benchmarks"]
    settings = {
        "PYTHONPATH": os.pathsep.join(map(str, sources)),
        "ENVIRONMENT": "development",
        "DATA_DIR": str(folder / "var"),
        "HTTP__DRAIN_SECONDS": "0",
        "LIMITS__DEFAULT": "6000000/minute",
        "TELEMETRY__OTLP_ENDPOINT": f"http://127.0.0.1:{backing.collector.port}",
        "TELEMETRY__SAMPLE_RATIO": "0.1",
    }
    if backing.redis_url and backing.database_url:
        settings |= {"ENVIRONMENT": "production", "JOBS__BROKER_URL": backing.redis_url}
    if backing.redis_url:
        settings["REDIS_URL"] = backing.redis_url
    if backing.database_url:
        settings["DATABASE__URL"] = backing.database_url
    return settings


def key_in(output: str) -> str:
    """Find the key in what the command that mints it printed."""
    found = re.search(r"\bpk_[\w-]+", output)
    if found is None:
        raise RuntimeError(f"no key in {output!r}")
    return found[0]


@contextmanager
def ours_running(
    installation: Installation,
    variants: tuple[Variant, ...],
    models: list[str],
    cases: Cases,
    ports: range,
    cpu: int | None,
) -> Iterator[list[Running]]:
    """Start the service in each variant, check its answers, and freeze it."""
    headers = {"X-API-Key": installation.key}
    with ExitStack() as stack:
        running = []
        for variant, port in zip(variants, ports, strict=False):
            program = ("-m", "bench.without", variant.without) if variant.without else ("-m", "prediction", "serve")
            command = installation.command(
                program, Variant(variant.name, {**variant.settings, "HTTP__PORT": str(port)})
            )
            log = installation.log.with_name(f"ours-{port}.log")
            log.unlink(missing_ok=True)
            server = Server(command, port, log)
            stack.callback(server.stop)
            server.wait_until_ready(CONTENDER.ready)
            server.pin(cpu)
            for model in models:
                contender = for_model(model)
                check_answers(contender, model, server, cases, headers)
                request = contender.request(port, cases.features, cases.rows[0], headers)
                running.append(Running(variant.name, model, server, request))
            server.freeze()
            print(f"  {variant.name} is ready", flush=True)
        yield running


def for_model(model: str) -> Contender:
    """Return our side of the comparison for one model."""
    return replace(CONTENDER, path=CONTENDER.path.replace("{model}", model))
