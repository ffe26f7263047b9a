"""`python -m rag reindex`: all documents embedded anew, with the embeddings of the settings."""

import argparse
import asyncio
import sys
from collections.abc import Callable
from typing import TypeAlias

from rag.documents.cli import add_connection
from rag.indexing.collections import IndexMismatch
from rag.indexing.ports import IndexUnavailable
from rag.remote import RemoteRefused, RemoteService, find_service
from rag.settings import RagSettings

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Load: TypeAlias = Callable[[], RagSettings]


def add_commands(commands: Commands, load: Load) -> None:
    """Add `reindex`; it uses the running service unless that one embeds in another way than the settings say."""
    reindex = commands.add_parser("reindex", help="embed all documents anew, while searches go on")
    add_connection(reindex)
    reindex.set_defaults(run=lambda arguments: _reindex(load(), arguments.url, arguments.key))


def _reindex(settings: RagSettings, url: str | None, key: str | None) -> int:
    try:
        service = None if _embeds_otherwise(settings) else find_service(settings, url, key)
        if service is not None:
            with service:
                sys.stdout.write(f"Asking {service.url}.\n")
                documents = _on_service(service)
        else:
            documents = _here(settings)
    except (IndexUnavailable, RemoteRefused) as refusal:
        sys.stderr.write(f"reindex: {refusal}\n")
        return 1
    sys.stdout.write(f"The index was rebuilt: {documents} documents.\n")
    return 0


def _embeds_otherwise(settings: RagSettings) -> bool:
    from rag.bootstrap import refuse_mismatch

    try:
        asyncio.run(refuse_mismatch(settings))
    except IndexMismatch:
        return True
    return False


def _on_service(service: RemoteService) -> int:
    result = service.wait(service.reindex(), lambda fraction, message: _show(f"{fraction:.0%} {message}"))
    documents: int = result["revisions"]
    return documents


def _here(settings: RagSettings) -> int:
    from rag.local import quietly

    with quietly():
        return asyncio.run(_rebuild(settings))


async def _rebuild(settings: RagSettings) -> int:
    from rag.bootstrap import worker_resources
    from rag.cli import migration_folders
    from rag.reindexing.service import Reindexing
    from servicekit.database import database_url, upgrade

    await upgrade(database_url(settings), migration_folders())
    async with worker_resources(settings) as resources:
        _, revisions = await Reindexing(resources).rebuild(lambda done, total: _show(f"{done} of {total} documents"))
    return revisions


def _show(text: str) -> None:
    sys.stdout.write(f"{text}\n")
