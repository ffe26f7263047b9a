"""`python -m prediction demo`: the live demonstration."""

import argparse
import sys
from collections.abc import Callable
from typing import TypeAlias

from prediction.settings import PredictionSettings

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Load: TypeAlias = Callable[[], PredictionSettings]


def add_commands(commands: Commands, load: Load) -> None:
    """Add `demo`; a parsed command is run with `arguments.run(arguments)` and returns the exit code."""
    parser = commands.add_parser("demo", help="train, serve, label, drift and retrain on real data, over HTTP")
    parser.add_argument("--url", default="http://127.0.0.1:8001", help="where the service runs")
    parser.add_argument("--key", help="an API key with all scopes; the development key of the settings when absent")
    parser.set_defaults(run=lambda arguments: _run(arguments.url, arguments.key or _development_key(load())))


def _run(url: str, key: str | None) -> int:
    if key is None:
        sys.stderr.write("demo: give a key with --key, or set AUTH__DEVELOPMENT_KEY\n")
        return 2
    from prediction.demo.client import Service  # not needed, and slow to load, for other commands
    from prediction.demo.play import run
    from servicekit.narrator import DemoFailed, Narrator

    try:
        with Service(url, key) as service:
            run(service, Narrator())
    except DemoFailed as failure:
        sys.stderr.write(f"\ndemo: {failure}\n")
        return 1
    return 0


def _development_key(settings: PredictionSettings) -> str | None:
    key = settings.auth.development_key
    return key.get_secret_value() if key else None
