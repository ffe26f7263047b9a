import os
import time
from pathlib import Path

import pytest

from servicekit.telemetry.writer import LineWriter


def read_all(descriptor: int) -> bytes:
    os.set_blocking(descriptor, False)
    data = b""
    while True:
        try:
            piece = os.read(descriptor, 65536)
        except BlockingIOError:
            return data
        if not piece:
            return data
        data += piece


def test_writes_all_lines_in_order_when_closed(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        writer = LineWriter(file.fileno(), flush_seconds=60)
        for number in range(5000):
            writer.append(b"%d\n" % number)
        writer.close()

    assert (tmp_path / "log").read_bytes() == b"".join(b"%d\n" % number for number in range(5000))


@pytest.mark.parametrize(("urgent", "seconds"), [(True, 60), (False, 0.01)])
def test_writes_urgent_lines_at_once_and_others_soon(urgent: bool, seconds: float) -> None:
    reader, end = os.pipe()
    writer = LineWriter(end, flush_seconds=seconds)
    writer.append(b"now\n", urgent=urgent)

    started = time.monotonic()
    assert os.read(reader, 10) == b"now\n"
    assert time.monotonic() - started < 5
    writer.close()
    os.close(end)
    os.close(reader)


@pytest.mark.parametrize("blocking", [True, False])
def test_a_reader_that_stands_still_makes_nobody_wait_and_losses_are_counted(blocking: bool) -> None:
    reader, end = os.pipe()
    os.set_blocking(end, blocking)
    writer = LineWriter(end, capacity=1000, flush_seconds=0.01)
    line = b"x" * 1000 + b"\n"

    slowest = 0.0
    for _ in range(3000):
        started = time.perf_counter()
        writer.append(line)
        slowest = max(slowest, time.perf_counter() - started)
    started = time.monotonic()
    writer.close(seconds=0.1)

    assert slowest < 0.5
    assert writer.dropped >= 900  # a pipe holds 64 of these lines, the queue and one batch 2000
    assert time.monotonic() - started < 2
    while writer._thread.is_alive():  # the reader comes back: what was kept arrives whole
        read_all(reader)
        time.sleep(0.01)
    os.close(end)
    os.close(reader)


def test_a_reader_that_went_away_is_survived() -> None:
    reader, end = os.pipe()
    os.close(reader)
    writer = LineWriter(end, flush_seconds=0.01)
    writer.append(b"lost\n", urgent=True)
    writer.close()
    os.close(end)

    assert writer.dropped == 1


def test_a_forked_child_writes_its_own_lines_and_not_those_of_its_parent() -> None:
    reader, end = os.pipe()
    writer = LineWriter(end, flush_seconds=60)
    writer.append(b"parent\n")
    child = os.fork()
    if child == 0:
        writer.append(b"child\n")
        writer.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert read_all(reader) == b"child\n"
    writer.close()

    assert read_all(reader) == b"parent\n"
    os.close(end)
    os.close(reader)
