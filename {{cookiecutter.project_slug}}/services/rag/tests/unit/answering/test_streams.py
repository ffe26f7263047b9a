"""Streams of events, and clients that go away."""

import asyncio
import json

import pytest
from sqlalchemy.exc import OperationalError
from starlette.requests import ClientDisconnect

from rag.answering.errors import PromptLeaked
from rag.answering.events import Failed, Sources, Token
from rag.answering.streams import EventStream, as_problem, event_frames, frame, last, named, primed, unless_gone
from servicekit.problems import Problem

SCOPE = {"type": "http"}


class Client:
    """The other end of a connection."""

    def __init__(self) -> None:
        self.messages: list[dict] = []
        self.gone = asyncio.Event()
        self.reached = asyncio.Event()
        """Set when something of a body has arrived."""

    async def receive(self) -> dict:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict) -> None:
        self.messages.append(message)
        if message.get("body"):
            self.reached.set()

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.messages).decode()


async def events(*made: object):
    for event in made:
        if isinstance(event, Exception):
            raise event
        if event is None:
            await asyncio.Event().wait()
        yield event


def stream(*made: object) -> EventStream:
    return EventStream(
        event_frames(events(*made), "/v1/ask"),
        keep_alive=60,
        on_error=lambda problem: frame(*named(Failed(problem), "/v1/ask")),
    )


async def test_a_stream_is_ended_properly() -> None:
    client = Client()
    await stream(Token("a")).__call__(SCOPE, client.receive, client.send)
    assert client.text == 'event: token\ndata: {"text": "a"}\n\n'
    assert [message.get("more_body") for message in client.messages] == [None, True, False]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PromptLeaked("no"), "prompt_leaked"),
        (OperationalError("SELECT", {}, Exception("away")), "database_unavailable"),
        (RuntimeError("a defect with a secret"), "internal_error"),
    ],
)
async def test_an_error_in_a_stream_is_its_last_event(error: Exception, code: str) -> None:
    client = Client()
    await stream(Token("a"), error).__call__(SCOPE, client.receive, client.send)
    last_event = client.text.split("\n\n")[-2]
    assert last_event.startswith("event: error\n")
    assert json.loads(last_event.split("data: ")[1])["code"] == code
    assert "secret" not in client.text


async def test_a_process_that_stops_says_so_in_the_stream() -> None:
    client = Client()
    running = asyncio.create_task(stream(Token("a"), None).__call__(SCOPE, client.receive, client.send))
    await client.reached.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert '"code":"shutting_down"' in client.text


async def test_a_client_that_goes_away_stops_the_stream() -> None:
    client = Client()
    running = asyncio.create_task(stream(Token("a"), None).__call__(SCOPE, client.receive, client.send))
    await client.reached.wait()
    client.gone.set()
    with pytest.raises(ClientDisconnect):
        await running


async def test_work_goes_on_until_its_end_or_until_nobody_waits() -> None:
    client = Client()
    assert await unless_gone(client.receive, asyncio.sleep(0, "done")) == "done"
    client.gone.set()
    with pytest.raises(ClientDisconnect):
        await unless_gone(client.receive, asyncio.sleep(60))


async def test_an_error_of_the_work_is_raised() -> None:
    async def fail() -> None:
        raise PromptLeaked("no")

    with pytest.raises(PromptLeaked):
        await unless_gone(Client().receive, fail())


async def test_what_fails_first_is_raised_before_anything_is_sent() -> None:
    with pytest.raises(PromptLeaked):
        await primed(events(Failed(PromptLeaked("no"))))
    again = await primed(events(Sources(()), Token("a")))
    assert [event async for event in again] == [Sources(()), Token("a")]


async def test_waiting_for_the_answer_raises_its_failure() -> None:
    with pytest.raises(PromptLeaked):
        await last(events(Sources(()), Failed(PromptLeaked("no"))))


def test_an_expected_error_is_told_as_it_is() -> None:
    problem = Problem("expected")
    assert as_problem(problem) is problem
