"""What stands before every route that is not public: credential, scopes, rate limit."""

from typing import TYPE_CHECKING, Protocol

from starlette.requests import HTTPConnection
from starlette.types import Scope

from servicekit.auth.authenticator import Authenticator
from servicekit.auth.principal import Principal
from servicekit.context import SCOPE_KEY, RequestContext
from servicekit.limits.limit import Limit
from servicekit.limits.limiter import RateLimiter
from servicekit.problems import Forbidden

if TYPE_CHECKING:
    from servicekit.kit import Kit


class MissingScope(Forbidden):
    """The caller does not hold the scope of this route."""

    code = "scope_missing"


class Guard(Protocol):
    """Lets a request pass and says who is calling."""

    async def __call__(self, scope: Scope) -> Principal:
        """Return the principal; raise `Unauthorized`, `Forbidden`, `TooManyRequests` or `Unavailable`."""
        ...


class ScopedGuard:
    """Authenticates, checks the scopes, then takes one call from the tenant's limit."""

    def __init__(
        self, scopes: tuple[str, ...], limit: Limit, authenticator: Authenticator, limiter: RateLimiter
    ) -> None:
        self._scopes = scopes
        self._limit = limit
        self._authenticator = authenticator
        self._limiter = limiter

    async def __call__(self, scope: Scope) -> Principal:
        """Check one request."""
        context: RequestContext = scope[SCOPE_KEY]
        principal = await self._authenticator.authenticate(context.headers)
        context.principal = principal
        for name in self._scopes:
            if not principal.may(name):
                raise MissingScope(f"This route needs the scope {name}.", hint="Use a key that has it.")
        grant = self._limiter.take_now(principal.tenant, self._limit)
        if grant is None:
            grant = await self._limiter.take(principal.tenant, self._limit)
        context.rate_limit_headers = grant.headers
        if not grant.allowed:
            raise grant.refusal()
        return principal


class require:  # noqa: N801 - reads as a verb in `Security(require("jobs:read"))`
    """The guard as a FastAPI dependency: `Annotated[Principal, Security(require("orders:read"))]`."""

    def __init__(self, *scopes: str, limit: str | None = None) -> None:
        self.scopes = scopes
        self.limit = limit

    async def __call__(self, connection: HTTPConnection) -> Principal:
        """Check one request with the guard of the application it came to."""
        kit: Kit = connection.app.state.kit
        return await kit.guard(*self.scopes, limit=self.limit)(connection.scope)
