"""`POST /v1/models/{name}/predict`: the hot route, below FastAPI's machinery.

Every other route of the service is an ordinary FastAPI endpoint. This one is called thousands of times a second, and
FastAPI's own handling of a request costs more than the model.
"""

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from prediction.serving.answers import encode_answer
from prediction.serving.openapi import predict_operation
from prediction.serving.service import Call, Predictor
from servicekit.auth.guard import Guard
from servicekit.context import SCOPE_KEY
from servicekit.http.routes import RawRoute
from servicekit.http.strict_json import is_json
from servicekit.kit import Kit
from servicekit.problems import UnsupportedMediaType

PREDICT_PATH = "/v1/models/{name}/predict"
PREDICT_SCOPE = "prediction:predict"


class PredictEndpoint:
    """Guard, body, prediction, answer."""

    def __init__(self, guard: Guard, predictor: Predictor) -> None:
        self._guard = guard
        self._predictor = predictor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        principal = await self._guard(scope)
        context = scope[SCOPE_KEY]
        _require_json(context.headers.get(b"content-type"))
        call = Call(principal.tenant, scope["path_params"]["name"], context.request_id)
        answer = encode_answer(await self._predictor.predict(call, await _read_body(receive)))
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


def predict_route(kit: Kit, predictor: Predictor) -> RawRoute:
    """Return the route with its place in the OpenAPI document."""
    endpoint = PredictEndpoint(kit.guard(PREDICT_SCOPE), predictor)
    return RawRoute(PREDICT_PATH, "POST", endpoint, predict_operation(), scopes=(PREDICT_SCOPE,))


async def _read_body(receive: Receive) -> bytes:
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")  # nearly always: the whole body came with the head
        return body
    parts = []
    while message["type"] == "http.request":
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()
    raise ClientDisconnect


def _require_json(content_type: bytes | None) -> None:
    if content_type is None or content_type == b"application/json" or is_json(content_type):
        return
    raise UnsupportedMediaType("The body must be application/json.", hint="Send Content-Type: application/json.")
