"""A small service, run by the tests in a process of its own: `python sample_app.py`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, FastAPI, Security, WebSocket
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, StrictInt
from starlette.types import Receive, Scope, Send

from servicekit.app import create_app
from servicekit.auth.guard import require
from servicekit.auth.principal import Principal
from servicekit.database import migrate
from servicekit.database.database import database_url
from servicekit.http.routes import RawRoute
from servicekit.http.server import serve
from servicekit.jobs import JobCatalog
from servicekit.kit import build_kit
from servicekit.problems import NotFound, problem_responses
from servicekit.settings import ServiceSettings, load_settings
from servicekit.telemetry import configure_telemetry, inject

router = APIRouter()
Caller = Annotated[Principal, Security(require("things:write"))]


class Settings(ServiceSettings):
    """The settings of the sample."""

    service_name = "sample"


class Thing(BaseModel):
    """A thing. Unknown fields are refused and `true` is not 1, unlike pydantic's defaults: so says its schema."""

    model_config = ConfigDict(extra="forbid")

    name: str
    size: StrictInt = 0


class ThingNotFound(NotFound):
    """There is no such thing."""

    code = "thing_not_found"


@router.post("/things")
async def post(thing: Thing, caller: Caller) -> Thing:
    """Give the thing back."""
    return thing


@router.get("/things/{thing_id}", responses=problem_responses(ThingNotFound))
async def get(thing_id: int, caller: Caller) -> Thing:
    """Know one thing."""
    if thing_id != 1:
        raise ThingNotFound(f"There is no thing {thing_id}.")
    return Thing(name="one")


@router.post("/boom", include_in_schema=False)
async def boom(thing: Thing, caller: Caller) -> None:
    """Fail with secrets at hand."""
    local_secret = "-".join(("canary", "local", thing.name))
    raise RuntimeError(f"cannot reach postgresql://user:canary-password@db with pk_ab_canary0 {len(local_secret)}")


@router.get("/headers", include_in_schema=False)
async def headers() -> dict[str, str]:
    """Tell the headers that an outgoing call would carry."""
    carrier: dict[str, str] = {}
    inject(carrier)
    return carrier


@router.get("/slow", include_in_schema=False)
async def slow(seconds: float = 1) -> str:
    """Take some time."""
    await asyncio.sleep(seconds)
    return "done"


@router.get("/events", include_in_schema=False)
async def events() -> StreamingResponse:
    """Send an event now and then, without end."""

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"data: tick\n\n"
            await asyncio.sleep(0.05)

    return StreamingResponse(endless(), media_type="text/event-stream")


@router.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    """Say everything again."""
    await websocket.accept()
    while True:
        await websocket.send_text(await websocket.receive_text())


async def count(_scope: Scope, receive: Receive, send: Send) -> None:
    """Answer how many bytes came."""
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    body = str(size).encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def build_app() -> FastAPI:
    """Make the application."""
    settings = load_settings(Settings)
    configure_telemetry(settings, settings.service_name, "1.2.3")
    kit = build_kit(settings, catalog=JobCatalog("sample"), version="1.2.3")

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        await asyncio.to_thread(migrate, database_url(settings), [])
        yield

    return create_app(
        kit, title="Sample", routers=[router], raw_routes=[RawRoute("/count", "POST", count)], lifespan=lifespan
    )


if __name__ == "__main__":
    serve("sample_app:build_app", load_settings(Settings))
