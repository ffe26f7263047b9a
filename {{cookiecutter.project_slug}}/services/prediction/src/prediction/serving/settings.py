"""Settings of serving."""

from pydantic import Field

from servicekit.settings import Group


class ServingSettings(Group):
    """How models are loaded and requests answered."""

    poll_seconds: float = Field(default=2.0, gt=0, le=3600, description="Pause between two looks at the releases")
    max_rows: int = Field(default=1000, ge=1, description="Rows per request; larger tables are batch scorings")
    thread_rows: int = Field(default=100, ge=0, description="A request with more rows is scored beside the event loop")
    max_loaded_models: int = Field(default=50, ge=1, description="Beyond it the model idle longest is unloaded")
    explained_features: int = Field(default=5, ge=1, description="Contributions given per explained row")
    max_explained_rows: int = Field(default=20, ge=1, description="Rows per request that asks for explanations")
    shadow_queue: int = Field(default=200, ge=1, description="Requests waiting for a shadow; more are not shadowed")
