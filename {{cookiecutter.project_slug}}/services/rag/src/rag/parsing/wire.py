"""How the parser process talks to its parent: messages of JSON, each after its length in four bytes.

A message is a list whose first item is its kind: `["started"]`, then `["info", …]`, any number of `["blocks", …]`, and
at the end `["done"]` or `["refused", code, detail, hint]`.
"""

import json
import struct
from collections.abc import Iterable, Iterator

from rag.parsing.blocks import Block, BlockKind, DocumentInfo

LENGTH = struct.Struct(">I")
LARGEST_MESSAGE = 4 * 1024**2
LARGEST_BLOCK = 100_000
"""Characters. Readers of formats cut longer ones."""


class Garbled(Exception):
    """The bytes are not messages of this protocol."""


def encode(*message: object) -> bytes:
    """Return the bytes of one message."""
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return LENGTH.pack(len(body)) + body


def pack_info(info: DocumentInfo) -> bytes:
    """Return the message that describes the whole file."""
    return encode("info", info.media_type, info.title, info.pages)


def pack_blocks(blocks: Iterable[Block]) -> bytes:
    """Return one message with several blocks."""
    return encode("blocks", *((each.kind, each.text, each.page, each.level, each.breaks) for each in blocks))


class Decoder:
    """Messages out of the pieces that a pipe gives. Takes nothing for granted: the sender may have been taken over."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[str, list[object]]]:
        """Yield the kind and content of each message that is complete now. Raises `Garbled`."""
        self._pending += data
        while len(self._pending) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._pending)
            if length > LARGEST_MESSAGE:
                raise Garbled(f"a message of {length} bytes")
            if len(self._pending) < LENGTH.size + length:
                return
            body = bytes(self._pending[LENGTH.size : LENGTH.size + length])
            del self._pending[: LENGTH.size + length]
            yield _message(body)


def _message(body: bytes) -> tuple[str, list[object]]:
    try:
        message = json.loads(body)
    except ValueError as error:
        raise Garbled("not JSON") from error
    if not (isinstance(message, list) and message and isinstance(message[0], str)):
        raise Garbled("not a message")
    return message[0], message[1:]


def unpack_info(content: list[object]) -> DocumentInfo:
    """Return what `pack_info` was given. Raises `Garbled`."""
    match content:
        case [str(media_type), str() | None as title, int() | None as pages]:
            return DocumentInfo(media_type, title, pages)
    raise Garbled("not an info")


def unpack_block(content: object) -> Block:
    """Return one of those that `pack_blocks` was given. Raises `Garbled`."""
    match content:
        case [str(kind), str(text), int(page), int(level), [*breaks]]:
            offsets = tuple(at for at in breaks if isinstance(at, int))
            try:
                return Block(BlockKind(kind), text, page, level, offsets)
            except ValueError as error:
                raise Garbled(kind) from error
    raise Garbled("not a block")
