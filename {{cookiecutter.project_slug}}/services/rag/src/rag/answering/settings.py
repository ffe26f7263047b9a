"""Settings of answering."""

from pydantic import Field

from llmkit.call import CacheMode
from servicekit.settings import Group


class AnsweringSettings(Group):
    """How answers are made and when they are withheld."""

    context_tokens: int = Field(6000, gt=0, description="Tokens of passages that the model reads at most")
    history_turns: int = Field(6, ge=0, le=50, description="Earlier turns that a follow-up is understood by")
    max_output_tokens: int = Field(1024, gt=0, description="Longest answer of the model")
    deadline_seconds: float = Field(90, gt=0, description="Longest time for an answer, over all attempts and models")
    min_support: float = Field(0.4, ge=0, le=1, description="Share of an answer the passages must hold, else abstain")
    min_citation: float = Field(0.5, ge=0, le=1, description="Share of a sentence that a cited passage must hold")
    cache: CacheMode = Field(CacheMode.OFF, description="Give earlier answers again: off, exact or semantic")
    keep_alive_seconds: float = Field(15, gt=0, description="Silence on a stream after which a comment is sent")
    socket_idle_seconds: float = Field(600, gt=0, description="Silence after which a websocket is closed")
