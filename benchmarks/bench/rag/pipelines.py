"""Everything that takes documents in: ours and the peers', each as a program that is told what to do."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import environments
from bench.contenders import PEERS
from bench.ours import PROJECT
from bench.processes import Command
from bench.rag.installation import NAME, install

LANGCHAIN = "LangChain"
LLAMAINDEX = "LlamaIndex"
ENVIRONMENTS = {LANGCHAIN: "langchain-rag", LLAMAINDEX: "llamaindex-rag"}


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One of them. `start` gets an unused folder and empties it."""

    name: str
    start: Callable[[Path], Command]


def pipelines(python: Path, build: Path) -> list[Pipeline]:
    """Return all, ours first; the peers' environments are made when they are missing."""
    log = build / "logs" / "rag-ingest.log"

    def start_ours(folder: Path) -> Command:
        return install(python, folder, log).command("-m", "bench.rag.inside.ingest")

    return [Pipeline(NAME, start_ours), *(_peer(name, build) for name in ENVIRONMENTS)]


def peer_environment(name: str, build: Path) -> Path:
    """Return the environment of a peer, which is made when it is missing."""
    folder = ENVIRONMENTS[name]
    return environments.ensure(
        build / "venvs" / folder, PEERS / folder / "requirements.lock", build / "logs" / f"install-{folder}.log"
    )


def peer_command(name: str, build: Path, program: str, *arguments: str) -> Command:
    """Return how a peer's program is started. It finds the project's embedder, and nothing else of the project."""
    python = peer_environment(name, build) / "bin" / "python"
    environment = {"PYTHONPATH": str(PROJECT / "libs" / "llmkit" / "src"), "USER_AGENT": "bench"}
    return Command((str(python), program, *arguments), PEERS / ENVIRONMENTS[name], environment)


def _peer(name: str, build: Path) -> Pipeline:
    def start(folder: Path) -> Command:
        shutil.rmtree(folder, ignore_errors=True)
        return peer_command(name, build, "pipeline.py")

    return Pipeline(name, start)
