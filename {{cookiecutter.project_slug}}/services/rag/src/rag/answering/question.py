"""What is asked, by whom, and how it is to be answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from llmkit.call import ModelRef
from rag.retrieval.passages import RetrievalOptions
from rag.retrieval.ports import Turn
from servicekit.database import Json, uuid7


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a tenant."""

    tenant: str
    text: str
    options: RetrievalOptions
    id: UUID = field(default_factory=uuid7)
    """Becomes the id of the answer."""
    conversation_id: UUID | None = None
    begins: bool = False
    """Whether the conversation begins with this question, so that its id is a new one."""
    thread: str = ""
    """What all questions of one exchange have in common, where no conversation is kept: they get one prompt version."""
    history: tuple[Turn, ...] = ()
    """Earlier turns, the oldest first."""
    model: ModelRef | None = None
    """Instead of the settings' chain."""
    temperature: float | None = None
    max_output_tokens: int | None = None
    schema: Mapping[str, Json] | None = None
    """A checked JSON schema that the answer has to follow; see `schema.checked`."""
    wishes: str = ""
    """What the calling application wants of the style; it never overrides the rules."""
