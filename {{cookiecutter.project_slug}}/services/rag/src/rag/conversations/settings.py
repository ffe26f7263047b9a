"""Settings of conversations."""

from pydantic import Field

from servicekit.settings import Group


class ConversationSettings(Group):
    """How conversations are kept."""

    max_turns: int = Field(200, gt=0, le=10_000, description="Questions that one conversation takes")
    titles: bool = Field(True, description="Let a cheap model give conversations a title; else the question is it")
    share_days: int = Field(30, gt=0, le=3650, description="How long a shared link works unless the sharer says less")
