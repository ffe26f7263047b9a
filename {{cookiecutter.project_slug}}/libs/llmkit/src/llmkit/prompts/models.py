"""The table of prompts whose version was switched while the service runs."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from servicekit.database import Base, JsonDocument


class PromptAlias(Base):
    """Which version of a prompt answers: all of it, or shares by weight. Wins over the settings."""

    __tablename__ = "prompt_aliases"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    weights: Mapped[dict[str, int]] = mapped_column(JsonDocument)
    """Weight by version; one entry means that version alone."""
    actor: Mapped[str] = mapped_column(String(255))
    changed_at: Mapped[datetime]
