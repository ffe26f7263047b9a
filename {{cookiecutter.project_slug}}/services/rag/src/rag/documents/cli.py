"""`python -m rag ingest`: the documents of a folder, into the running service."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from rag.documents.folders import find_documents, portions
from rag.remote import Json, RemoteRefused, RemoteService, find_service
from rag.settings import RagSettings

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Load: TypeAlias = Callable[[], RagSettings]
POLL_SECONDS = 0.5
UNUSABLE = 422
"""The status of an upload of which no file was taken."""
IN_WORK = ("queued", "processing")


def add_commands(commands: Commands, load: Load) -> None:
    """Add `ingest`, which asks the running service."""
    ingest = commands.add_parser("ingest", help="upload the documents of a folder and wait until they can be asked")
    ingest.add_argument("folder", type=Path)
    ingest.add_argument("--tags", help="tags of all of them, separated by commas")
    ingest.add_argument("--metadata", help="facts of all of them, a JSON object of plain values")
    add_connection(ingest)
    ingest.set_defaults(run=lambda arguments: _ingest(arguments, load()))


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the service runs."""
    parser.add_argument("--url", help="where the service runs; by default RAG_URL")
    parser.add_argument("--key", help="an API key; by default RAG_KEY, or the development key")


def _ingest(arguments: argparse.Namespace, settings: RagSettings) -> int:
    files = find_documents(arguments.folder) if arguments.folder.is_dir() else []
    if not files:
        sys.stderr.write(f"ingest: there is no PDF, DOCX, HTML, Markdown or text file in {arguments.folder}.\n")
        return 2
    service = find_service(settings, arguments.url, arguments.key)
    if service is None:
        url = arguments.url or settings.rag_url
        sys.stderr.write(
            f"ingest: no service answers at {url}, or there is no key: run `make dev`, or set RAG_URL and RAG_KEY.\n"
        )
        return 1
    with service:
        try:
            failed = sum(_send(service, portion, arguments) for portion in portions(files))
        except RemoteRefused as refusal:
            sys.stderr.write(f"ingest: {refusal}\n")
            return 1
    sys.stdout.write(f"{len(files) - failed} of {len(files)} documents can be asked.\n")
    return 1 if failed else 0


def _send(service: RemoteService, files: Sequence[tuple[str, Path]], labels: argparse.Namespace) -> int:
    """Upload some files and wait for them; return how many failed."""
    try:
        answer = service.upload(files, labels.tags, labels.metadata)
    except RemoteRefused as refusal:
        if refusal.status != UNUSABLE:
            raise
        sys.stdout.write(f"{', '.join(name for name, _ in files)}: refused: {refusal}\n")
        return len(files)
    for refused in answer["refused"]:
        sys.stdout.write(f"{refused['name']}: refused ({refused['code']}): {refused['detail']} {refused['hint']}\n")
    return len(answer["refused"]) + sum(not _wait(service, item) for item in answer["items"])


def _wait(service: RemoteService, item: Json) -> bool:
    document = item["document"]
    while document["state"] in IN_WORK:
        time.sleep(POLL_SECONDS)
        document = service.document(document["id"])
    if document["state"] == "failed":
        error = document["error"]
        sys.stdout.write(f"{document['name']}: failed ({error['code']}): {error['detail']} {error['hint'] or ''}\n")
        return False
    sys.stdout.write(f"{document['name']}: {item['outcome']}, {document['chunks']} chunks\n")
    return True
