"""Settings of the store of vectors."""

from pydantic import Field, SecretStr

from servicekit.settings import Group


class IndexSettings(Group):
    """Where vectors are kept. They are copies: the database can fill a new store at any time."""

    url: str = Field("", description="A Qdrant server (http://qdrant:6333); empty means embedded, in data_dir/index")
    api_key: SecretStr | None = Field(None, description="The key of the Qdrant server")
    timeout_seconds: float = Field(10, gt=0, description="Longest wait for an answer of the server")
    sweep_minutes: float = Field(15, gt=0, description="Pause between two comparisons of the store with the database")
    retired_hours: float = Field(24, ge=0, description="How long a replaced collection is kept for who still uses it")
