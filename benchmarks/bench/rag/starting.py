"""How long `make dev` takes to its first answer on a machine where everything is installed, and what it holds then."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import environments
from bench.measurement import run_to_end
from bench.ours import ROOT
from bench.processes import Command, exchange
from bench.rag.installation import bytecode, sources
from bench.rag.memory import held_by

ADDRESS = ("127.0.0.1", 21830)
UI_PORT = 21831
QUESTION = "How do services talk to each other?"
GIVE_UP_SECONDS = 300.0
SETTLED_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Held:
    """One process, in MB."""

    command: str
    resident: float
    proportional: float  # what it shares with others is divided among them


@dataclass(frozen=True, slots=True)
class Start:
    """One start with empty data."""

    seconds: float
    processes: list[Held]


def measure_starts(python: Path, build: Path) -> list[Start]:
    """Generate a `rag` project, run its `make dev` with the packages that are installed, and ask; twice.

    Both begin without data. The first has to compile all modules, as right after an installation that has not done so.
    """
    folder, log = build / "run" / "rag-start", build / "logs" / "rag-start.log"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    clone = ("git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", str(folder / "template"))
    run_to_end(Command(clone, folder), log)
    options = ("--default-config", "--no-input", "--output-dir", str(folder / "baked"))
    bake = (str(python), "-m", "cookiecutter", str(folder / "template"), "milestone=rag", *options)
    run_to_end(Command(bake, folder), log)
    project = next((folder / "baked").iterdir())
    starts = []
    for _ in range(2):
        shutil.rmtree(project / "var", ignore_errors=True)
        (project / ".env").unlink(missing_ok=True)
        starts.append(_start(project, python, log))
    return starts


def _start(project: Path, python: Path, log: Path) -> Start:
    begin = time.monotonic()
    with running(project, python, log) as process:
        wait_for_answer(process, project)
        seconds = time.monotonic() - begin
        time.sleep(SETTLED_SECONDS)
        held = [Held(short(command), *sizes) for command, *sizes in held_by(process.pid).values()]
    return Start(seconds, held)


@contextmanager
def running(project: Path, python: Path, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run what `make dev` runs, for the time of the block."""
    ports = {"RAG_PORT": str(ADDRESS[1]), "UI_PORT": str(UI_PORT)}
    with log.open("ab") as output:
        process = subprocess.Popen(
            (str(python), "scripts/dev.py"),
            cwd=project,
            env={
                **environments.clean(),
                **bytecode(project.parents[1] / "bytecode"),
                **ports,
                "PYTHONPATH": sources(project),
            },
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def wait_for_answer(process: "subprocess.Popen[bytes]", project: Path) -> None:
    """Ask until there is an answer; RuntimeError when `make dev` ends, TimeoutError when it takes too long."""
    body, end = json.dumps({"question": QUESTION}).encode(), time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"`make dev` ended with code {process.returncode}")
        try:
            headers = {"Content-Type": "application/json", "X-API-Key": development_key(project)}
            status, answer = exchange(ADDRESS, "POST", "/v1/ask", body, headers)
            if status == 200 and not json.loads(answer)["abstained"]:
                return
        except OSError:
            pass  # it does not listen yet
        time.sleep(0.1)
    raise TimeoutError(f"no answer after {GIVE_UP_SECONDS:.0f} s")


def development_key(project: Path) -> str:
    """Return the key that `make dev` has written; OSError before."""
    lines = (project / ".env").read_text().splitlines()
    return next(line.partition("=")[2].strip() for line in lines if line.startswith("AUTH__DEVELOPMENT_KEY="))


def short(command: str) -> str:
    """Return a command line without the places that differ from machine to machine."""
    words = [word.rpartition("/")[2] if word.startswith("/") else word for word in command.split()]
    return " ".join(words[:4])
