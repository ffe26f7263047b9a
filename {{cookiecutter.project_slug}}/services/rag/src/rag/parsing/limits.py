"""How much a file may cost. Free of imports, because the parser process reads it too."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParsingLimits:
    """The bounds of one parse; what they mean for an operator is said in `ParsingSettings`."""

    max_pages: int = 5_000
    max_characters: int = 50_000_000
    max_seconds: float = 300.0
    max_memory_bytes: int = 1024**3
    max_unpacked_bytes: int = 512 * 1024**2
    max_ratio: int = 200
    max_members: int = 10_000
