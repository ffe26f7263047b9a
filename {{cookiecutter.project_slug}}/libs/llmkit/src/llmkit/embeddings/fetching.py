"""Fetching a local model's files once, into a folder from which they are read without a network."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from llmkit.embeddings.errors import EmbeddingModelMissing
from llmkit.embeddings.local import missing_files

BESIDE_THE_MODEL = ("config.json", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json")


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model of one of fastembed's lists."""

    name: str
    repository: str
    """At the hub."""
    files: tuple[str, ...]
    is_reranker: bool


def find_listed(name: str) -> ListedModel:
    """Return the embedding model or cross-encoder of this name. Raises `EmbeddingModelMissing`."""
    from fastembed import TextEmbedding
    from fastembed.rerank.cross_encoder import TextCrossEncoder

    for kind in (TextEmbedding, TextCrossEncoder):
        for model in kind.list_supported_models():
            repository = model["sources"].get("hf")
            if model["model"].lower() == name.lower() and repository:
                files = (*BESIDE_THE_MODEL, model["model_file"], *model["additional_files"])
                return ListedModel(model["model"], repository, files, kind is TextCrossEncoder)
    raise EmbeddingModelMissing(f"fastembed lists no model {name}")


def fetch(model: ListedModel, into: Path, *, endpoint: str | None = None) -> Path:
    """Return a new folder with the model's files, which is whole or not there. Raises `EmbeddingModelMissing`.

    Args:
        model: Which one.
        into: Where the folder is made, by the last part of the model's name. One that is there already is returned.
        endpoint: Address of the hub; by default that of HF_ENDPOINT, or the public one.
    """
    from huggingface_hub import snapshot_download

    folder = into / model.name.rpartition("/")[2]
    if folder.exists():
        _check(folder, str(folder))
        return folder
    into.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=into, prefix=".fetching-") as scratch:
        partial = Path(scratch) / "model"
        try:
            snapshot_download(model.repository, local_dir=partial, allow_patterns=list(model.files), endpoint=endpoint)
        except Exception as error:  # the hub's errors have no common base
            raise EmbeddingModelMissing(f"{model.name} cannot be fetched: {error}") from error
        shutil.rmtree(partial / ".cache", ignore_errors=True)  # the hub's own notes
        _check(partial, model.repository)
        partial.rename(folder)
    return folder


def _check(folder: Path, named: str) -> None:
    if missing := missing_files(folder):
        raise EmbeddingModelMissing(f"{named} lacks {', '.join(missing)}")
