"""The two limits: the same HTTP server, an answer that is always the same, and no model behind it."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI

ANSWER = {"probabilities": [[0.25, 0.75]]}
BODY = b'{"probabilities":[[0.25,0.75]]}'

fastapi_app = FastAPI()


@fastapi_app.get("/ready")
@fastapi_app.post("/predict")
async def predict() -> dict[str, list[list[float]]]:
    """Answer without reading the request's body."""
    return ANSWER


async def raw_app(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Awaitable[None]]) -> None:
    """Answer every request with the fewest messages ASGI allows."""
    if scope["type"] != "http":
        return
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})
