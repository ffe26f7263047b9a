import asyncio
import socket

import pytest

from servicekit.testkit.sockets import NetworkBlocked, is_local


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "", None, b"localhost"])
def test_this_machine_is_local(host: str | bytes | None) -> None:
    assert is_local(host)


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "8.8.8.8", "0.0.0.1", "example.org", "localhost.example.org", b"example.org"]
)
def test_everything_else_is_not(host: str | bytes) -> None:
    assert not is_local(host)


def test_connecting_to_another_machine_is_refused() -> None:
    with socket.socket() as sock:
        with pytest.raises(NetworkBlocked, match="may not connect"):
            sock.connect(("192.0.2.1", 80))
        with pytest.raises(NetworkBlocked, match="may not connect"):
            sock.connect_ex(("192.0.2.1", 80))


def test_looking_up_another_machine_is_refused() -> None:
    with pytest.raises(NetworkBlocked, match="may not look up"):
        socket.getaddrinfo("example.org", 80)


async def test_the_event_loop_cannot_leave_the_machine_either() -> None:
    with pytest.raises(NetworkBlocked):
        await asyncio.open_connection("192.0.2.1", 80)


def test_connections_within_the_machine_are_let_through() -> None:
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
    assert socket.getaddrinfo("localhost", 80)
    assert socket.getaddrinfo("192.0.2.1", 80)
