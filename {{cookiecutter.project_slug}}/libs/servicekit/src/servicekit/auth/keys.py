"""API keys: `pk_<id>_<secret>`. The id is public, the secret is shown once and stored as a hash."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.auth import repository
from servicekit.auth.authenticator import KEY_PREFIX
from servicekit.auth.models import ApiKey
from servicekit.auth.ports import ApiKeyRecord
from servicekit.auth.principal import Principal
from servicekit.database import Database, utc_now

ID_BYTES = 6
SECRET_BYTES = 24
LAST_USED_PRECISION = timedelta(minutes=1)


class UnknownApiKey(Exception):
    """There is no usable key of this id."""


@dataclass(frozen=True, slots=True)
class MintedKey:
    """A new key; the only moment at which its text is known."""

    text: str
    row: ApiKey


async def mint_key(
    session: AsyncSession,
    *,
    name: str,
    tenant: str,
    scopes: frozenset[str],
    expires_at: datetime | None = None,
) -> MintedKey:
    """Make and store a key."""
    if not (name and tenant and scopes):
        raise ValueError("a key needs a name, a tenant and at least one scope")
    key_id, secret = secrets.token_hex(ID_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    row = ApiKey(
        id=key_id,
        secret_sha256=hashlib.sha256(secret.encode()).hexdigest(),
        tenant=tenant,
        name=name,
        scopes=sorted(scopes),
        created_at=utc_now(),
        expires_at=expires_at,
    )
    session.add(row)
    await session.flush()
    return MintedKey(f"{KEY_PREFIX}{key_id}_{secret}", row)


async def revoke_key(session: AsyncSession, key_id: str) -> None:
    """End a key; each process forgets it after `AUTH__KEY_CACHE_SECONDS`. UnknownApiKey."""
    if not await repository.revoke(session, key_id, utc_now()):
        raise UnknownApiKey(key_id)


class SqlApiKeyStore:
    """The `ApiKeyStore` of the authenticator, on the service's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, key_id: str) -> ApiKeyRecord | None:
        """Return a key that may be used now."""
        now = utc_now()
        async with self._database.reading() as session:
            row = await repository.find_usable(session, key_id, now)
        if row is None:
            return None
        if row.last_used_at is None or now - row.last_used_at > LAST_USED_PRECISION:
            async with self._database.session() as session:
                await repository.mark_used(session, key_id, now)
        principal = Principal(tenant=row.tenant, subject=row.id, scopes=frozenset(row.scopes))
        return ApiKeyRecord(key_id=row.id, secret_sha256=row.secret_sha256, principal=principal)
