"""Our rag service: its settings, its database, and how its programs are started."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.measurement import run_to_end
from bench.ours import PROJECT, ROOT
from bench.processes import Command, Server

NAME = "this project"
KEY = "dev-benchmark-key"
HEADERS = {"X-API-Key": KEY}


@dataclass(frozen=True, slots=True)
class Installation:
    """A migrated copy of the service with data of its own."""

    python: Path
    folder: Path
    log: Path
    settings: Mapping[str, str]

    def command(self, *arguments: str, settings: Mapping[str, str] | None = None) -> Command:
        """Return how one of its programs is started, with other settings if given."""
        return Command((str(self.python), *arguments), self.folder, {**self.settings, **(settings or {})})

    def serve(self, port: int, settings: Mapping[str, str] | None = None) -> Server:
        """Start the service as it is started in production, with its worker inside, and wait until it is ready."""
        command = self.command("-m", "rag", "serve", settings={"HTTP__PORT": str(port), **(settings or {})})
        server = Server(command, port, self.log)
        try:
            return server.wait_until_ready("/readyz")
        except BaseException:
            server.stop()
            raise


def install(python: Path, folder: Path, log: Path) -> Installation:
    """Begin with empty data, on a compiled copy of the project beside the folder."""
    project = folder.with_name("rag-project")
    if not project.exists():
        copy_project(python, project, log)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    installation = Installation(python, folder, log, settings_of(project, folder))
    run_to_end(installation.command("-m", "rag", "migrate"), log)
    return installation


def copy_project(python: Path, project: Path, log: Path) -> None:
    """Copy and compile the project, as it is in an image.

    In the template's tree nothing may be compiled, and the parser's process would compile itself for every document.
    """
    unwanted = shutil.ignore_patterns("tests", "__pycache__", "var", ".env", ".venv", "node_modules")
    shutil.copytree(PROJECT, project, ignore=unwanted)
    run_to_end(
        Command((str(python), "-m", "compileall", "-q", "libs", "services"), project, {"PYTHONPYCACHEPREFIX": ""}), log
    )


def bytecode(folder: Path) -> dict[str, str]:
    """Return the settings that keep compiled modules in a folder, whatever is set for this program."""
    return {"PYTHONPYCACHEPREFIX": str(folder), "PYTHONDONTWRITEBYTECODE": ""}


def settings_of(project: Path, folder: Path) -> dict[str, str]:
    """Return the environment: as shipped for one machine, but no limit on how often a tenant may call."""
    return {
        **bytecode(folder.with_name("bytecode")),
        "PYTHONPATH": sources(project),
        "ENVIRONMENT": "development",
        "AUTH__DEVELOPMENT_KEY": KEY,
        "DATA_DIR": str(folder / "var"),
        "HTTP__DRAIN_SECONDS": "0",
        "LIMITS__DEFAULT": "6000000/minute",
        "CONVERSATIONS__TITLES": "false",
    }


def sources(project: Path) -> str:
    """Return where the packages of a project are, and this program's, as PYTHONPATH."""
    folders = [*sorted(project.glob("libs/*/src")), *sorted(project.glob("services/*/src")), ROOT / "benchmarks"]
    return os.pathsep.join(map(str, folders))
