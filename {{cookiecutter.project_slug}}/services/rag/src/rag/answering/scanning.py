"""Cutting a stream of text into plain text and the constructs that must be judged as a whole.

Citation markers, links, images, HTML and bare addresses are held back until they are complete, code is passed on as one
piece, and everything else goes through at once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

LONGEST_LABEL = 300
LONGEST_TARGET = 2000
LONGEST_CODE = 8000
"""Characters; what is longer is taken for plain text."""


class Kind(StrEnum):
    """What a piece of text is."""

    PLAIN = "plain"
    MARKER = "marker"  # one or several citations: `[1]`, `[2, 3]`
    ACTIVE = "active"  # a link, image, address or tag: something that a reader's program may act upon
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Scanned:
    """A piece of text with the blanks before it."""

    kind: Kind
    gap: str
    text: str


_End: TypeAlias = int | None
"""Where a construct ends; 0 when there is none, None when that cannot be said yet."""

_SPECIAL = re.compile(r"(?P<gap> *)(?P<open>`|!?\[|\]\(|<|(?<![\w@])(?:https?:|www\.))", re.I)
_MARKER = re.compile(r"\[\s*\d{1,3}(?:\s*(?:[,;&]|and|-|–)\s*\d{1,3})*\s*\]")  # noqa: RUF001 - models write ranges with dashes
_SCHEMES = ("http:", "https:", "www.")
_TAG = re.compile(r"<[a-z/!?]", re.I)
_ADDRESS = re.compile(r"\S*")


class Scanner:
    """Takes text as it comes and gives it out in pieces."""

    def __init__(self) -> None:
        self._pending = ""

    def feed(self, text: str) -> Iterator[Scanned]:
        """Yield what is complete after this text."""
        self._pending += text
        yield from self._drain(final=False)

    def finish(self) -> Iterator[Scanned]:
        """Yield the rest: constructs that were not closed are plain text."""
        yield from self._drain(final=True)

    def _drain(self, *, final: bool) -> Iterator[Scanned]:
        while self._pending:
            match = _SPECIAL.search(self._pending)
            if match is None:
                keep = 0 if final else _undecided(self._pending)
                yield from self._take(Kind.PLAIN, "", len(self._pending) - keep)
                return
            if match.start():
                yield from self._take(Kind.PLAIN, "", match.start())
                continue
            gap = match.group("gap")
            kind, end = _construct(self._pending[len(gap) :], match.group("open").lower(), final=final)
            if end is None:
                return
            if end:
                yield from self._take(kind, gap, len(gap) + end)
            else:
                yield from self._take(Kind.PLAIN, "", match.end())

    def _take(self, kind: Kind, gap: str, length: int) -> Iterator[Scanned]:
        text, self._pending = self._pending[len(gap) : length], self._pending[length:]
        if text:
            yield Scanned(kind, gap, text)


def _undecided(text: str) -> int:
    """How many characters at the end may begin a construct, or be the blanks before one."""
    blanks = len(text) - len(text.rstrip(" "))
    tail = text[-max(map(len, _SCHEMES)) :].lower()
    for length in range(len(tail), 0, -1):
        begins_word = length == len(text) or not text[-length - 1].isalnum()
        if begins_word and any(scheme.startswith(tail[-length:]) for scheme in _SCHEMES):
            return length + _blanks_before(text, length)
    if text.endswith(("!", "]")):
        return 1 + _blanks_before(text, 1)
    return blanks


def _blanks_before(text: str, length: int) -> int:
    head = text[:-length]
    return len(head) - len(head.rstrip(" "))


def _construct(text: str, opening: str, *, final: bool) -> tuple[Kind, _End]:
    if opening == "`":
        return Kind.CODE, _code_end(text, final=final)
    if opening.endswith("["):
        return _bracket(text, final=final)
    if opening == "](":
        return Kind.ACTIVE, _closed(text, ")", LONGEST_TARGET, final=final)
    if opening == "<":
        return Kind.ACTIVE, _tag_end(text, final=final)
    return Kind.ACTIVE, _address_end(text, final=final)


def _bracket(text: str, *, final: bool) -> tuple[Kind, _End]:
    label = _closed(text, "]", LONGEST_LABEL, final=final)
    if not label:
        return Kind.PLAIN, label
    follows = text[label : label + 1]
    if follows == "(":
        target = _closed(text[label:], ")", LONGEST_TARGET, final=final)
        return Kind.ACTIVE, target and label + target
    if not follows and not final:
        return Kind.PLAIN, None
    if _MARKER.fullmatch(text[:label]):
        return Kind.MARKER, label
    return Kind.PLAIN, 0


def _code_end(text: str, *, final: bool) -> _End:
    if not final and len(text) < 3 and not text.strip("`"):
        return None
    if text.startswith("```"):
        return _found(text, text.find("```", 3), 3, LONGEST_CODE, final=final)
    line = text.partition("\n")[0]
    closing = line.find("`", 1)
    if closing < 0 and len(line) < len(text):
        return 0
    return _found(text, closing, 1, LONGEST_LABEL, final=final)


def _tag_end(text: str, *, final: bool) -> _End:
    if len(text) < 2 and not final:
        return None
    return _found(text, text.find(">"), 1, LONGEST_TARGET, final=final) if _TAG.match(text) else 0


def _address_end(text: str, *, final: bool) -> _End:
    match = _ADDRESS.match(text)
    end = match.end() if match else 0
    return end if final or end < len(text) or end > LONGEST_TARGET else None


def _closed(text: str, closing: str, longest: int, *, final: bool) -> _End:
    """Where a bracket closes; it has to on its line."""
    line = text.partition("\n")[0]
    at = line.find(closing)
    if at < 0 and len(line) < len(text):
        return 0
    return _found(text, at, len(closing), longest, final=final)


def _found(text: str, at: int, width: int, longest: int, *, final: bool) -> _End:
    if at >= 0:
        return at + width
    return 0 if final or len(text) > longest else None


def numbers_of(marker: str) -> list[int]:
    """Return the passages that a marker names; `[2-4]` names three."""
    numbers: list[int] = []
    for separator, digits in re.findall(r"([-–]?)\s*(\d+)", marker):  # noqa: RUF001 - models write ranges with dashes
        number = int(digits)
        if separator and numbers and numbers[-1] < number <= numbers[-1] + 20:
            numbers.extend(range(numbers[-1] + 1, number + 1))
        else:
            numbers.append(number)
    return list(dict.fromkeys(numbers))
