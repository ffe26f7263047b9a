"""Text files of unknown encoding: which one it is, and their text in bounded memory."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PIECE_BYTES = 256 * 1024
SAMPLE_BYTES = 64 * 1024
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b")) + b"\x7f"
MOST_CONTROL = 0.002
"""Share of control characters in what still counts as text: old files have a stray one."""
LONGEST_LINE = 8_000
"""Characters. A longer line comes in several, so that no line costs much memory."""
UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\x80-\x9f\ufeff\ufffe\uffff]")
LEGACY = "cp1252"


@dataclass(frozen=True, slots=True)
class TextFile:
    """What a first pass over a text file has shown."""

    path: Path
    encoding: str

    def pieces(self) -> Iterator[str]:
        """Yield the text with line feeds as line ends and without control characters; nothing raises."""
        decoder = codecs.getincrementaldecoder(self.encoding)("replace")
        carried = ""
        with self.path.open("rb") as file:
            while data := file.read(PIECE_BYTES):
                text = carried + decoder.decode(data)
                carried = "\r" if text.endswith("\r") else ""  # its line feed may come with the next piece
                yield _clean(text.removesuffix("\r") if carried else text)
        yield _clean(carried + decoder.decode(b"", final=True))

    def lines(self) -> Iterator[str]:
        """Yield the lines without their ends and with spaces for tabs."""
        rest = ""
        for piece in self.pieces():
            *lines, rest = (rest + piece).split("\n")
            for line in lines:
                yield from map(_plain, _cut(line))
            if len(rest) > LONGEST_LINE:
                *parts, rest = _cut(rest)
                yield from map(_plain, parts)
        yield from map(_plain, _cut(rest))


def _cut(line: str) -> Iterator[str]:
    start = 0
    while len(line) - start > LONGEST_LINE:
        at = line.rfind(" ", start + 1, start + LONGEST_LINE) + 1 or start + LONGEST_LINE
        yield line[start:at]
        start = at
    yield line[start:] if start else line


def _plain(line: str) -> str:
    return line.expandtabs(4).rstrip(" ")


def _clean(text: str) -> str:
    return UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")) if text else text


def recognise(path: Path) -> TextFile | None:
    """Return the file as text, or None when it is not text in any encoding that is read."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    encoding = _marked(sample) or _by_zeros(sample)
    if encoding is not None:
        return TextFile(path, encoding) if _decodes(path, encoding) else None
    if not _few_controls(path):
        return None
    return TextFile(path, "utf-8" if _decodes(path, "utf-8") else LEGACY)


def _marked(sample: bytes) -> str | None:
    return next((encoding for mark, encoding in MARKS if sample.startswith(mark)), None)


def _by_zeros(sample: bytes) -> str | None:
    """Recognise UTF-16 without a mark: every other byte of ordinary text is zero."""
    half = max(1, len(sample) // 2)
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if odd > 0.6 and even < 0.05:
        return "utf-16-le"
    if even > 0.6 and odd < 0.05:
        return "utf-16-be"
    return None


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while data := file.read(PIECE_BYTES):
                decoder.decode(data)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _few_controls(path: Path) -> bool:
    size = controls = 0
    with path.open("rb") as file:
        while data := file.read(PIECE_BYTES):
            if b"\0" in data:
                return False
            size += len(data)
            controls += len(data) - len(data.translate(None, CONTROL))
    return controls <= size * MOST_CONTROL
