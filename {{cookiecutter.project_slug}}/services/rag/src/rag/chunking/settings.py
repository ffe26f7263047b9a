"""What an operator may set about chunking."""

from pydantic import Field

from rag.chunking.options import ChunkOptions, Strategy
from servicekit.settings import Group

DEFAULTS = ChunkOptions()


class ChunkingSettings(Group):
    """How documents are divided into what is found and cited. A change counts for documents ingested later."""

    strategy: Strategy = Field(
        DEFAULTS.strategy, description="structure (headings, paragraphs, tables), sentences, or fixed sizes"
    )
    target_tokens: int = Field(
        DEFAULTS.target_tokens,
        ge=32,
        le=4_000,
        description="Tokens of a chunk; the embedding model must take a quarter more",
    )
    parent_tokens: int = Field(
        DEFAULTS.parent_tokens, ge=64, le=32_000, description="Tokens of the part of a section around a chunk"
    )

    def options(self) -> ChunkOptions:
        """Return them in the form that the chunker takes."""
        return ChunkOptions(**self.model_dump())
