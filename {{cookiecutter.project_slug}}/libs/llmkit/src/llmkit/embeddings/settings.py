"""How texts become vectors, and how hits are ordered anew."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from servicekit.settings import Group


class EmbeddingSettings(Group):
    """Which embeddings and which reranker are used. Another embedder needs a new collection."""

    provider: Literal["hashed", "fastembed", "openai"] = Field(
        "hashed", description="hashed (no model), fastembed (a local ONNX model) or openai (any compatible API)"
    )
    model: str = Field(
        "", description="Name of the model; unset means BAAI/bge-small-en-v1.5 or text-embedding-3-small"
    )
    model_dir: Path | None = Field(None, description="Folder with the files of the fastembed model")
    download: bool = Field(False, description="Whether fastembed may fetch models that are not in a folder")
    dimensions: int | None = Field(
        None, ge=64, le=4096, description="Length of hashed (768) or API vectors; unset means the model's own"
    )
    batch_size: int = Field(
        64, gt=0, le=2048, description="Texts that are embedded at once; a local model takes 8 at most"
    )
    threads: int | None = Field(None, gt=0, description="Processor threads of fastembed; unset means all")
    query_prefix: str | None = Field(
        None, description="Put before queries; unset means what the model was trained with"
    )
    passage_prefix: str | None = Field(None, description="The same before passages")
    base_url: str = Field("https://api.openai.com/v1", description="Address of the embeddings API")
    api_key: SecretStr | None = Field(None, description="Its key; local servers need none")
    timeout_seconds: float = Field(30, gt=0, description="Longest wait for one answer of the API")
    attempts: int = Field(4, gt=0, le=10, description="Requests per batch before giving up")
    cache_mb: int = Field(256, ge=0, description="Size of the cache by content on disk; 0 switches it off")
    reranker: Literal["none", "lexical", "fastembed"] = Field(
        "lexical", description="none, lexical (words and their places) or fastembed (a cross-encoder)"
    )
    reranker_model: str = Field("Xenova/ms-marco-MiniLM-L-6-v2", description="Name of the cross-encoder")
    reranker_dir: Path | None = Field(None, description="Folder with the files of the cross-encoder")

    @model_validator(mode="after")
    def _models_are_there(self) -> Self:
        if self.provider == "fastembed" and self.model_dir is None and not self.download:
            raise ValueError("provider=fastembed needs model_dir, or download=true")
        if self.reranker == "fastembed" and self.reranker_dir is None and not self.download:
            raise ValueError("reranker=fastembed needs reranker_dir, or download=true")
        return self
