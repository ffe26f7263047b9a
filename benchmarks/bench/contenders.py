"""Everything that is measured: how it is started, what it is asked, and where its answer holds the probabilities."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from bench.processes import Command

PEERS = Path(__file__).parent.parent / "peers"
MLFLOW = "mlflow models serve"
BATCH = 64  # the most rows a batching peer may put together: the number of connections


class Role(StrEnum):
    """What a contender's figure is compared as."""

    OURS = "ours"
    PEER = "peer"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class Site:
    """Where one contender runs with one model."""

    environment: Path  # its virtual environment
    model_file: Path
    folder: Path  # its own scratch folder
    port: int


@dataclass(frozen=True, slots=True)
class Contender:
    """One server in one configuration."""

    name: str
    role: Role
    environment: str  # the folder below `peers/` that pins what it needs
    start: Callable[[Site], Command]
    path: str
    ready: str
    body: Callable[[list[str], list[float]], Any]
    probabilities: Callable[[Any], list[float]]
    prepare: Callable[[Site], Command | None] = lambda _: None

    def request(self, port: int, features: list[str], row: list[float], headers: dict[str, str] | None = None) -> bytes:
        """Return the bytes of one single-row request."""
        body = json.dumps(self.body(features, row), separators=(",", ":")).encode()
        fields = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{head}\r\n".encode() + body


def program(site: Site, name: str) -> str:
    """Return the path of a program in the contender's environment."""
    return str(site.environment / "bin" / name)


# MLflow


def mlflow(name: str, *, typed: bool) -> Contender:
    """Return MLflow's server, with a model that has a signature (`typed`) or none."""

    def save(site: Site) -> Command:
        arguments = (str(site.model_file), str(site.folder / "model"), "typed" if typed else "untyped")
        return Command((program(site, "python"), "save.py", *arguments), PEERS / "mlflow")

    def start(site: Site) -> Command:
        options = ("-m", str(site.folder / "model"), "-p", str(site.port), "-w", "1", "--env-manager", "local")
        path = {"PATH": f"{site.environment / 'bin'}{os.pathsep}{os.defpath}"}
        return Command((program(site, "mlflow"), "models", "serve", *options), site.folder, path)

    return Contender(
        name=name,
        role=Role.PEER,
        environment="mlflow",
        prepare=save,
        start=start,
        path="/invocations",
        ready="/ping",
        body=lambda features, row: {"dataframe_split": {"columns": features, "data": [row]}},
        probabilities=lambda answer: answer["predictions"][0],
    )


# BentoML


def bentoml(name: str, *, batching: bool) -> Contender:
    """Return BentoML with its batching on or off."""

    def start(site: Site) -> Command:
        settings = {
            "BENCH_MODEL": str(site.model_file),
            "BENCH_BATCHING": "on" if batching else "off",
            "BENTOML_DO_NOT_TRACK": "True",
            "BENTOML_HOME": str(site.folder),
        }
        options = ("service:Classifier", "--host", "127.0.0.1", "--port", str(site.port))
        return Command((program(site, "bentoml"), "serve", *options), PEERS / "bentoml", settings)

    return Contender(
        name=name,
        role=Role.PEER,
        environment="bentoml",
        start=start,
        path="/predict",
        ready="/readyz",
        body=lambda _, row: {"rows": [row]},
        probabilities=lambda answer: answer[0],
    )


# MLServer


def mlserver(name: str, *, batch_size: int, batch_seconds: float) -> Contender:
    """Return MLServer with its inference in process, and adaptive batching when `batch_size` is not 0."""

    def start(site: Site) -> Command:
        server = {
            "host": "127.0.0.1",
            "http_port": site.port,
            "grpc_port": site.port + 1,
            "metrics_port": site.port + 2,
            "metrics_dir": str(site.folder),
            "environments_dir": str(site.folder),
            "parallel_workers": 0,
            "debug": False,
        }
        model = {
            "name": "model",
            "implementation": "mlserver_sklearn.SKLearnModel",
            "max_batch_size": batch_size,
            "max_batch_time": batch_seconds,
            "parameters": {"uri": str(site.model_file), "extra": {"predict_fn": "predict_proba"}},
        }
        (site.folder / "settings.json").write_text(json.dumps(server))
        (site.folder / "model-settings.json").write_text(json.dumps(model))
        return Command((program(site, "mlserver"), "start", str(site.folder)), site.folder)

    return Contender(
        name=name,
        role=Role.PEER,
        environment="mlserver",
        start=start,
        path="/v2/models/model/infer",
        ready="/v2/models/model/ready",
        body=lambda _, row: {"inputs": [{"name": "rows", "shape": [1, len(row)], "datatype": "FP64", "data": row}]},
        probabilities=lambda answer: answer["outputs"][0]["data"],
    )


# LitServe


def litserve(name: str, *, batch_size: int, batch_seconds: float) -> Contender:
    """Return LitServe, batching when `batch_size` is more than 1."""

    def start(site: Site) -> Command:
        batching = ("--batch-size", str(batch_size), "--batch-timeout", str(batch_seconds))
        options = ("--model", str(site.model_file), "--port", str(site.port), *batching)
        return Command((program(site, "python"), str(PEERS / "litserve" / "server.py"), *options), site.folder)

    return Contender(
        name=name,
        role=Role.PEER,
        environment="litserve",
        start=start,
        path="/predict",
        ready="/health",
        body=lambda _, row: {"row": row},
        probabilities=lambda answer: answer["probabilities"],
    )


# The limits


def constant(name: str, application: str) -> Contender:
    """Return one of the applications whose answer never changes."""

    def start(site: Site) -> Command:
        options = ("--port", str(site.port), "--no-access-log", "--log-level", "warning")
        return Command((program(site, "uvicorn"), f"apps:{application}", *options), PEERS / "constant")

    return Contender(
        name=name,
        role=Role.LIMIT,
        environment="constant",
        start=start,
        path="/predict",
        ready="/ready",
        body=lambda features, row: {"rows": [dict(zip(features, row, strict=True))]},
        probabilities=lambda answer: answer["probabilities"][0],
    )


PEER_CONTENDERS = (
    mlflow(MLFLOW, typed=True),
    mlflow(f"{MLFLOW}, no signature", typed=False),
    bentoml("BentoML", batching=False),
    bentoml("BentoML, batching", batching=True),
    litserve("LitServe", batch_size=1, batch_seconds=0.0),
    litserve("LitServe, batching", batch_size=BATCH, batch_seconds=0.005),
    mlserver("MLServer", batch_size=0, batch_seconds=0.0),
    mlserver("MLServer, adaptive batching", batch_size=BATCH, batch_seconds=0.005),
)
LIMITS = (constant("constant JSON, FastAPI route", "fastapi_app"), constant("constant JSON, raw ASGI", "raw_app"))
