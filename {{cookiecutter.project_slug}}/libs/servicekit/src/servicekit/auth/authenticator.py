"""From a credential to a principal."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Protocol
from weakref import WeakValueDictionary

import structlog

from servicekit.auth.ports import ApiKeyStore
from servicekit.auth.principal import ALL_SCOPES, Principal
from servicekit.problems import Unauthorized, Unavailable

logger = structlog.get_logger(__name__)

KEY_PREFIX = "pk_"
CACHE_SIZE = 10_000
DEVELOPMENT = Principal(tenant="development", subject="development-key", scopes=frozenset({ALL_SCOPES}))


class MissingCredential(Unauthorized):
    """No credential was sent."""

    code = "credential_missing"
    hint = "Send an API key as `X-API-Key: KEY`, or a key or token as `Authorization: Bearer …`."

    def __init__(self) -> None:
        super().__init__("This route needs a credential.", headers={"WWW-Authenticate": "Bearer"})


class InvalidCredential(Unauthorized):
    """The credential is unknown, revoked or malformed."""

    code = "credential_invalid"

    def __init__(self, detail: str = "The credential is not valid.") -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


class KeysUnavailable(Unavailable):
    """The store of API keys does not answer."""

    code = "credential_store_unavailable"

    def __init__(self) -> None:
        super().__init__("Credentials cannot be checked at the moment.", retry_after=1)


class TokenVerifier(Protocol):
    """Checks a signed token."""

    async def verify(self, token: str) -> tuple[Principal, float]:
        """Return the principal and the epoch second until which the token is valid; raise `InvalidCredential`."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


class Authenticator:
    """Checks credentials against the key store or the token issuer, and remembers the good ones for a short time."""

    def __init__(
        self,
        keys: ApiKeyStore,
        *,
        tokens: TokenVerifier | None = None,
        development_key: str | None = None,
        cache_seconds: float = 30,
    ) -> None:
        self._keys = keys
        self._tokens = tokens
        self._development_digest = _digest(development_key.encode()) if development_key else None
        self._cache_seconds = cache_seconds
        self._cache: dict[bytes, tuple[Principal, float]] = {}
        self._checking: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()

    async def authenticate(self, headers: Mapping[bytes, bytes]) -> Principal:
        """Return who is calling.

        Raises:
            MissingCredential: there is none.
            InvalidCredential: it is not valid.
            Unavailable: it cannot be checked now.
        """
        credential = credential_of(headers)
        if credential is None:
            raise MissingCredential
        digest = _digest(credential)
        known = self._known(digest)
        if known is not None:
            return known
        async with self._checking.setdefault(digest, asyncio.Lock()):  # many requests, one look-up
            known = self._known(digest)
            if known is None:
                known, seconds = await self._check(credential, digest)
                self._remember(digest, known, seconds)
            return known

    async def aclose(self) -> None:
        """Close connections."""
        if self._tokens is not None:
            await self._tokens.aclose()

    def _known(self, digest: bytes) -> Principal | None:
        entry = self._cache.get(digest)
        return entry[0] if entry and entry[1] > time.monotonic() else None

    async def _check(self, credential: bytes, digest: bytes) -> tuple[Principal, float]:
        if self._development_digest and hmac.compare_digest(digest, self._development_digest):
            return DEVELOPMENT, self._cache_seconds
        try:
            text = credential.decode("ascii")
        except UnicodeDecodeError:
            raise InvalidCredential from None
        if text.startswith(KEY_PREFIX):
            return await self._check_key(text), self._cache_seconds
        if self._tokens is None:
            raise InvalidCredential
        principal, expires_at = await self._tokens.verify(text)
        return principal, min(self._cache_seconds, expires_at - time.time())

    async def _check_key(self, key: str) -> Principal:
        key_id, _, secret = key.removeprefix(KEY_PREFIX).partition("_")
        if not key_id or not secret:
            raise InvalidCredential
        try:
            record = await self._keys.find(key_id)
        except Exception as error:
            logger.warning("keys.unavailable", error=type(error).__name__)
            raise KeysUnavailable from error
        if record is None or not hmac.compare_digest(_digest(secret.encode()).hex(), record.secret_sha256):
            raise InvalidCredential
        return record.principal

    def _remember(self, digest: bytes, principal: Principal, seconds: float) -> None:
        if seconds <= 0:
            return
        if len(self._cache) >= CACHE_SIZE:
            self._cache.pop(next(iter(self._cache)))
        self._cache.pop(digest, None)
        self._cache[digest] = (principal, time.monotonic() + seconds)


def credential_of(headers: Mapping[bytes, bytes]) -> bytes | None:
    """The API key or bearer credential in a request's headers."""
    key = headers.get(b"x-api-key")
    if key:
        return key
    scheme, _, value = headers.get(b"authorization", b"").partition(b" ")
    return value.strip() or None if scheme.lower() == b"bearer" else None


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
