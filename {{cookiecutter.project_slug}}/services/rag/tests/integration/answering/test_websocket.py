"""Questions over a websocket."""

import asyncio
import json
from contextlib import suppress

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

ASK = json.dumps({"question": "Which port does the service listen on?"})
PORT = ["The port ", "is 8002 [", "1]."]


@pytest.fixture
def socket(server_url: str, client):
    """Open a websocket; without a key in the headers if told so."""

    def open_one(key: bool = True):
        headers = {"X-API-Key": client.headers["X-API-Key"]} if key else {}
        return connect(f"{server_url.replace('http', 'ws')}/v1/ask/ws", additional_headers=headers, open_timeout=10)

    return open_one


async def answered(websocket) -> list[tuple[str, dict]]:
    """Read events up to the last one of an answer."""
    events = []
    async with asyncio.timeout(10):
        while not events or events[-1][0] not in ("answer", "error"):
            message = json.loads(await websocket.recv())
            events.append((message["event"], message["data"]))
    return events


async def closed(websocket) -> int:
    with suppress(ConnectionClosed):
        async with asyncio.timeout(10):
            while True:
                await websocket.recv()
    assert websocket.close_code is not None
    return websocket.close_code


async def test_questions_are_answered_one_after_the_other(socket, manual, provider) -> None:
    provider.script = [PORT, PORT]
    async with socket() as websocket:
        for _ in range(2):
            await websocket.send(ASK)
            events = await answered(websocket)
            assert [name for name, _ in events] == ["sources", "token", "token", "token", "answer"]
            assert events[-1][1]["answer"] == "The port is 8002 [1]."


async def test_a_browser_sends_its_key_first(socket, manual, provider, client) -> None:
    provider.script = [PORT]
    async with socket(key=False) as websocket:
        await websocket.send(json.dumps({"key": client.headers["X-API-Key"]}))
        await websocket.send(ASK)
        assert (await answered(websocket))[-1][0] == "answer"


@pytest.mark.parametrize("first", ['{"key": "pk_wrong_key"}', '{"key": 3}', "[]", "no json", ASK])
async def test_without_a_good_key_the_socket_is_closed(first: str, socket) -> None:
    async with socket(key=False) as websocket:
        await websocket.send(first)
        name, problem = (await answered(websocket))[-1]
        assert name == "error"
        assert problem["status"] in (400, 401)
        assert await closed(websocket) == 4401


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("no json", 400),
        ("{}", 422),
        ('{"question": ""}', 422),
        ('{"question": "a", "other": 1}', 422),
        ('{"question": NaN}', 400),
    ],
)
async def test_a_bad_message_is_an_error_and_the_socket_stays_open(message, status, socket, manual, provider) -> None:
    provider.script = [PORT]
    async with socket() as websocket:
        await websocket.send(message)
        assert (await answered(websocket))[-1][1]["status"] == status
        await websocket.send(ASK)
        assert (await answered(websocket))[-1][0] == "answer"


async def test_one_question_at_a_time(socket, manual, provider) -> None:
    provider.script = [["The port ", None, "is 8002 [1]."]]
    async with socket() as websocket:
        await websocket.send(ASK)
        async with asyncio.timeout(10):
            while json.loads(await websocket.recv())["event"] != "token":
                pass
        await websocket.send(ASK)
        name, problem = (await answered(websocket))[-1]
        assert (name, problem["code"]) == ("error", "ask_in_progress")
        provider.hang.set()
        assert (await answered(websocket))[-1][0] == "answer"


async def test_a_client_that_leaves_ends_the_models_call(socket, manual, provider) -> None:
    provider.script = [["The port ", None]]
    async with socket() as websocket:
        await websocket.send(ASK)
        async with asyncio.timeout(10):
            while json.loads(await websocket.recv())["event"] != "token":
                pass
    async with asyncio.timeout(5):
        while not provider.closed:  # noqa: ASYNC110 - it closes in its own time
            await asyncio.sleep(0.01)


async def test_a_key_without_the_scope_may_not_ask(server_url, mint, manual) -> None:
    headers = {"X-API-Key": await mint(scopes={"rag:read"})}
    async with connect(f"{server_url.replace('http', 'ws')}/v1/ask/ws", additional_headers=headers) as websocket:
        await websocket.send(ASK)
        assert (await answered(websocket))[-1][1]["code"] == "scope_missing"


@pytest.mark.settings(limits__default="2/hour")
async def test_every_question_counts_against_the_limit(socket, provider) -> None:
    async with socket() as websocket:
        for expected in ("answer", "answer", "error"):
            await websocket.send(ASK)
            events = await answered(websocket)
            assert events[-1][0] == expected
        assert events[-1][1]["code"] == "rate_limited"


@pytest.mark.settings(answering__socket_idle_seconds=0.2)
async def test_a_silent_socket_is_closed(socket) -> None:
    async with socket() as websocket:
        assert await closed(websocket) == 4408


@pytest.mark.settings(answering__socket_idle_seconds=0.2)
async def test_a_socket_that_waits_for_its_answer_is_not_silent(socket, manual, provider) -> None:
    provider.script = [["The port ", None, "is 8002 [1]."]]
    async with socket() as websocket:
        await websocket.send(ASK)
        asyncio.get_running_loop().call_later(0.6, provider.hang.set)
        assert (await answered(websocket))[-1][0] == "answer"


@pytest.mark.settings(http__max_body_bytes=1000)
async def test_a_message_that_is_too_large_closes_the_socket(socket) -> None:
    async with socket() as websocket:
        await websocket.send("x" * 2000)
        assert (await answered(websocket))[-1][1]["code"] == "payload_too_large"
        assert await closed(websocket) == 1009


@pytest.mark.settings(money__request_usd="0.084")
async def test_each_question_has_a_budget_of_its_own(socket, manual, provider) -> None:
    provider.script = [PORT] * 3
    async with socket() as websocket:
        ids = []
        for _ in range(3):
            await websocket.send(ASK)
            name, data = (await answered(websocket))[-1]
            assert name == "answer", data
            ids.append(data["meta"]["request_id"])
    assert [identifier.partition(".")[2] for identifier in ids] == ["1", "2", "3"]
