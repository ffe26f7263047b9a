"""`python -m rag evaluate`: how good the answers are, and whether a change makes them better."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import structlog

from rag.settings import RagSettings

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Load: TypeAlias = Callable[[], RagSettings]


def add_commands(commands: Commands, load: Load) -> None:
    """Add `evaluate`; a parsed command is run with `arguments.run(arguments)` and returns the exit code."""
    parser = commands.add_parser(
        "evaluate",
        help="measure retrieval and answers on questions with known answers",
        description="Runs in this process, on a temporary index over the project's documentation or over --dir.",
    )
    parser.add_argument(
        "--set", type=Path, metavar="FILE", help="questions as JSON Lines: question, answer, document, page"
    )
    parser.add_argument("--dir", type=Path, metavar="FOLDER", help="documents to ask about; names are paths in it")
    parser.add_argument("--gate", action="store_true", help="exit with 1 when a metric does not keep its bound")
    parser.add_argument("--bounds", type=Path, metavar="FILE", help="other bounds than those of the project's own set")
    parser.add_argument(
        "--base", metavar="KEY=VALUE,...", help="the configuration to evaluate, as changes of the settings"
    )
    parser.add_argument(
        "--compare",
        action="append",
        default=[],
        metavar="KEY=VALUE,...",
        help="another one to compare it with; repeatable",
    )
    parser.add_argument(
        "--stages", action="store_true", help="compare it with every optional stage and way of chunking"
    )
    parser.add_argument(
        "--chunking", metavar="STRATEGY", help="structure, sentences or fixed; short for --base chunking="
    )
    parser.add_argument("--search-only", action="store_true", help="judge retrieval alone, without any answer")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the whole report as JSON too")
    parser.add_argument("--track", action="store_true", help="log it to MLflow too")
    parser.set_defaults(run=lambda arguments: _run(load(), arguments))


def _run(settings: RagSettings, arguments: argparse.Namespace) -> int:
    from llmkit.prompts import PromptStore  # these are not needed, and slow to load, for other commands
    from rag.answers import PROMPTS
    from rag.cli import migration_folders
    from rag.evaluation.command import Refused, run
    from rag.evaluation.local import Tools

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    tools = Tools(PromptStore.load(PROMPTS, settings.prompts), migration_folders())
    try:
        return asyncio.run(run(settings, arguments, tools, sys.stdout.write, sys.stderr.write))
    except Refused as refusal:
        sys.stderr.write(f"evaluate: {refusal}\n")
        return 2
