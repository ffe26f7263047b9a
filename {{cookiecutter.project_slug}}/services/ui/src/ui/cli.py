"""The command line: `python -m ui --help`."""

import argparse
import sys
from collections.abc import Sequence

from ui.settings import load_settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m ui",
        description="The pages of this project for people.",
        epilog="Settings are read from .env and the environment; .env.example lists them.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    commands.add_parser("serve", help="serve the pages").set_defaults(run=_serve)
    parsed = parser.parse_args(arguments)
    code: int = parsed.run()
    return code


def _serve() -> int:
    settings = load_settings()
    from ui.server import serve  # Streamlit takes a second to import: not for --help

    sys.argv = sys.argv[:1]  # Streamlit hands what is left of it to the pages
    serve(settings)
    return 0
