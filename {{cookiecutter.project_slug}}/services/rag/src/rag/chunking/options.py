"""How documents are divided."""

from dataclasses import dataclass
from enum import StrEnum


class Strategy(StrEnum):
    """What decides where a chunk ends."""

    STRUCTURE = "structure"  # headings, pages, paragraphs, sentences, rows of tables
    SENTENCES = "sentences"  # the size, at the end of a sentence
    FIXED = "fixed"  # the size alone, between two words


@dataclass(frozen=True, slots=True)
class ChunkOptions:
    """Sizes are in tokens as `tokens.estimate` counts them."""

    strategy: Strategy = Strategy.STRUCTURE
    target_tokens: int = 350
    parent_tokens: int = 1_200
