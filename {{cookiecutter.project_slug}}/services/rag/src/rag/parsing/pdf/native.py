"""Calls into PDFium, with as few of them for each page as the layout needs: each costs about a microsecond."""

import ctypes
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

from pypdfium2 import raw  # type: ignore[import-untyped]  # it ships no types

from rag.parsing import refusals
from rag.parsing.pdf.geometry import Page, Rule, Segment, Turn, unreadable

BOLD_NAME = re.compile(r"bold|black|heavy|demi|CMBX|CMB\d|-B$", re.IGNORECASE)
MONO_NAME = re.compile(r"mono|monL|courier|consol|CMTT|typewriter|menlo", re.IGNORECASE)
BOLD_WEIGHT = 600
FIXED_PITCH = 1
NAME_BYTES = 128
LINE = re.compile(r"[^\s\ufffe](?:[^\r\n\ufffe]*[^\s\ufffe])?")
CUT = "\ufffe"
"""What PDFium writes for a hyphen at the end of a line, in place of hyphen and line end."""
SIGN = re.compile(r"\w")
WIDEST_GLYPHS = 0.61
"""Mean width of a line's signs, in font sizes. Prose stays below; a wider line has gaps."""
GAP = 0.9
"""Font sizes of white space that may divide columns."""
UNUSUAL = 2.2
"""A gap counts when it is this many times wider than the usual one of its line: justified text is stretched."""
EVEN, MOST_STRETCHED = 1.3, 3.0
"""Gaps that differ by less than the factor, and are narrower than so many font sizes, come from justification."""
MOST_OBJECTS = 20_000
THIN = 2.5
SHORTEST_RULE = 15.0
TALLEST_CELL = 60.0
ROWS_WITH_GAPS = 2
UNPRINTABLE = dict.fromkeys((*range(32), 127, *range(0x80, 0xA0), 0xFEFF, 0xFFFE, 0xFFFF))
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\uffff]")

Handle: TypeAlias = Any  # a pointer that belongs to PDFium
Box: TypeAlias = tuple[float, float, float, float]  # left, baseline, right, size


@dataclass(frozen=True, slots=True)
class Font:
    """What matters of a font."""

    bold: bool
    mono: bool


class NativeDocument:
    """An open PDF file."""

    def __init__(self, handle: Handle) -> None:
        self.handle = handle
        self.pages: int = raw.FPDF_GetPageCount(handle)
        self._fonts: dict[tuple[bytes, int], Font] = {}

    def meta(self, key: bytes) -> str:
        """Return an entry of the file's description."""
        size = raw.FPDF_GetMetaText(self.handle, key, None, 0)
        buffer = ctypes.create_string_buffer(size)
        raw.FPDF_GetMetaText(self.handle, key, buffer, size)
        return buffer.raw[: max(0, size - 2)].decode("utf-16-le", "replace").translate(UNPRINTABLE).strip()

    def page(self, index: int) -> Page:
        """Return the text of a page in pieces with positions. One that cannot be opened is empty."""
        handle = raw.FPDF_LoadPage(self.handle, index)
        if not handle:
            return unreadable(index + 1)
        text = raw.FPDFText_LoadPage(handle)
        try:
            return _Reading(handle, text, self._fonts).page(index + 1) if text else unreadable(index + 1)
        finally:
            if text:
                raw.FPDFText_ClosePage(text)
            raw.FPDF_ClosePage(handle)


def prepare() -> None:
    """Do ahead what PDFium does for the first page of a process: it looks at every font that the machine has."""
    raw.FPDF_InitLibrary()
    document = raw.FPDF_CreateNewDocument()
    raw.FPDFFont_Close(raw.FPDFText_LoadStandardFont(document, b"Helvetica"))
    raw.FPDF_CloseDocument(document)


@contextmanager
def open_native(path: Path) -> Iterator[NativeDocument]:
    """Open a file; one with an empty password opens too. Raises `ParsingRefused`."""
    raw.FPDF_InitLibrary()
    handle = raw.FPDF_LoadDocument(str(path).encode(), None)
    if not handle:
        error = raw.FPDF_GetLastError()
        if error in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise refusals.encrypted("PDF")
        raise refusals.corrupt("The PDF file is broken.")
    try:
        yield NativeDocument(handle)
    finally:
        raw.FPDF_CloseDocument(handle)


class _Reading:
    """One page while it is read."""

    def __init__(self, page: Handle, text: Handle, fonts: dict[tuple[bytes, int], Font]) -> None:
        self._page = page
        self._text = text
        self._fonts = fonts
        self._matrix = raw.FS_MATRIX()
        self._loose = raw.FS_RECTF()
        self._name = ctypes.create_string_buffer(NAME_BYTES)
        self._flags = ctypes.c_int()
        self._edges = [ctypes.c_double() for _ in range(4)]
        self._matrix_at = ctypes.byref(self._matrix)
        self._loose_at = ctypes.byref(self._loose)
        self._flags_at = ctypes.byref(self._flags)
        self._edges_at = [ctypes.byref(edge) for edge in self._edges]
        self._turn = Turn(0, 0.0, 0.0, 0.0, 0.0)
        self._content = ""
        self._direct = True
        self._clean = True

    def page(self, number: int) -> Page:
        """Return its segments, and its rules when there may be tables."""
        self._content = self._characters()
        spans = [found.span() for found in LINE.finditer(self._content)]
        turn = self._turn = self._orientation(spans)
        single = raw.FPDFText_CountRects(self._text, 0, -1) == len(spans)
        reaches = [self._reach(at) for at in range(len(spans))] if single else []
        segments: list[Segment] = []
        for at, (start, end) in enumerate(spans):
            self._add_segments(start, end, reaches[at] if single else None, segments)
        gapped = sum(1 for left, right in pairwise(segments) if left.row_of(right))
        rules = list(self._rules()) if gapped >= ROWS_WITH_GAPS else []
        return Page(number, turn.width, turn.height, segments, rules)

    def _characters(self) -> str:
        count = raw.FPDFText_CountChars(self._text)
        if count <= 0:
            return ""
        buffer = (ctypes.c_ushort * (count + 1))()
        written = raw.FPDFText_GetText(self._text, 0, count, buffer)
        content = ctypes.string_at(buffer, 2 * max(0, written - 1)).decode("utf-16-le", "replace")
        self._direct = len(content) == count
        self._clean = CONTROL.search(content) is None
        return content

    def _index(self, at: int) -> int:
        """Return PDFium's index of a character. They differ when signs have no code or need two units."""
        if self._direct:
            return at
        units = len(self._content[:at].encode("utf-16-le", "replace")) // 2
        return max(0, int(raw.FPDFText_GetCharIndexFromTextIndex(self._text, units)))

    def _orientation(self, spans: list[tuple[int, int]]) -> Turn:
        """Return how to turn the page so that most of its text is upright."""
        raw.FPDF_GetPageBoundingBox(self._page, self._loose_at)
        box = self._loose
        weights = [0, 0, 0, 0]
        for start, end in spans[:: max(1, len(spans) // 12)]:
            weights[self._quarter(start)] += end - start
        return Turn(weights.index(max(weights)), box.left, box.bottom, box.right, box.top)

    def _quarter(self, at: int) -> int:
        """Return in which quarter of the circle a line of text runs: 0 to the right, 1 upwards, 2, 3."""
        raw.FPDFText_GetMatrix(self._text, self._index(at), self._matrix_at)
        across, up = self._matrix.a, self._matrix.b
        if abs(across) >= abs(up):
            return 0 if across >= 0 else 2
        return 1 if up > 0 else 3

    def _reach(self, at: int) -> tuple[float, float]:
        """Return from where to where a line reaches, on a page on which each line is drawn as one."""
        raw.FPDFText_GetRect(self._text, at, *self._edges_at)
        left, top, right, bottom = (edge.value for edge in self._edges)
        begin, _, stop, _ = self._turn.box(left, top, right, bottom)
        return begin, stop

    def _add_segments(self, start: int, end: int, reach: tuple[float, float] | None, found: list[Segment]) -> None:
        """Add the segments of a line. Stamps along the margin and labels of axes are left out."""
        if self._quarter(start) != self._turn.quarters:
            return
        matrix = self._matrix
        x, baseline = self._turn.point(matrix.e, matrix.f)
        scale = math.hypot(matrix.c, matrix.d)
        size, font = self._style(start, end, scale)
        if reach is not None and abs(reach[0] - x) < size:
            right, gapped = max(x, reach[1]), False
        else:
            right, gapped = self._extent(start, end, x, size)
        if not gapped and (font.mono or right - x <= WIDEST_GLYPHS * size * (end - start)):
            found.append(self._segment(start, end, (x, baseline, right, size), font))
            return
        for begin, stop, box in self._pieces(start, end, (x, baseline, right, size)):
            here = font if begin == start else self._style(begin, stop, scale)[1]
            found.append(self._segment(begin, stop, box, here))

    def _segment(self, start: int, end: int, box: Box, font: Font) -> Segment:
        text = self._content[start:end]
        if not self._clean:
            text = text.translate(UNPRINTABLE)
        if self._content[end : end + 1] == CUT:
            text += "-"
        return Segment(text, *box, font.bold, font.mono)

    def _style(self, start: int, end: int, scale: float) -> tuple[float, Font]:
        """Return size and font, looked up at the first letter, because bullets have sizes of their own."""
        at = start
        if not self._content[start].isalnum():
            letter = SIGN.search(self._content, start, end)
            at = letter.start() if letter else start
        at = self._index(at)
        font = self._font(at)
        if (font.bold or font.mono) and end - start > 1:  # a line is what its beginning and its end are
            at = self._index(end - 1)
            last = self._font(at)
            font = Font(font.bold and last.bold, font.mono and last.mono)
        size = raw.FPDFText_GetFontSize(self._text, at)
        return max(0.1, size * scale), font

    def _font(self, at: int) -> Font:
        size = raw.FPDFText_GetFontInfo(self._text, at, self._name, NAME_BYTES, self._flags_at)
        key = (self._name.value if 0 < size <= NAME_BYTES else b"", self._flags.value)
        return self._fonts.get(key) or self._new_font(key, at)

    def _new_font(self, key: tuple[bytes, int], at: int) -> Font:
        name = key[0].decode("ascii", "replace")
        font = self._fonts[key] = Font(
            bold=BOLD_NAME.search(name) is not None or raw.FPDFText_GetFontWeight(self._text, at) >= BOLD_WEIGHT,
            mono=MONO_NAME.search(name) is not None or bool(key[1] & FIXED_PITCH),
        )
        return font

    def _extent(self, start: int, end: int, x: float, size: float) -> tuple[float, bool]:
        """Return where a line ends, and whether there is a wide gap between its parts."""
        first = self._index(start)
        count = raw.FPDFText_CountRects(self._text, first, self._index(end - 1) - first + 1)
        right, gapped = x, False
        edges, box = self._edges, self._turn.box
        for at in range(count):
            raw.FPDFText_GetRect(self._text, at, *self._edges_at)
            begin, _, stop, _ = box(edges[0].value, edges[1].value, edges[2].value, edges[3].value)
            gapped = gapped or (at > 0 and begin - right > GAP * size)
            right = max(right, stop)
        return right, gapped

    def _pieces(self, start: int, end: int, box: Box) -> Iterator[tuple[int, int, Box]]:
        """Divide a line at gaps that are wider than its usual ones."""
        words = [found.span() for found in re.finditer(r"\S+", self._content[start:end])]
        edges = [(self._glyph(start + begin)[0], self._glyph(start + stop - 1)[1]) for begin, stop in words]
        gaps = [right[0] - left[1] for left, right in pairwise(edges)]
        first, size = 0, box[3]
        usual = _usual(gaps, size)
        for at, gap in enumerate(gaps, start=1):
            if (gap > GAP * size and gap > UNUSUAL * usual) or gap < -2 * size:
                yield self._piece(start, words[first:at], edges[first:at], box)
                first = at
        yield self._piece(start, words[first:], edges[first:], box)

    @staticmethod
    def _piece(
        start: int, words: list[tuple[int, int]], edges: list[tuple[float, float]], box: Box
    ) -> tuple[int, int, Box]:
        left = edges[0][0]
        right = max(left, *(right for _, right in edges))  # a sign may be drawn far to the left of the one before
        return start + words[0][0], start + words[-1][1], (left, box[1], right, box[3])

    def _glyph(self, at: int) -> tuple[float, float]:
        raw.FPDFText_GetLooseCharBox(self._text, self._index(at), self._loose_at)
        box = self._loose
        left, _, right, _ = self._turn.box(box.left, box.top, box.right, box.bottom)
        return left, right

    def _rules(self) -> Iterator[Rule]:
        """Yield the horizontal lines of the page, and the upper and lower edges of filled cells."""
        edges = [ctypes.c_float() for _ in range(4)]
        at = [ctypes.byref(edge) for edge in edges]
        for index in range(min(MOST_OBJECTS, raw.FPDFPage_CountObjects(self._page))):
            shape = raw.FPDFPage_GetObject(self._page, index)
            if raw.FPDFPageObj_GetType(shape) != raw.FPDF_PAGEOBJ_PATH or not raw.FPDFPageObj_GetBounds(shape, *at):
                continue
            left, bottom, right, top = (edge.value for edge in edges)
            begin, high, stop, low = self._turn.box(left, top, right, bottom)
            if stop - begin < SHORTEST_RULE or low - high > TALLEST_CELL:
                continue
            yield Rule((high + low) / 2 if low - high <= THIN else high, begin, stop)
            if low - high > THIN:
                yield Rule(low, begin, stop)


def _usual(gaps: list[float], size: float) -> float:
    """Return the width of the spaces between words of a line, which may be stretched; 0 when there are none."""
    if len(gaps) < 2:
        return 0.0
    stretched = max(gaps) < EVEN * min(gaps) and max(gaps) < MOST_STRETCHED * size
    usual = max(gaps) if stretched else sorted(gaps)[(len(gaps) - 1) // 4]
    return usual if stretched or usual <= GAP * size else 0.0
