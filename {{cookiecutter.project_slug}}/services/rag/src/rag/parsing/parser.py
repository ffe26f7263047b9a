"""Parsing as the service sees it: a file in, blocks out, whatever the file does to the process that reads it."""

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import structlog

from rag.parsing import refusals
from rag.parsing.blocks import Block, DocumentInfo, ParsingRefused
from rag.parsing.limits import ParsingLimits
from rag.parsing.nursery import Nursery
from rag.parsing.starting import PROGRAM, ParserProcess, ParserUnavailable, end, start
from rag.parsing.wire import Decoder, Garbled, unpack_block, unpack_info

_log = structlog.get_logger(__name__)
READ_BYTES = 64 * 1024
GRACE_SECONDS = 2
"""How long a process may take to end after it has closed its pipe."""
OUT_OF_TIME = ("SIGXCPU", "SIGALRM")
OUT_OF_MEMORY = ("SIGKILL",)  # nobody else than the kernel kills this process before its parent has given up


@contextmanager
def parse(
    path: Path, name: str, limits: ParsingLimits, *, nursery: Nursery | None = None, program: str = PROGRAM
) -> Iterator["ChildDocument"]:
    """Open a document in a process that ends with the context. Raises `ParsingRefused`, here and in `blocks()`.

    Args:
        path: The file.
        name: What the uploader calls it. It decides between plain text and Markdown and is otherwise only compared.
        limits: What the file may cost.
        nursery: What makes processes quickly; without one Python is started for the file.
        program: The module that runs in a process that is started.
    """
    arguments = [str(path.absolute()), name, json.dumps(asdict(limits))]
    process: ParserProcess = nursery.start(arguments) if nursery else start(arguments, program)
    try:
        document = ChildDocument(process, limits)
        document.open()
        yield document
    finally:
        end(process)


class ChildDocument:
    """A `ParsedDocument` whose blocks arrive from the parser process while they are read."""

    def __init__(self, process: ParserProcess, limits: ParsingLimits) -> None:
        if process.stdout is None:
            raise ValueError("the process needs a pipe")
        self._process = process
        self._pipe = process.stdout.fileno()
        self._limits = limits
        self._seconds_left = limits.max_seconds
        self._characters_left = limits.max_characters
        self._messages = self._receive()
        self._info: DocumentInfo | None = None

    def open(self) -> None:
        """Wait until the file has been recognised. Raises `ParsingRefused`."""
        kind, content = self._next()
        if kind != "info":
            raise self._broken()
        try:
            self._info = unpack_info(content)
        except Garbled:
            raise self._broken() from None

    @property
    def info(self) -> DocumentInfo:
        """Facts about the whole file."""
        if self._info is None:
            raise RuntimeError("the document has not been opened")
        return self._info

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks in reading order, once. Raises `ParsingRefused`."""
        while True:
            kind, content = self._next()
            if kind == "done":
                return
            if kind != "blocks":
                raise self._broken()
            for packed in content:
                yield self._counted(packed)

    def _counted(self, packed: object) -> Block:
        try:
            block = unpack_block(packed)
        except Garbled:
            raise self._broken() from None
        self._characters_left -= len(block.text) + 1
        if self._characters_left < 0:
            raise refusals.too_large(f"The document has more than {self._limits.max_characters} characters of text.")
        return block

    def _next(self) -> tuple[str, list[object]]:
        try:
            kind, content = next(self._messages, ("ended", []))
        except Garbled:
            raise self._broken() from None
        match kind, content:
            case "refused", [str(code), str(detail), str(hint)]:
                raise ParsingRefused(code, detail, hint)
            case "ended", _:
                raise self._death()
        return kind, content

    def _receive(self) -> Iterator[tuple[str, list[object]]]:
        decoder = Decoder()
        started = False
        while data := self._read():
            for message in decoder.feed(data):
                if started:
                    yield message
                started = True
        if not started:
            raise ParserUnavailable("the parser process ended before it had begun")

    def _read(self) -> bytes:
        """Return the next bytes, or none at the end. Only the time spent waiting here counts against the file."""
        begin = time.monotonic()
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        ready = poll.poll(max(0.0, self._seconds_left) * 1000)
        self._seconds_left -= time.monotonic() - begin
        if not ready:
            raise refusals.timed_out(self._limits.max_seconds)
        return os.read(self._pipe, READ_BYTES)

    def _death(self) -> ParsingRefused:
        """Say why the process ended without a last word."""
        try:
            status = self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            return self._broken()
        name = signal.Signals(-status).name if status < 0 else f"status {status}"
        if name in OUT_OF_TIME:
            return refusals.timed_out(self._limits.max_seconds)
        if name in OUT_OF_MEMORY:
            return refusals.too_large("The file needs more memory than the parser may use.")
        _log.warning("parser_stopped", ended_with=name)
        return refusals.reader_stopped()

    def _broken(self) -> ParsingRefused:
        _log.warning("parser_stopped", ended_with="nonsense")
        return refusals.reader_stopped()
