"""The outline of a PDF file (its bookmarks): which headings stand on which page."""

import ctypes
import re
from collections import defaultdict
from collections.abc import Iterator

from pypdfium2 import raw  # type: ignore[import-untyped]  # it ships no types

from rag.parsing.pdf.native import UNPRINTABLE, Handle, NativeDocument

MOST_ENTRIES = 20_000
DEEPEST = 6
TITLE_BYTES = 1_000
SIGNS = re.compile(r"[\W_]+")
NUMBER = re.compile(r"^(?:chapter|section|part|appendix)?[a-z]?\d+(?:[a-z]\d+)*(?=[a-z])")


def plain_title(text: str) -> str:
    """Return the letters and digits of a title, which is how it is compared."""
    return SIGNS.sub("", text).lower()


class Outline:
    """Levels of headings by page and title."""

    def __init__(self) -> None:
        self._levels: defaultdict[int, dict[str, int]] = defaultdict(dict)
        self.entries = 0

    def add(self, page: int, title: str, level: int) -> None:
        """Note an entry. Its number may be missing on the page, or in the outline."""
        plain = plain_title(title)
        if plain:
            self.entries += 1
            self._levels[page].setdefault(plain, level)
            self._levels[page].setdefault(NUMBER.sub("", plain), level)

    def level(self, page: int, text: str) -> int:
        """Return the level of a heading, or 0. An entry may point to the end of the page before."""
        for number in (page, page - 1):
            known = self._levels.get(number)
            if known and (plain := plain_title(text)):
                found = known.get(plain) or known.get(NUMBER.sub("", plain), 0)
                if found:
                    return found
        return 0


def read_outline(document: NativeDocument) -> Outline:
    """Return the outline, as far as it makes sense. Circles in it end."""
    outline = Outline()
    for entry, level in _entries(document):
        page = _page(document, entry)
        if page >= 0:
            outline.add(page + 1, _title(entry), level)
    return outline


def _entries(document: NativeDocument) -> Iterator[tuple[Handle, int]]:
    seen: set[int] = set()
    waiting = [(raw.FPDFBookmark_GetFirstChild(document.handle, None), 1)]
    while waiting and len(seen) < MOST_ENTRIES:
        entry, level = waiting.pop()
        if not entry or (address := ctypes.addressof(entry.contents)) in seen:
            continue
        seen.add(address)
        yield entry, level
        waiting.append((raw.FPDFBookmark_GetNextSibling(document.handle, entry), level))
        if level < DEEPEST:
            waiting.append((raw.FPDFBookmark_GetFirstChild(document.handle, entry), level + 1))


def _page(document: NativeDocument, entry: Handle) -> int:
    target = raw.FPDFBookmark_GetDest(document.handle, entry)
    if not target:
        action = raw.FPDFBookmark_GetAction(entry)
        target = raw.FPDFAction_GetDest(document.handle, action) if action else None
    return int(raw.FPDFDest_GetDestPageIndex(document.handle, target)) if target else -1


def _title(entry: Handle) -> str:
    buffer = ctypes.create_string_buffer(TITLE_BYTES)
    size = raw.FPDFBookmark_GetTitle(entry, buffer, TITLE_BYTES)
    text = buffer.raw[: max(0, size - 2)].decode("utf-16-le", "replace") if size <= TITLE_BYTES else ""
    return text.translate(UNPRINTABLE)
