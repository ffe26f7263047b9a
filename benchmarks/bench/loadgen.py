"""A closed-loop HTTP/1.1 load generator: each connection sends its next request when it has its whole answer.

It is one thread around one selector, so that it costs a server on another core nothing, and it reads no more of an
answer than where it ends and whether it is a success. `peers/constant/apps.py: raw_app` shows that it is faster than
the fastest server measured with it.
"""

import gc
import re
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, repeat

CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
HEAD_END = b"\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
GIVE_UP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What one run of the generator saw."""

    seconds: float
    latencies: list[float]  # seconds, of the answered requests
    failures: int  # answers other than 200; a lost connection ends the run with an error

    @property
    def rate(self) -> float:
        """Successful answers per second."""
        return len(self.latencies) / self.seconds


class Connection:
    """One keep-alive connection with at most one request under way; it sends one of `requests` after the other."""

    def __init__(self, address: tuple[str, int], requests: Iterator[bytes]) -> None:
        self.address = address
        self.requests = requests
        self.received = b""
        self.started = 0.0
        self.socket = self._connect()

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(self.address, timeout=GIVE_UP_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def send(self) -> None:
        """Send the next request and start its clock."""
        self.received = b""
        request = next(self.requests)
        self.started = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """Read what has arrived; return the answer's status once it is complete, else None."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionResetError
        self.received = data = self.received + data if self.received else data
        return int(data[9:12]) if is_complete(data) else None


def is_complete(answer: bytes) -> bool:
    """Tell whether `answer` holds a whole HTTP/1.1 response, by length or by its last chunk."""
    head = answer.find(HEAD_END)
    if head < 0:
        return False
    length = CONTENT_LENGTH.search(answer, 0, head)
    if length is None:
        return answer.endswith(LAST_CHUNK)
    return len(answer) >= head + len(HEAD_END) + int(length[1])


def measure(address: tuple[str, int], request: bytes, connections: int, seconds: float) -> Sample:
    """Send `request` over `connections` connections for `seconds` and return what was seen."""
    return _measure(address, repeat(request), connections, seconds)


def measure_each(address: tuple[str, int], requests: Sequence[bytes], connections: int, seconds: float) -> Sample:
    """The same with several requests, which are sent in turn, and from the first again."""
    return _measure(address, cycle(requests), connections, seconds)


def _measure(address: tuple[str, int], requests: Iterator[bytes], connections: int, seconds: float) -> Sample:
    selector = selectors.DefaultSelector()
    opened = [Connection(address, requests) for _ in range(connections)]
    for connection in opened:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    gc.disable()
    try:
        return _drive(selector, opened, seconds)
    finally:
        gc.enable()
        selector.close()
        for connection in opened:
            connection.socket.close()


def _drive(selector: selectors.BaseSelector, connections: list[Connection], seconds: float) -> Sample:
    clock, latencies, failures = time.perf_counter, [], 0
    begin = now = clock()
    end = begin + seconds
    for connection in connections:
        connection.send()
    while now < end:
        events = selector.select(timeout=GIVE_UP_SECONDS)
        if not events:
            raise TimeoutError(f"no answer within {GIVE_UP_SECONDS:.0f} s")
        for key, _ in events:
            connection = key.data
            status = connection.receive()
            if status is None:
                continue
            now = clock()
            if status == 200:
                latencies.append(now - connection.started)
            else:
                failures += 1
            connection.send()
    return Sample(clock() - begin, latencies, failures)
