"""Everything of the platform that a service's API process holds, made from settings in one place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from limits.aio.storage import RedisStorage
from prometheus_client import CollectorRegistry
from redis.asyncio import BlockingConnectionPool, Redis

from servicekit.auth.authenticator import Authenticator
from servicekit.auth.guard import Guard, ScopedGuard
from servicekit.auth.jwt import JwtVerifier, RemoteKeys, TokenRules
from servicekit.auth.keys import SqlApiKeyStore
from servicekit.database import Database
from servicekit.http.health import Health
from servicekit.jobs import JobKinds, JobService, make_jobs
from servicekit.limits.limit import Limit
from servicekit.limits.limiter import RateLimiter
from servicekit.limits.metrics import LimiterMetrics
from servicekit.settings import AuthSettings, ServiceSettings
from servicekit.storage import ObjectStorage, make_storage
from servicekit.telemetry.metrics import make_registry
from servicekit.telemetry.setup import flush_telemetry, log_writer

REDIS_SECONDS = 1.0
"""Longest wait for Redis: requests wait behind it."""
REDIS_CONNECTIONS = 20


@dataclass(frozen=True, slots=True)
class Kit:
    """The shared parts of one process. Nothing is open before `running`."""

    settings: ServiceSettings
    version: str
    database: Database
    redis: Redis | None
    storage: ObjectStorage
    jobs: JobService
    authenticator: Authenticator
    limiter: RateLimiter
    health: Health
    metrics: CollectorRegistry
    _guards: dict[tuple[tuple[str, ...], str | None], Guard] = field(default_factory=dict)

    def guard(self, *scopes: str, limit: str | None = None) -> Guard:
        """What lets callers with these scopes pass, within a limit of its own (`10/hour`) or the default one."""
        key = (scopes, limit)
        if key not in self._guards:
            own = Limit.parse(limit, "+".join(scopes) or "own") if limit else Limit.parse(self.settings.limits.default)
            self._guards[key] = ScopedGuard(scopes, own, self.authenticator, self.limiter)
        return self._guards[key]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the connections for the time of the block, and close them after it in the reverse order of use."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(asyncio.to_thread, flush_telemetry)
            stack.push_async_callback(self.database.dispose)
            stack.push_async_callback(self.authenticator.aclose)
            if self.redis is not None:
                stack.push_async_callback(self.redis.aclose)
            stack.push_async_callback(self.jobs.close)
            yield


def build_kit(settings: ServiceSettings, *, catalog: JobKinds, version: str) -> Kit:
    """Make the kit of a service. Opens nothing: connections open when first used, and `kit.running()` closes them."""
    database = Database.from_settings(settings)
    storage = make_storage(settings)
    redis = _make_redis(settings)
    metrics = make_registry(settings.service_name, version, log_writer())
    health = Health()
    health.add("database", database.ping)
    health.add("storage", storage.ping)
    if redis is not None:
        health.add("redis", redis.ping)
    return Kit(
        settings=settings,
        version=version,
        database=database,
        redis=redis,
        storage=storage,
        jobs=make_jobs(settings, catalog, database),
        authenticator=_make_authenticator(settings.auth, database),
        limiter=make_limiter(settings, redis, metrics),
        health=health,
        metrics=metrics,
    )


def _make_redis(settings: ServiceSettings) -> Redis | None:
    if settings.redis_url is None:
        return None
    pool = BlockingConnectionPool.from_url(
        settings.redis_url.get_secret_value(),
        max_connections=REDIS_CONNECTIONS,
        timeout=REDIS_SECONDS,
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
        health_check_interval=30,
    )
    return Redis.from_pool(pool)


def make_limiter(settings: ServiceSettings, redis: Redis | None, metrics: CollectorRegistry) -> RateLimiter:
    """Make the limiter that the settings ask for: shared if there is Redis, else of this process."""
    storage = None
    if redis is not None:
        storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            connection_pool=redis.connection_pool,  # type: ignore[arg-type]  # `limits` documents it and forgot its type
        )
    policy = settings.limits.on_redis_failure
    return RateLimiter(storage, LimiterMetrics(metrics, policy), refuse_on_failure=policy == "refuse")


def _make_authenticator(settings: AuthSettings, database: Database) -> Authenticator:
    tokens = None
    if settings.jwt_issuer and settings.jwt_audience and settings.jwks_url:
        rules = TokenRules(
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            algorithms=settings.jwt_algorithms,
            tenant_claim=settings.jwt_tenant_claim,
            scope_claim=settings.jwt_scope_claim,
        )
        tokens = JwtVerifier(RemoteKeys(settings.jwks_url), rules)
    key = settings.development_key
    return Authenticator(
        SqlApiKeyStore(database),
        tokens=tokens,
        development_key=key.get_secret_value() if key else None,
        cache_seconds=settings.key_cache_seconds,
    )
