import asyncio
import sys
from pathlib import Path

import pytest

from bench.processes import Command
from bench.rag.memory import children_of, descendants_of, held_by, processor_seconds
from bench.rag.streams import listen, text_of
from bench.rag.worker import Worker

ECHO = """
import sys
held = bytearray(60_000_000)
for line in sys.stdin:
    print("something else")
    print(line.strip(), flush=True)
"""
STREAM = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
    b'data: {"choices": [{"delta": {"role": "assistant", "content": ""}}]}\n\n'
    b'data: {"choices": [{"delta": {"content": "Paris"}}]}\n\n'
    b'data: {"choices": [{"delta": {"content": " it is"}}]}\n\n'
    b"data: [DONE]\n\n"
)


def program(text: str, folder: Path) -> Command:
    return Command((sys.executable, "-c", text), folder)


def test_a_worker_answers_line_by_line_and_its_memory_is_seen(tmp_path: Path) -> None:
    with Worker(program(ECHO, tmp_path), tmp_path / "log") as worker:
        watch = worker.watch()
        assert worker.ask(number=1) == {"number": 1}
        assert worker.ask(number=2) == {"number": 2}
        assert 60 < watch.stop().own < 600
        assert worker.number in held_by(worker.number)
        assert children_of(worker.number) == []


FAMILY = """
import os, subprocess, sys
grandchild = "held = bytearray(50_000_000); print(flush=True); input()"
child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"
if sys.argv[1:] != ["-"]:
    process = subprocess.Popen([sys.executable, "-c", child], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
for line in sys.stdin:
    print(line.strip(), flush=True)
"""


def test_what_comes_from_a_worker_is_looked_at_too(tmp_path: Path) -> None:
    with Worker(program(FAMILY, tmp_path), tmp_path / "log") as worker:
        watch = worker.watch()
        worker.ask(number=1)
        assert len(descendants_of(worker.number)) == 2
        assert all(processor_seconds(each) > 0 for each in descendants_of(worker.number))
        peak = watch.stop()
    assert 0 < peak.own < 50 < peak.children < 200
    assert peak.mapped > 0


def test_a_worker_that_ends_is_an_error_with_its_log(tmp_path: Path) -> None:
    ending = program("import sys; sys.stdin.readline(); sys.exit('no such file')", tmp_path)
    with Worker(ending, tmp_path / "log") as worker, pytest.raises(RuntimeError, match="no such file"):
        worker.ask(number=1)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b'data: {"choices": [{"delta": {"content": "a"}}]}\n', "a"),
        (b'data: {"text": "b"}\n', "b"),
        (b'data: {"choices": [], "usage": {}}\n', ""),
        (b'data: {"answer": "whole", "text": "no token"}\n', ""),
        (b"event: token\n", ""),
    ],
)
def test_text_is_read_from_both_protocols(line: bytes, text: str) -> None:
    assert text_of(line) == text


async def hear(content: bytes) -> str:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(content)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        heard = await listen(f"http://127.0.0.1:{port}/v1/ask", {}, {})
    assert 0 < heard.first <= heard.total
    assert len(heard.moments) == 2
    return heard.text


def test_a_stream_is_heard_to_its_end() -> None:
    assert asyncio.run(hear(STREAM)) == "Paris it is"


def test_a_stream_without_text_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="503"):
        asyncio.run(hear(b"HTTP/1.1 503 Unavailable\r\n\r\n"))
