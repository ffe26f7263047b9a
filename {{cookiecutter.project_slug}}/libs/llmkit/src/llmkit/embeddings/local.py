"""Loading fastembed's models from a folder, or refusing with the way out."""

from collections.abc import Mapping
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
    if missing := missing_files(folder):
        raise EmbeddingModelMissing(f"{setting}={folder} lacks {', '.join(missing)}: copy the files of {model} there")
    return {"specific_model_path": str(folder), "local_files_only": True}


def missing_files(folder: Path) -> list[str]:
    """Name the files that fastembed cannot do without; `config.json` and others are read if they are there."""
    is_network = any(folder.rglob("*.onnx"))
    is_static = not is_network and (folder / "model.safetensors").is_file()  # a table of words, such as Potion
    needed = {
        "tokenizer.json": (folder / "tokenizer.json").is_file(),
        "tokenizer_config.json": is_static or (folder / "tokenizer_config.json").is_file(),
        "*.onnx": is_static or is_network,
    }
    return [name for name, is_there in needed.items() if not is_there]
