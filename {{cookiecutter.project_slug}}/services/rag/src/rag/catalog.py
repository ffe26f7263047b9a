"""The background jobs of this service and what they may use.

Each part registers its jobs here (`rag/<part>/tasks.py`); `rag.jobs` imports those modules.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from llmkit.embeddings.ports import Embedder
from rag.documents.indexer import Indexer
from rag.evaluation.parts import EvaluationParts
from rag.indexing.collections import Collections
from rag.indexing.ports import VectorIndex
from rag.parsing.nursery import Nursery
from rag.settings import RagSettings
from servicekit.database import Database
from servicekit.jobs import JobCatalog, JobService
from servicekit.storage import ObjectStorage


@dataclass(frozen=True, slots=True)
class WorkerResources:
    """What a job may use; built once for each worker process by `rag.bootstrap.worker_resources`."""

    settings: RagSettings
    database: Database
    storage: ObjectStorage
    jobs: JobService
    index: VectorIndex
    collections: Collections
    embedder: Embedder
    indexer: Indexer
    open_evaluation: Callable[[], AbstractAsyncContextManager[EvaluationParts]]
    """Opens what an evaluation asks; models and money are only built in a worker when one is run."""
    nursery: Nursery | None = None
    """Makes the parser processes."""


catalog: JobCatalog[WorkerResources] = JobCatalog("rag")
