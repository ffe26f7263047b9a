"""A store of API keys that forgets them at exit, for tests and trials."""

from servicekit.auth.ports import ApiKeyRecord


class MemoryApiKeyStore:
    """Keys in a dictionary."""

    def __init__(self, *records: ApiKeyRecord) -> None:
        self._records = {record.key_id: record for record in records}

    async def find(self, key_id: str) -> ApiKeyRecord | None:
        """Return the key of this id."""
        return self._records.get(key_id)

    def add(self, record: ApiKeyRecord) -> None:
        """Keep a key."""
        self._records[record.key_id] = record

    def revoke(self, key_id: str) -> None:
        """Forget a key."""
        self._records.pop(key_id, None)
