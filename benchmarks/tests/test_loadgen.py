import contextlib
import socket
import threading

import pytest

from bench.loadgen import is_complete, measure


@pytest.mark.parametrize(
    ("answer", "complete"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", True),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n", False),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n", False),
    ],
)
def test_an_answer_ends_at_its_length_or_its_last_chunk(answer: bytes, complete: bool) -> None:
    assert is_complete(answer) is complete


def serve(listener: socket.socket, status: bytes) -> None:
    connection, _ = listener.accept()
    with connection, contextlib.suppress(ConnectionError):  # the generator leaves with a request under way
        while connection.recv(65536):
            head, body = b"HTTP/1.1 " + status + b"\r\ncontent-length: 2\r\n\r\n", b"{}"
            connection.sendall(head)
            connection.sendall(body)


@pytest.mark.parametrize(("status", "successes"), [(b"200 OK", True), (b"503 Unavailable", False)])
def test_only_answers_of_200_count_as_served(status: bytes, successes: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener, status))
        thread.start()
        sample = measure(listener.getsockname(), b"GET / HTTP/1.1\r\n\r\n", connections=1, seconds=0.05)
        thread.join()
    assert bool(sample.latencies) is successes
    assert bool(sample.failures) is not successes


def test_a_lost_connection_is_an_error() -> None:
    def hang_up(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=hang_up, args=(listener,))
        thread.start()
        with pytest.raises(ConnectionError):
            measure(listener.getsockname(), b"GET / HTTP/1.1\r\n\r\n", connections=1, seconds=5)
        thread.join()
