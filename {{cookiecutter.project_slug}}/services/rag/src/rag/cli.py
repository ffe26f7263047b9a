"""The command line: `python -m rag --help`.

Each part adds its own commands in a function `add_commands(commands, load)`: the parsed arguments carry `run`, which
takes them and returns the exit code, and `load` reads the settings when a command needs them.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import llmkit
from rag.demo.cli import add_commands as add_demo_commands
from rag.documents.cli import add_commands as add_document_commands
from rag.evaluation.cli import add_commands as add_evaluation_commands
from rag.fetching import add_commands as add_model_commands
from rag.indexing.collections import IndexMismatch
from rag.publishing import add_commands as add_prompt_commands
from rag.reindexing.cli import add_commands as add_index_commands
from rag.scopes import SCOPES
from rag.settings import RagSettings
from servicekit.auth.cli import add_key_commands
from servicekit.database import database_url, migrate
from servicekit.settings import EXIT_CONFIGURATION, load_settings

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Load: TypeAlias = Callable[[], RagSettings]
APP = "rag.app:build_app"
MIGRATIONS = Path(__file__).parent / "migrations"
LLMKIT_MIGRATIONS = Path(llmkit.__file__).parent / "migrations"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parsed = build_parser(lambda: load_settings(RagSettings)).parse_args(arguments)
    try:
        code: int = parsed.run(parsed)
    except KeyboardInterrupt:
        return 130
    return code


def build_parser(load: Load) -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="python -m rag",
        description="The rag service: take documents in, search them, answer questions with checked citations.",
        epilog="Settings are read from .env and the environment; .env.example lists them.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_service_commands(commands, load)
    add_document_commands(commands, load)
    add_index_commands(commands, load)
    add_evaluation_commands(commands, load)
    add_prompt_commands(commands, load)
    add_model_commands(commands)
    add_demo_commands(commands, load)
    add_key_commands(commands, load, SCOPES)
    return parser


def _add_service_commands(commands: Commands, load: Load) -> None:
    serve = commands.add_parser("serve", help="run the API (and, with JOBS__BROKER_URL=memory://, its worker)")
    serve.set_defaults(run=lambda _: _serve(load()))
    migrated = commands.add_parser("migrate", help="bring the database to the newest schema")
    migrated.set_defaults(run=lambda _: _migrate(load()))
    seed = commands.add_parser("seed", help="take in this project's documentation for the development key")
    seed.add_argument("--folder", type=Path, default=Path(), help="the project; by default here")
    seed.set_defaults(run=lambda arguments: _seed(load(), arguments.folder))
    openapi = commands.add_parser("openapi", help="write the OpenAPI document")
    openapi.add_argument("--output", type=Path, help="the file to write; without it, to standard output")
    openapi.set_defaults(run=_openapi)


def _serve(settings: RagSettings) -> int:
    from rag.bootstrap import refuse_mismatch
    from servicekit.http.server import serve

    try:
        asyncio.run(refuse_mismatch(settings))
    except IndexMismatch as mismatch:
        sys.stderr.write(f"Settings refused: {mismatch}\n")
        return EXIT_CONFIGURATION
    serve(APP, settings)
    return 0


def _migrate(settings: RagSettings) -> int:
    migrate(database_url(settings), migration_folders())
    sys.stdout.write("The database has the newest schema.\n")
    return 0


def migration_folders() -> list[Path]:
    """Return where the schema's revisions are: this service's and those of the language-model library."""
    return [MIGRATIONS, LLMKIT_MIGRATIONS]


def _seed(settings: RagSettings, folder: Path) -> int:
    from rag.seed import seed

    return seed(settings, folder)


def _openapi(arguments: argparse.Namespace) -> int:
    from rag.openapi import document

    output: Path | None = arguments.output
    if output is None:
        sys.stdout.write(document())
    else:
        output.write_text(document(), encoding="utf-8")
    return 0
