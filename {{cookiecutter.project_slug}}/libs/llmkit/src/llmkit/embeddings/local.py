"""Loading fastembed's models from a folder, or refusing with the way out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmkit.embeddings.errors import EmbeddingModelMissing

_NEEDED = ("tokenizer.json", "tokenizer_config.json")


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
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if not list(folder.rglob("*.onnx")):
        missing.append("*.onnx")
    if missing:
        raise EmbeddingModelMissing(f"{setting}={folder} lacks {', '.join(missing)}: copy the files of {model} there")
    return {"specific_model_path": str(folder), "local_files_only": True}
