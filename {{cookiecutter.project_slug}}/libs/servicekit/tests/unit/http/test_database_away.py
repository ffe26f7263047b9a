import socket

import pytest
from fastapi import APIRouter
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from servicekit.http.routes import RawRoute


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError("refused"),
        ConnectionResetError("reset"),
        socket.gaierror(-2, "no such host"),
        TimeoutError(),
        OperationalError("SELECT 1", {}, Exception("canary")),
        InterfaceError("SELECT 1", {}, Exception("canary")),
        PoolTimeout(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_database_that_is_away_is_said_to_be_and_asks_for_patience(make_app, http, error) -> None:
    router = APIRouter()

    @router.get("/things")
    async def get() -> int:
        raise error

    answer = await http.call(make_app(router=router), "GET", "/things")

    assert (answer.status, answer.json()["code"]) == (503, "database_unavailable")
    assert answer.headers["retry-after"] == "2"
    assert b"canary" not in answer.body


async def test_a_raw_route_says_so_too(make_app, http) -> None:
    async def away(scope, receive, send) -> None:
        raise ConnectionRefusedError("canary")

    answer = await http.call(make_app(raw=[RawRoute("/x", "POST", away)]), "POST", "/x")

    assert (answer.status, answer.json()["code"]) == (503, "database_unavailable")
    assert b"canary" not in answer.body
