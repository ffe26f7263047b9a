"""Questions over a websocket: each text message is the JSON of an ask, each answer a series of events."""

import asyncio
import json
from contextlib import aclosing

from fastapi import APIRouter, WebSocket
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect

from rag.answering.endpoints import ASK_PATH, ASK_SCOPE
from rag.answering.events import Failed
from rag.answering.question import Question
from rag.answering.schemas import AskRequest
from rag.answering.streams import as_problem, named
from rag.bootstrap import Services
from rag.dependencies import ServicesDep
from servicekit.auth.authenticator import credential_of
from servicekit.auth.principal import Principal
from servicekit.context import SCOPE_KEY, RequestContext, enter_request
from servicekit.http.handlers import field_error
from servicekit.http.strict_json import check_json
from servicekit.problems import Conflict, PayloadTooLarge, Problem, Unauthorized, UnprocessableContent

PATH = f"{ASK_PATH}/ws"
FIRST_MESSAGE_SECONDS = 10.0
UNAUTHORIZED, IDLE, TOO_LARGE = 4401, 4408, 1009
"""Close codes: the private ones end like the HTTP status that they stand for."""
router = APIRouter()


class AskInProgress(Conflict):
    """The socket is still answering the question before."""

    code = "ask_in_progress"
    hint = "Wait for the event `answer` or `error`, or open another socket."


@router.websocket(PATH)
async def ask_over_websocket(websocket: WebSocket, services: ServicesDep) -> None:
    """Answer questions until the client leaves.

    The credential comes in the headers, or as `{"key": "..."}` in the first message, because browsers cannot set
    headers. Every ask is checked and counted against the tenant's limit like a request.
    """
    await websocket.accept()
    conversation = _Socket(websocket, services)
    try:
        await conversation.run()
    except WebSocketDisconnect:
        pass
    finally:
        await conversation.stop()


class _Socket:
    """One client."""

    def __init__(self, websocket: WebSocket, services: Services) -> None:
        self._socket = websocket
        self._services = services
        self._guard = services.kit.guard(ASK_SCOPE)
        self._context: RequestContext = websocket.scope[SCOPE_KEY]
        self._asked = 0
        self._answering: asyncio.Task[None] | None = None
        self._sending = asyncio.Lock()

    async def run(self) -> None:
        """Take messages until the client leaves or is sent away."""
        if credential_of(self._context.headers) is None and not await self._take_key():
            return
        idle = self._services.settings.answering.socket_idle_seconds
        while True:
            text = await self._receive(idle)
            if text is None:
                return
            if self._answering is not None and not self._answering.done():
                await self._fail(AskInProgress("One question at a time on a socket."))
                continue
            self._answering = asyncio.create_task(self._answer(text))

    async def stop(self) -> None:
        """End the answer that nobody waits for."""
        if self._answering is not None:
            self._answering.cancel()
            await asyncio.gather(self._answering, return_exceptions=True)

    async def _take_key(self) -> bool:
        text = await self._receive(FIRST_MESSAGE_SECONDS)
        if text is None:
            return False
        try:
            check_json(text.encode())
            message = json.loads(text)
            key = message.get("key") if isinstance(message, dict) and set(message) == {"key"} else None
            if not isinstance(key, str) or not key:
                raise Unauthorized(
                    "The first message has to be an object with `key` when no header holds a credential."
                )
            self._context.headers[b"x-api-key"] = key.encode("utf-8", "replace")
            await self._services.kit.authenticator.authenticate(self._context.headers)
        except Problem as problem:
            await self._fail(problem)
            await self._socket.close(UNAUTHORIZED, problem.code)
            return False
        return True

    async def _receive(self, seconds: float) -> str | None:
        """Return the next message; None when the socket was closed for its silence or its size."""
        largest = self._services.kit.settings.http.max_body_bytes
        while True:
            try:
                async with asyncio.timeout(seconds):
                    message = await self._socket.receive()
            except TimeoutError:
                if self._answering is not None and not self._answering.done():
                    continue
                await self._socket.close(IDLE, "idle")
                return None
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1000))
            text: str = message.get("text") or (message.get("bytes") or b"").decode("utf-8", "replace")
            if len(text) <= largest:
                return text
            await self._fail(PayloadTooLarge(f"A message may have {largest} bytes."))
            await self._socket.close(TOO_LARGE, "too large")
            return None

    async def _answer(self, text: str) -> None:
        self._asked += 1
        context = self._context.part(self._asked)  # each question has a budget of its own
        enter_request(context)
        try:
            caller: Principal = await self._guard(self._socket.scope)
            context.principal = caller
            question = await self._question(caller.tenant, text)
            async with aclosing(self._services.answers.asker.answer(question)) as events:
                async for event in events:
                    await self._send(*named(event, PATH))
        except (WebSocketDisconnect, asyncio.CancelledError):
            raise
        except Exception as error:
            await self._fail(as_problem(error))

    async def _question(self, tenant: str, text: str) -> Question:
        check_json(text.encode())
        try:
            request = AskRequest.model_validate_json(text)
        except ValidationError as error:
            errors = [field_error(("body", *item["loc"]), item["msg"]) for item in error.errors()]
            raise UnprocessableContent("The message is not a valid ask.", errors=errors) from None
        return await self._services.answers.asker.question(tenant, request)

    async def _fail(self, problem: Problem) -> None:
        await self._send(*named(Failed(problem), PATH))

    async def _send(self, name: str, data: str) -> None:
        async with self._sending:
            await self._socket.send_text(f'{{"event": "{name}", "data": {data}}}')
