"""Chooses the store of vectors that the settings name."""

from pathlib import Path

from rag.indexing.edge import EdgeVectorIndex
from rag.indexing.ports import VectorIndex
from rag.indexing.server import ServerVectorIndex
from rag.indexing.settings import IndexSettings


def make_index(settings: IndexSettings, data_dir: Path) -> VectorIndex:
    """Return a Qdrant server's adapter if an address is set, else the embedded store in `data_dir/index`."""
    return ServerVectorIndex.from_settings(settings) if settings.url else EdgeVectorIndex(data_dir / "index")
