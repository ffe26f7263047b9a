"""The background jobs of documents."""

import asyncio
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import islice
from pathlib import Path

from llmkit.errors import ModelError
from rag.catalog import WorkerResources, catalog
from rag.chunking.chunker import chunk
from rag.chunking.chunks import Chunk
from rag.documents.errors import DocumentNotFound, RevisionGone
from rag.documents.indexer import Owner
from rag.documents.ingestion import Ingestion, Source
from rag.documents.models import RevisionState
from rag.documents.shelf import DocumentShelf
from rag.documents.storage import content_key
from rag.documents.work import (
    INGEST,
    PURGE,
    RELABEL,
    IngestParams,
    IngestResult,
    PurgeParams,
    PurgeResult,
    RelabelParams,
    RelabelResult,
)
from rag.indexing.ports import IndexUnavailable
from rag.parsing import refusals
from rag.parsing.blocks import ParsedDocument, ParsingRefused
from rag.parsing.parser import parse
from rag.parsing.starting import ParserUnavailable
from servicekit.jobs import Backoff, JobContext, JobRefused, RetryLater
from servicekit.storage import ObjectNotFound

Context = JobContext[WorkerResources]
PATIENCE = Backoff(first=timedelta(seconds=5), longest=timedelta(minutes=10))
"""Ten attempts with it outlast half an hour without the store of vectors or the embeddings' provider."""
FIRST_CHUNKS = 16
"""Of the first batch."""
WRITE_SECONDS = 60.0
"""How long a batch in work is waited for when the attempt is over."""


@catalog.job(INGEST, attempts=10, timeout=timedelta(hours=2), queue="ingest", backoff=PATIENCE)
def ingest_document(context: Context, params: IngestParams) -> IngestResult:
    """Parse, cut, embed and index one revision, and show it when it is complete."""
    ingestion = Ingestion(context.resources)
    with _unavailable_is_temporary():
        try:
            return _ingest(context, ingestion, params)
        except RevisionGone:
            owner = Owner(context.tenant, params.document, params.revision)
            context.run(ingestion.remove_points(owner))
            return _result(params, None, 0, "deleted")


@catalog.job(PURGE, attempts=10, timeout=timedelta(hours=1), backoff=PATIENCE)
async def purge_revisions(context: Context, params: PurgeParams) -> PurgeResult:
    """Remove rows, points and files of revisions that nobody sees any more."""
    resources, removed = context.resources, 0
    ingestion = Ingestion(resources)
    for revision in params.revisions:
        context.check()
        async with resources.database.session() as session:
            if not await DocumentShelf(session).remove_revision(revision):
                continue
        with _unavailable_is_temporary():
            await ingestion.remove_points(Owner(context.tenant, params.document, revision))
        await resources.storage.delete(content_key(revision))
        removed += 1
    return PurgeResult(revisions=removed)


@catalog.job(RELABEL, attempts=10, timeout=timedelta(hours=1), backoff=PATIENCE)
async def relabel_document(context: Context, params: RelabelParams) -> RelabelResult:
    """Write a document's tags and metadata to its points, again if they were changed meanwhile."""
    written: list[Owner] = []
    while True:
        owners = await _owners(context, params)
        if owners == written:
            return RelabelResult(revisions=len(written))
        with _unavailable_is_temporary():
            for name in await context.resources.index.collections():
                for owner in owners:
                    await context.resources.index.set_labels(
                        name, owner.tenant, owner.revision, owner.tags, owner.metadata
                    )
        written = owners


async def _owners(context: Context, params: RelabelParams) -> list[Owner]:
    async with context.resources.database.reading() as session:
        shelf = DocumentShelf(session)
        try:
            document = (await shelf.get(context.tenant, params.document)).document
        except DocumentNotFound:
            return []
        revisions = await shelf.revisions(document.id)
        return [Owner.of(document, found) for found in revisions if found.state != RevisionState.FAILED]


def _ingest(context: Context, ingestion: Ingestion, params: IngestParams) -> IngestResult:
    source = context.run(ingestion.begin(params.revision))
    if source is None:
        return _result(params, None, 0, "ready")
    resources = context.resources
    with tempfile.TemporaryDirectory(prefix="ingest-") as folder:
        path = Path(folder) / "content"
        try:
            context.run(resources.storage.download(content_key(params.revision), path))
            limits = resources.settings.parsing.limits()
            with parse(path, source.name, limits, nursery=resources.nursery) as document:
                chunks = _write(context, ingestion, source, document)
                info = document.info
        except ParsingRefused as refusal:
            context.run(ingestion.refuse(source, refusal))
            raise JobRefused(refusal.code, refusal.detail, refusal.hint) from refusal
        except ObjectNotFound as error:
            raise JobRefused("content_lost", "The file is not in the storage any more.", "Upload it again.") from error
    shown = context.run(ingestion.publish(source, info, chunks))
    return _result(params, info.pages, chunks, "ready" if shown else "superseded")


def _write(context: Context, ingestion: Ingestion, source: Source, document: ParsedDocument) -> int:
    """Embed and write the document batch by batch, while the next batch is being parsed; return the chunks."""
    settings = context.resources.settings
    chunks = chunk(document.blocks(), settings.chunking.options())
    count = characters = 0
    with _Behind(context, ingestion, source) as behind:
        for batch in _batches(chunks, settings.ingestion.batch_size):
            behind.write(batch)
            count += len(batch)
            characters += sum(len(written.text) for written in batch)
            context.progress(*_progress(document.info.pages, batch[-1], characters / max(source.size, 1)))
    if not count:
        raise refusals.no_text("The document has no text.")
    return count


class _Behind:
    """Writes one batch while its caller makes the next one. Nothing is in work any more when the block is left."""

    def __init__(self, context: Context, ingestion: Ingestion, source: Source) -> None:
        self._context = context
        self._ingestion = ingestion
        self._source = source
        self._pending: Future[None] | None = None

    def __enter__(self) -> "_Behind":
        return self

    def write(self, batch: list[Chunk]) -> None:
        """Begin to write a batch after the one before; raises what that one raised."""
        self._finish()
        coroutine = self._ingestion.write(self._source, batch)
        self._pending = asyncio.run_coroutine_threadsafe(coroutine, self._context.loop)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._finish()
        else:
            with suppress(Exception):
                self._finish()

    def _finish(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result(WRITE_SECONDS if self._context.signals.stop else None)


def _batches(chunks: Iterable[Chunk], most: int) -> Iterator[list[Chunk]]:
    """Yield batches that grow: a short document is not parsed to its end before anything is embedded."""
    remaining, size = iter(chunks), min(FIRST_CHUNKS, most)
    while batch := list(islice(remaining, size)):
        yield batch
        size = min(2 * size, most)


def _progress(pages: int | None, last: Chunk, share: float) -> tuple[float, str]:
    """Return fraction and message; without pages, by how much of the file has become text."""
    if pages:
        return 0.99 * last.page_end / pages, f"page {last.page_end} of {pages}"
    return min(0.95, share), f"{last.ordinal + 1} chunks"


@contextmanager
def _unavailable_is_temporary() -> Iterator[None]:
    """Turn what may work later into another attempt."""
    try:
        yield
    except IndexUnavailable as error:
        raise RetryLater("index_unavailable", "The store of vectors does not answer.") from error
    except ParserUnavailable as error:
        raise RetryLater("parser_unavailable", "The parser could not be started.") from error
    except ModelError as error:
        raise RetryLater(error.code, error.detail) from error


def _result(params: IngestParams, pages: int | None, chunks: int, outcome: str) -> IngestResult:
    return IngestResult(document=params.document, revision=params.revision, pages=pages, chunks=chunks, outcome=outcome)
