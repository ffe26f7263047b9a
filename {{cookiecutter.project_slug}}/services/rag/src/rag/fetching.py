"""`python -m rag model`: a model for embeddings or for reranking, fetched once and then read without a network."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from llmkit.embeddings.errors import EmbeddingModelMissing
from llmkit.embeddings.fastembed import DEFAULT_MODEL
from llmkit.embeddings.fetching import ListedModel, fetch, find_listed

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
FOLDER = Path("services/rag/models")
"""In the project. The image has a copy of it at `/models`."""


def add_commands(commands: Commands) -> None:
    """Add `model`."""
    model = commands.add_parser("model", help="fetch a model for embeddings or reranking, to be read without a network")
    model.add_argument("name", nargs="?", default=DEFAULT_MODEL, help=f"as fastembed lists it ({DEFAULT_MODEL})")
    model.add_argument("--into", type=Path, default=FOLDER, help=f"where its folder is made ({FOLDER})")
    model.set_defaults(run=_fetch)


def _fetch(arguments: argparse.Namespace) -> int:
    try:
        model = find_listed(arguments.name)
        folder = fetch(model, arguments.into)
    except (EmbeddingModelMissing, OSError) as error:
        sys.stderr.write(f"model: {error}\n")
        return 1
    sys.stdout.write(f"{model.name} is in {folder}. To use it, write into .env:\n\n")
    sys.stdout.writelines(f"    {line}\n" for line in _settings(model, folder))
    sys.stdout.write(f"\nIn containers the folder is /models/{folder.name}.")
    if not model.is_reranker:
        sys.stdout.write(" Then, before the service starts again, embed all documents anew:\n")
        sys.stdout.write("\n    make reindex\n\nor, in containers,\n\n    docker compose build\n")
        sys.stdout.write("    docker compose run --rm --no-deps rag python -m rag reindex")
    sys.stdout.write("\n")
    return 0


def _settings(model: ListedModel, folder: Path) -> Iterator[str]:
    if model.is_reranker:
        yield "EMBEDDING__RERANKER=fastembed"
        yield f"EMBEDDING__RERANKER_MODEL={model.name}"
        yield f"EMBEDDING__RERANKER_DIR={folder}"
    else:
        yield "EMBEDDING__PROVIDER=fastembed"
        yield f"EMBEDDING__MODEL={model.name}"
        yield f"EMBEDDING__MODEL_DIR={folder}"
