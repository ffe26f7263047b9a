"""What is left of the time of an ingestion when a model embeds: the part that the pipeline itself takes."""

from dataclasses import dataclass
from pathlib import Path

from bench.rag.ingestion import SEED, WARM_UP_PAGES
from bench.rag.installation import install
from bench.rag.network import Shape, write_model
from bench.rag.pdfs import write_manual
from bench.rag.worker import Worker

PAGES = 200


@dataclass(frozen=True, slots=True)
class EmbeddingFigure:
    """One document taken in, embedded by a network of the size of fastembed's default model."""

    pages: int
    chunks: int
    seconds: float
    embedding_seconds: float
    own_mb: float  # its own memory at most

    @property
    def rest(self) -> float:
        """The part of the time in which the embedder was not at work."""
        return 1 - self.embedding_seconds / self.seconds


def measure_embedding(python: Path, build: Path, pages: int = PAGES) -> list[EmbeddingFigure]:
    """Take in a document once, after a small one by which the network is loaded."""
    model = build / "random-bert"
    write_model(model, Shape())
    folder = build / "pdfs"
    folder.mkdir(parents=True, exist_ok=True)
    small, file = (folder / f"manual-{count}.pdf" for count in (WARM_UP_PAGES, pages))
    write_manual(small, WARM_UP_PAGES, SEED)
    write_manual(file, pages, SEED)
    log = build / "logs" / "rag-embed.log"
    settings = {"EMBEDDING__PROVIDER": "fastembed", "EMBEDDING__MODEL_DIR": str(model)}
    installation = install(python, build / "run" / "rag-embed", log)
    with Worker(installation.command("-m", "bench.rag.inside.embed", settings=settings), log) as worker:
        worker.ask(files=[str(small)])
        watch = worker.watch()
        answer = worker.ask(files=[str(file)])
        peak = watch.stop()
    figure = EmbeddingFigure(pages, answer["chunks"], answer["seconds"], answer["embedding_seconds"], peak.own)
    print(f"    {pages:,} pages: {figure.seconds:.1f} s, of them not embedding {100 * figure.rest:.1f} %", flush=True)
    return [figure]
