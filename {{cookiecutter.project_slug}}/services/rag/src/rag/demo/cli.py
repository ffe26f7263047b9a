"""`python -m rag demo`: the live demonstration."""

import argparse
import sys
from collections.abc import Callable
from typing import TypeAlias

from rag.settings import RagSettings

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Load: TypeAlias = Callable[[], RagSettings]


def add_commands(commands: Commands, load: Load) -> None:
    """Add `demo`; a parsed command is run with `arguments.run(arguments)` and returns the exit code."""
    parser = commands.add_parser("demo", help="read two documents, answer questions, show sources, over HTTP")
    parser.add_argument("--url", help="where the service runs; RAG_URL when absent")
    parser.add_argument("--key", help="an API key with all scopes; RAG_KEY or the development key when absent")
    parser.set_defaults(run=lambda arguments: _run(load(), arguments.url, arguments.key))


def _run(settings: RagSettings, url: str | None, key: str | None) -> int:
    key = key or _key(settings)
    if key is None:
        sys.stderr.write("demo: give a key with --key, or set RAG_KEY or AUTH__DEVELOPMENT_KEY\n")
        return 2
    from rag.demo.client import Service  # not needed, and slow to load, for other commands
    from rag.demo.play import run
    from servicekit.narrator import DemoFailed, Narrator

    try:
        with Service(url or settings.rag_url, key) as service:
            run(service, Narrator())
    except DemoFailed as failure:
        sys.stderr.write(f"\ndemo: {failure}\n")
        return 1
    return 0


def _key(settings: RagSettings) -> str | None:
    key = settings.rag_key or settings.auth.development_key
    return key.get_secret_value() if key else None
