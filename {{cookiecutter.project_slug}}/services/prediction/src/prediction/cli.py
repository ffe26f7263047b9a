"""The command line: `python -m prediction --help`.

Each part adds its own commands in a function `add_commands(commands, load)`: the parsed arguments carry `run`, which
takes them and returns the exit code, and `load` reads the settings when a command needs them.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from prediction.demo.cli import add_commands as add_demo_commands
from prediction.registry.cli import add_commands as add_release_commands
from prediction.scopes import SCOPES
from prediction.settings import PredictionSettings
from prediction.training.cli import add_commands as add_training_commands
from servicekit.auth.cli import add_key_commands
from servicekit.database import database_url, migrate
from servicekit.settings import load_settings

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Load: TypeAlias = Callable[[], PredictionSettings]
APP = "prediction.app:build_app"
MIGRATIONS = Path(__file__).parent / "migrations"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parsed = build_parser(lambda: load_settings(PredictionSettings)).parse_args(arguments)
    try:
        code: int = parsed.run(parsed)
    except KeyboardInterrupt:
        return 130
    return code


def build_parser(load: Load) -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="python -m prediction",
        description="The prediction service: train models, serve them, watch them.",
        epilog="Settings are read from .env and the environment; .env.example lists them.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_service_commands(commands, load)
    add_training_commands(commands, load)
    add_release_commands(commands, load)
    add_demo_commands(commands, load)
    add_key_commands(commands, load, SCOPES)
    return parser


def _add_service_commands(commands: Commands, load: Load) -> None:
    serve = commands.add_parser("serve", help="run the API (and, with JOBS__BROKER_URL=memory://, its worker)")
    serve.set_defaults(run=lambda _: _serve(load()))
    migrated = commands.add_parser("migrate", help="bring the database to the newest schema")
    migrated.set_defaults(run=lambda _: _migrate(load()))
    seed = commands.add_parser("seed", help="train the model `iris` for the development key, unless it is there")
    seed.set_defaults(run=lambda _: _seed(load()))
    openapi = commands.add_parser("openapi", help="write the OpenAPI document")
    openapi.add_argument("--output", type=Path, help="the file to write; without it, to standard output")
    openapi.set_defaults(run=_openapi)


def _serve(settings: PredictionSettings) -> int:
    from servicekit.http.server import serve

    serve(APP, settings)
    return 0


def _migrate(settings: PredictionSettings) -> int:
    migrate(database_url(settings), [MIGRATIONS])
    sys.stdout.write("The database has the newest schema.\n")
    return 0


def _seed(settings: PredictionSettings) -> int:
    from prediction.seed import seed

    return seed(settings)


def _openapi(arguments: argparse.Namespace) -> int:
    from prediction.openapi import document

    output: Path | None = arguments.output
    if output is None:
        sys.stdout.write(document())
    else:
        output.write_text(document(), encoding="utf-8")
    return 0
