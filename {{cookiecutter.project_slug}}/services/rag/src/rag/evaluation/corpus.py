"""The documents that the command evaluates on: read once, cut into chunks as often as strategies are compared."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

from rag.documents.folders import Named, find_documents, project_documents
from rag.parsing.blocks import Block, ParsingRefused
from rag.parsing.limits import ParsingLimits
from rag.parsing.parser import parse


class CorpusRefused(Exception):
    """There is nothing to evaluate on, or a document cannot be read."""


@dataclass(frozen=True, slots=True)
class CorpusDocument:
    """A document in memory. Its id follows from its name, so two runs find the same order among equals."""

    name: str
    blocks: tuple[Block, ...]

    @property
    def id(self) -> UUID:
        """Return the id of the document and of its only revision."""
        return uuid5(NAMESPACE_URL, self.name)


def project_root() -> Path:
    """Return the folder above us that holds the project's documentation; CorpusRefused when this is not a checkout."""
    for folder in (Path.cwd(), *Path(__file__).resolve().parents):
        if (folder / "docs" / "architecture.md").is_file():
            return folder
    raise CorpusRefused("the project's documentation is not here; give a folder of documents with DIR=")


def read_project(limits: ParsingLimits) -> tuple[CorpusDocument, ...]:
    """Read the project's own documentation."""
    root = project_root()
    return _read(root, project_documents(root), limits)


def read_folder(folder: Path, limits: ParsingLimits) -> tuple[CorpusDocument, ...]:
    """Read every document below a folder, under the names that `make ingest` gives them."""
    if not folder.is_dir():
        raise CorpusRefused(f"{folder} is not a folder")
    return _read(folder, find_documents(folder), limits)


def _read(root: Path, files: Sequence[Named], limits: ParsingLimits) -> tuple[CorpusDocument, ...]:
    documents = tuple(_documents(files, limits))
    if not documents:
        raise CorpusRefused(f"there are no documents in {root}")
    return documents


def _documents(files: Sequence[Named], limits: ParsingLimits) -> Iterator[CorpusDocument]:
    for name, path in files:
        try:
            with parse(path, name, limits) as parsed:
                yield CorpusDocument(name, tuple(parsed.blocks()))
        except ParsingRefused as refusal:
            raise CorpusRefused(f"{name}: {refusal.detail} {refusal.hint}") from refusal
