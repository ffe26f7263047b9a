"""What authentication needs from a store of API keys."""

from dataclasses import dataclass
from typing import Protocol

from servicekit.auth.principal import Principal


@dataclass(frozen=True, slots=True)
class ApiKeyRecord:
    """A stored key: the hash of its secret and whom it stands for."""

    key_id: str
    secret_sha256: str
    """SHA-256 of the secret part, in lower-case hexadecimal. Secrets are random, so a slow hash gains nothing."""
    principal: Principal


class ApiKeyStore(Protocol):
    """Finds API keys."""

    async def find(self, key_id: str) -> ApiKeyRecord | None:
        """Return a key that may be used now; None when it is unknown, revoked or expired."""
        ...
