"""Fixtures: the platform's parts, a running application and clients for it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TypeAlias

import httpx2
import pytest
from fastapi import FastAPI

from servicekit.app import create_app
from servicekit.auth.keys import mint_key
from servicekit.auth.principal import ALL_SCOPES
from servicekit.database import Database
from servicekit.jobs import JobCatalog
from servicekit.kit import Kit, build_kit
from servicekit.settings import ServiceSettings

TENANT = "acme"
OTHER_TENANT = "globex"
MintKey: TypeAlias = Callable[..., Awaitable[str]]
MakeClient: TypeAlias = Callable[..., Awaitable[httpx2.AsyncClient]]


@pytest.fixture(scope="session")
def catalog() -> JobCatalog[object]:
    """The jobs of the service under test; overridden by services."""
    return JobCatalog("service")


@pytest.fixture
async def kit(settings: ServiceSettings, catalog: JobCatalog[object]) -> AsyncIterator[Kit]:
    """The platform's parts of this test. Queued jobs wait for `job_runner`."""
    made = build_kit(settings, catalog=catalog, version="test")
    yield made
    await made.database.dispose()  # a test may use it without running the application


@pytest.fixture
def app(kit: Kit) -> FastAPI:
    """The application under test; overridden by services."""
    return create_app(kit, title="test", routers=[])


@pytest.fixture
async def running_app(app: FastAPI) -> AsyncIterator[FastAPI]:
    """The application with its lifespan entered."""
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
def mint(database: Database) -> MintKey:
    """API keys on demand: an async function of a `tenant` and a set of `scopes`."""

    async def mint_one(*, tenant: str = TENANT, scopes: set[str] | None = None) -> str:
        async with database.session() as session:
            wanted = frozenset(scopes or {ALL_SCOPES})
            return (await mint_key(session, name="test", tenant=tenant, scopes=wanted)).text

    return mint_one


@pytest.fixture
async def make_client(running_app: FastAPI, mint: MintKey) -> AsyncIterator[MakeClient]:
    """Make a client for a tenant and scopes, without a key when the tenant is None."""
    async with AsyncExitStack() as stack:

        async def make(tenant: str | None = TENANT, scopes: set[str] | None = None) -> httpx2.AsyncClient:
            headers = {"X-API-Key": await mint(tenant=tenant, scopes=scopes)} if tenant else {}
            # A fault inside the application is to be seen as its 500 answer, as clients see it.
            transport = httpx2.ASGITransport(app=running_app, raise_app_exceptions=False)
            client = httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers)
            return await stack.enter_async_context(client)

        yield make


@pytest.fixture
async def client(make_client: MakeClient) -> httpx2.AsyncClient:
    """A client of tenant `acme` with all scopes."""
    return await make_client(TENANT)


@pytest.fixture
async def other_client(make_client: MakeClient) -> httpx2.AsyncClient:
    """A client of tenant `globex` with all scopes."""
    return await make_client(OTHER_TENANT)


@pytest.fixture
async def anonymous_client(make_client: MakeClient) -> httpx2.AsyncClient:
    """A client without a key."""
    return await make_client(None)
