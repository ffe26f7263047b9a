"""Loading fastembed's models from a folder, or refusing with the way out."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from llmkit.embeddings.errors import EmbeddingModelMissing


def local_options(
    model: str, folder: Path | None, *, download: bool, setting: str
) -> Mapping[str, Any]:  # keyword arguments of fastembed
    """Return what makes fastembed read a folder, or download only if that is allowed.

    Raises `EmbeddingModelMissing` when files are missing; fastembed itself would fail with the name of one of them.
    """
    if folder is None:
        if not download:
            raise EmbeddingModelMissing(f"{model} is not on this machine: set {setting}, or EMBEDDING__DOWNLOAD=true")
        return {"local_files_only": False}
    missing = list(missing_files(folder))
    if missing:
        raise EmbeddingModelMissing(f"{setting}={folder} lacks {', '.join(missing)}: copy the files of {model} there")
    return {"specific_model_path": str(folder), "local_files_only": True}


def missing_files(folder: Path) -> Iterator[str]:
    """Name the files that fastembed cannot do without; `config.json` and others are read if they are there."""
    is_network = any(folder.rglob("*.onnx"))
    is_static = not is_network and (folder / "model.safetensors").is_file()  # a table of words, such as Potion
    if not (folder / "tokenizer.json").is_file():
        yield "tokenizer.json"
    if not is_static and not (folder / "tokenizer_config.json").is_file():
        yield "tokenizer_config.json"
    if not is_static and not is_network:
        yield "*.onnx"
