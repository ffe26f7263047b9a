"""The route class that makes requests repeatable.

    router = APIRouter(route_class=IdempotentRoute)

A POST with an `Idempotency-Key` is executed once per tenant and route. How it goes:

1. FastAPI has checked the credential, the limits and the payload. Only then the key is reserved, in a transaction of
   its own, so that a second request sees it: the same payload gets 409 while the first is in work, another one 422.
2. The endpoint runs in the request's unit of work.
   A dependency of the endpoint may have begun it before: then the reservation is part of it too, and a second request
   waits for its end, because on SQLite there is one writer at a time.
3. The answer is stored in that same unit of work. Both are committed, or neither.

A process that dies between 1 and 3 leaves a reservation, which lapses after `IDEMPOTENCY__LOCK_SECONDS`; the work was
not committed, so a repetition is right. An answer of 400 and above is not stored: nothing was done, the key is free.
"""

import functools
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from fastapi import Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.context import current_request
from servicekit.database import Database, utc_now
from servicekit.database.unit_of_work import SESSION_KEY
from servicekit.idempotency import repository
from servicekit.idempotency.errors import IdempotencyKeyInUse, IdempotencyKeyReused, MalformedIdempotencyKey
from servicekit.idempotency.models import IdempotencyRecord
from servicekit.idempotency.repository import KeyUse, StoredAnswer
from servicekit.settings import IdempotencySettings

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEPT_HEADERS = frozenset({"content-type", "location", "etag"})
_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass
class _Execution:
    """One request with a key, from the route to its endpoint and back."""

    request: Request
    key: str
    use: KeyUse | None = None
    """Set while this request holds the key."""

    @property
    def unit_of_work(self) -> AsyncSession | None:
        """The request's session, if its endpoint uses one."""
        session: AsyncSession | None = self.request.scope.get(SESSION_KEY)
        return session

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """Open the request's transaction if it has begun, for SQLite has one writer at a time; else one of its own."""
        if self.unit_of_work is not None and self.unit_of_work.in_transaction():
            yield self.unit_of_work
        else:
            async with _database(self.request).session() as own:
                yield own


_current: ContextVar[_Execution | None] = ContextVar("servicekit_idempotency", default=None)


class IdempotentRoute(APIRoute):
    """A route whose endpoint runs once per Idempotency-Key. The endpoint must be `async def`."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - APIRoute's own
        super().__init__(path, _once(endpoint), **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler, which parses, authenticates, calls the endpoint and builds the response."""
        handle = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
            key = request.headers.get(HEADER)
            if key is None:
                return await handle(request)
            if not _VISIBLE.fullmatch(key):
                raise MalformedIdempotencyKey(f"The header {HEADER} is malformed.")
            execution = _Execution(request, key)
            token = _current.set(execution)
            try:
                return await _finish(execution, handle)
            finally:
                _current.reset(token)

        return handle_once


def _once(endpoint: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    """Reserve the key just before the endpoint runs, or answer for it."""

    @functools.wraps(endpoint)
    async def run(*args: object, **kwargs: object) -> object:
        execution = _current.get()
        if execution is not None:
            replay = await _reserve(execution)
            if replay is not None:
                return replay
        return await endpoint(*args, **kwargs)

    return run


async def _finish(execution: _Execution, handle: Callable[[Request], Awaitable[Response]]) -> Response:
    try:
        response = await handle(execution.request)
        if execution.use is not None:
            await _store(execution, execution.use, response)
    except BaseException:
        if execution.unit_of_work is not None:
            await execution.unit_of_work.rollback()
        await _release(execution)
        raise
    return response


async def _reserve(execution: _Execution) -> Response | None:
    """Take the key; return the stored answer if there is one."""
    request, settings = execution.request, _settings(execution.request)
    context = current_request()
    if context is None or context.principal is None:
        raise RuntimeError(f"{request.url.path} has an idempotent route but no guard")
    use = KeyUse(
        tenant=context.principal.tenant,
        route=f"{request.method} {request.scope['route'].path}",
        key=execution.key,
        fingerprint=await _fingerprint(request),
        token=uuid4().hex,
    )
    now = utc_now()
    async with execution.session() as session:
        until = now + timedelta(seconds=settings.lock_seconds)
        earlier = await repository.reserve(session, use, now=now, until=until)
    if earlier is None:
        execution.use = use
        return None
    return _answer_again(earlier, use)


def _answer_again(earlier: IdempotencyRecord, use: KeyUse) -> Response:
    if earlier.fingerprint != use.fingerprint:
        raise IdempotencyKeyReused(f"The key {use.key} was used for another request.")
    if earlier.status is None:
        raise IdempotencyKeyInUse(f"A request with the key {use.key} is in work.", retry_after=1)
    headers = (earlier.headers or {}) | {REPLAYED: "true"}
    return Response(earlier.body, earlier.status, headers)


async def _store(execution: _Execution, use: KeyUse, response: Response) -> None:
    """Store the answer together with the work, which is committed after this."""
    if response.status_code >= 400:
        await _release(execution)
        return
    headers = {name: value for name, value in response.headers.items() if name in KEPT_HEADERS}
    answer = StoredAnswer(response.status_code, headers, bytes(response.body))
    expires_at = utc_now() + timedelta(hours=_settings(execution.request).expiry_hours)
    async with execution.session() as session:
        stored = await repository.complete(session, use, answer, expires_at=expires_at)
    if not stored:
        execution.use = None
        raise IdempotencyKeyInUse(f"The request took so long that another one has the key {use.key}.", retry_after=1)


async def _release(execution: _Execution) -> None:
    use, execution.use = execution.use, None
    if use is not None:
        async with execution.session() as session:
            await repository.release(session, use)


async def _fingerprint(request: Request) -> str:
    """Hash what was asked. Of a form's body only type and length are known: it was read as a stream."""
    media_type = request.headers.get("content-type", "").partition(";")[0]
    if media_type == "multipart/form-data":
        body = request.headers.get("content-length", "").encode()
    else:
        body = await request.body()
    asked = f"{request.method} {request.url.path}?{request.url.query} {media_type}\n".encode()
    return hashlib.sha256(asked + body).hexdigest()


def _database(request: Request) -> Database:
    database: Database = request.app.state.kit.database
    return database


def _settings(request: Request) -> IdempotencySettings:
    settings: IdempotencySettings = request.app.state.kit.settings.idempotency
    return settings
