"""The program of the parser process: `python -m rag.parsing.child PATH NAME LIMITS`. It imports nothing that is big.

With `-` instead it imports all readers and forks itself for each file, by orders on its standard input (`forking`).

It speaks on its standard output only, in the messages of `wire`.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

from rag.parsing import refusals
from rag.parsing.blocks import Block, ParsingRefused
from rag.parsing.confinement import confine
from rag.parsing.detection import detect
from rag.parsing.forking import next_arguments
from rag.parsing.limits import ParsingLimits
from rag.parsing.readers import load_readers, open_document
from rag.parsing.starting import WAIT
from rag.parsing.wire import LARGEST_BLOCK, encode, pack_blocks, pack_info

Write: TypeAlias = Callable[[bytes], None]

FLUSH_CHARACTERS = 100_000
FIRST_BLOCKS, FLUSH_BLOCKS = 25, 200
"""Blocks of the first message, and of the largest: the parent begins its own work while a short document is read."""
OUT_OF_MEMORY = encode(
    "refused", "too_large", "The file needs more memory than the parser may use.", "Split the document into parts."
)
"""Made before there is no memory left to make it."""


class Sender:
    """Counts what the document gives and hands it to the parent in messages of moderate size."""

    def __init__(self, limits: ParsingLimits, write: Write) -> None:
        self._write = write
        self._left = limits.max_characters
        self._limit = limits.max_characters
        self._held: list[Block] = []
        self._most = FIRST_BLOCKS
        self._characters = 0
        self._texts = 0

    def send(self, blocks: Iterable[Block]) -> None:
        """Send all blocks. Raises `ParsingRefused` when there are too many, or none."""
        for block in blocks:
            for part in _parts(block):
                self._add(part)
        self._flush()
        if not self._texts:
            raise refusals.no_text("The file has no text.")

    def _add(self, block: Block) -> None:
        size = len(block.text) + 1
        self._left -= size
        if self._left < 0:
            raise refusals.too_large(f"The document has more than {self._limit} characters of text.")
        self._texts += 1
        self._held.append(block)
        self._characters += size
        if self._characters >= FLUSH_CHARACTERS or len(self._held) >= self._most:
            self._flush()
            self._most = min(2 * self._most, FLUSH_BLOCKS)

    def _flush(self) -> None:
        if self._held:
            self._write(pack_blocks(self._held))
        self._held = []
        self._characters = 0


def _parts(block: Block) -> Iterator[Block]:
    """Cut a block that is too long for a message."""
    text, breaks, page = block.text, block.breaks, block.page
    while len(text) > LARGEST_BLOCK:
        at = text.rfind(" ", 1, LARGEST_BLOCK) + 1 or LARGEST_BLOCK
        yield Block(block.kind, text[:at], page, block.level, tuple(each for each in breaks if each < at))
        page += sum(each <= at for each in breaks)
        text, breaks = text[at:], tuple(each - at for each in breaks if each > at)
    if text.strip():
        yield Block(block.kind, text, page, block.level, breaks)


def write_out(data: bytes) -> None:
    """Write all of it to the parent."""
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


def run(path: Path, name: str, limits: ParsingLimits, write: Write) -> None:
    """Parse one file and write what comes out. Every failure becomes a refusal."""
    try:
        with open_document(detect(path, name), limits) as (info, blocks):
            write(pack_info(info))
            Sender(limits, write).send(blocks)
        write(encode("done"))
    except ParsingRefused as refusal:
        write(encode("refused", refusal.code, refusal.detail, refusal.hint))
    except MemoryError:
        write(OUT_OF_MEMORY)
    except BrokenPipeError:
        return  # nobody listens any more
    except Exception as error:
        broken = refusals.corrupt(f"The file cannot be read ({type(error).__name__}).")
        write(encode("refused", broken.code, broken.detail, broken.hint))


def main(arguments: list[str]) -> None:
    """Confine the process and parse."""
    if arguments == [WAIT]:
        load_readers()
        found = next_arguments()
        if found is None:
            return  # nobody needs it any more
        arguments = found
    path, name, packed = arguments
    limits = ParsingLimits(**json.loads(packed))
    write_out(encode("started"))
    confine(limits)
    run(Path(path), name, limits, write_out)


if __name__ == "__main__":
    main(sys.argv[1:])
