"""Settings of the answer cache. Whether it is used at all, every call site decides for itself."""

from pydantic import Field

from servicekit.settings import Group


class CacheSettings(Group):
    """How long answers are kept, how many, and how alike two questions must be."""

    enabled: bool = Field(True, description="Whether answers are kept for the call sites that ask for it")
    ttl_hours: float = Field(24, gt=0, description="How long an answer may serve")
    max_entries: int = Field(1000, ge=1, description="Answers kept per tenant; the oldest go first")
    similarity: float = Field(
        0.92, gt=0, le=1, description="Cosine from which two questions may be one, if the guard agrees"
    )
