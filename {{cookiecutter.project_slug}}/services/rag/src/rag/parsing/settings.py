"""What an operator may set about parsing."""

from pydantic import Field

from rag.parsing.limits import ParsingLimits
from servicekit.settings import Group

DEFAULTS = ParsingLimits()


class ParsingSettings(Group):
    """How much a document may cost while it is parsed, in a process of its own."""

    max_pages: int = Field(DEFAULTS.max_pages, gt=0, description="Pages of a PDF or of a text with form feeds")
    max_characters: int = Field(DEFAULTS.max_characters, gt=0, description="Characters of text that a file may give")
    max_seconds: float = Field(
        DEFAULTS.max_seconds, gt=0, description="Longest work on one file, without the time that embedding takes"
    )
    max_memory_bytes: int = Field(
        DEFAULTS.max_memory_bytes,
        ge=256 * 1024**2,
        description="Address space of the parser process, where the system can limit it",
    )
    max_unpacked_bytes: int = Field(
        DEFAULTS.max_unpacked_bytes, gt=0, description="Unpacked size of a DOCX file, declared and real"
    )
    max_ratio: int = Field(
        DEFAULTS.max_ratio, gt=1, description="A DOCX file may be this many times larger when it is unpacked"
    )
    max_members: int = Field(DEFAULTS.max_members, gt=0, description="Files inside a DOCX file")

    def limits(self) -> ParsingLimits:
        """Return them in the form that the parser takes."""
        return ParsingLimits(**self.model_dump())
