"""Bearer tokens: signed by an issuer whose public keys are published as a JWKS document."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx2
import jwt
import structlog
from jwt import PyJWK, PyJWKSet
from jwt.exceptions import (
    ExpiredSignatureError,
    InvalidAudienceError,
    InvalidIssuerError,
    InvalidTokenError,
    PyJWKSetError,
)

from servicekit.auth.authenticator import InvalidCredential
from servicekit.auth.principal import Principal
from servicekit.problems import Unavailable

KEYS_SECONDS = 3600.0
"""How long fetched keys are used without asking again."""
REFRESH_SECONDS = 10.0
"""Least time between two fetches: an unknown key id must not let anyone make us hammer the issuer."""
FETCH_SECONDS = 5.0
LEEWAY_SECONDS = 30.0
"""Tolerated difference of clocks."""

logger = structlog.get_logger(__name__)


class TokenExpired(InvalidCredential):
    """The token was valid once."""

    code = "token_expired"


class TokenMisdirected(InvalidCredential):
    """The token is from another issuer or for another audience."""

    code = "token_misdirected"


class TokenWithoutTenant(InvalidCredential):
    """The token does not say which tenant its bearer acts for."""

    code = "token_without_tenant"


class IssuerUnavailable(Unavailable):
    """The issuer's keys cannot be fetched and none are known."""

    code = "token_issuer_unavailable"

    def __init__(self) -> None:
        super().__init__("Tokens cannot be checked at the moment.", retry_after=10)


class RemoteKeys:
    """The issuer's public keys, fetched when first needed, when old, and when a token names an unknown one."""

    def __init__(self, url: str, client: httpx2.AsyncClient | None = None) -> None:
        self._url = url
        self._client = client or httpx2.AsyncClient(timeout=FETCH_SECONDS, trust_env=False)
        self._keys: dict[str, PyJWK] = {}
        self._fetched_at = -KEYS_SECONDS
        self._tried_at = -REFRESH_SECONDS
        self._lock = asyncio.Lock()

    async def get(self, key_id: str) -> PyJWK | None:
        """Return the key of this id; None if the issuer has none.

        Raises:
            IssuerUnavailable: no keys are known and they cannot be fetched.
        """
        if key_id not in self._keys or time.monotonic() - self._fetched_at > KEYS_SECONDS:
            await self._refresh()
        if not self._keys:
            raise IssuerUnavailable
        return self._keys.get(key_id)

    async def aclose(self) -> None:
        """Close the HTTP client."""
        await self._client.aclose()

    async def _refresh(self) -> None:
        async with self._lock:
            if time.monotonic() - self._tried_at < REFRESH_SECONDS:
                return
            self._tried_at = time.monotonic()
            try:
                response = await self._client.get(self._url)
                response.raise_for_status()
                keys = PyJWKSet.from_dict(response.json()).keys
            except (httpx2.HTTPError, ValueError, PyJWKSetError) as error:
                logger.warning("jwks.fetch_failed", error=type(error).__name__)  # known keys stay in use
                return
            self._keys = {key.key_id: key for key in keys if key.key_id}
            self._fetched_at = time.monotonic()


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must say."""

    issuer: str
    audience: str
    algorithms: Sequence[str]
    tenant_claim: str
    scope_claim: str


class JwtVerifier:
    """Checks a token's signature and claims and reads the principal from it."""

    def __init__(self, keys: RemoteKeys, rules: TokenRules) -> None:
        self._keys = keys
        self._rules = rules

    async def verify(self, token: str) -> tuple[Principal, float]:
        """Return the principal and the epoch second until which the token is valid."""
        key = await self._key(token)
        rules = self._rules
        try:
            claims: Mapping[str, object] = jwt.decode(
                token,
                key,
                algorithms=list(rules.algorithms),
                audience=rules.audience,
                issuer=rules.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except ExpiredSignatureError:
            raise TokenExpired("The token has expired.") from None
        except (InvalidAudienceError, InvalidIssuerError):
            raise TokenMisdirected("The token is from another issuer or for another audience.") from None
        except InvalidTokenError:
            raise InvalidCredential("The token is not valid.") from None
        return self._principal(claims), float(str(claims["exp"]))

    async def aclose(self) -> None:
        """Close the connection to the issuer."""
        await self._keys.aclose()

    async def _key(self, token: str) -> PyJWK:
        try:
            header = jwt.get_unverified_header(token)
        except InvalidTokenError:
            raise InvalidCredential from None
        key_id, algorithm = header.get("kid"), header.get("alg")
        if not isinstance(key_id, str) or algorithm not in self._rules.algorithms:
            raise InvalidCredential("The token names no key, or an algorithm that is not accepted.")
        key = await self._keys.get(key_id)
        if key is None:
            raise InvalidCredential("The token is signed with an unknown key.")
        return key

    def _principal(self, claims: Mapping[str, object]) -> Principal:
        tenant = claims.get(self._rules.tenant_claim)
        if not isinstance(tenant, str) or not tenant:
            raise TokenWithoutTenant(f"The token has no claim {self._rules.tenant_claim}.")
        scopes = claims.get(self._rules.scope_claim, "")
        names = scopes.split() if isinstance(scopes, str) else scopes if isinstance(scopes, list) else []
        return Principal(tenant, str(claims["sub"]), frozenset(str(name) for name in names))
