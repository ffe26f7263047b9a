"""Which type a file is. Its content says so; its name may only agree, and choose between plain text and Markdown."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rag.parsing import refusals
from rag.parsing.encoding import TextFile, recognise

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HTML = "text/html"
MARKDOWN = "text/markdown"
TEXT = "text/plain"

HEAD_BYTES = 4096
TAIL_BYTES = 2048
PDF_HEADER_WITHIN = 1024
"""Readers accept a PDF header after this many bytes of other things, as mail programs once put before it."""
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OLE_SEARCH_BYTES = 4 * 1024**2
ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
FOREIGN = (
    (b"{\\rtf", "RTF"),
    (b"%!PS", "PostScript"),
    (b"\x89PNG", "PNG image"),
    (b"\xff\xd8\xff", "JPEG image"),
    (b"GIF8", "GIF image"),
    (b"II*\x00", "TIFF image"),
    (b"MM\x00*", "TIFF image"),
    (b"\x1f\x8b", "gzip"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"MZ", "Windows program"),
    (b"\x7fELF", "Linux program"),
    (OLE, "old Office (DOC, XLS or PPT)"),
)
BY_EXTENSION = {
    ".pdf": PDF, ".docx": DOCX, ".html": HTML, ".htm": HTML, ".xhtml": HTML,
    ".md": MARKDOWN, ".markdown": MARKDOWN, ".txt": TEXT, ".text": TEXT,
}  # fmt: skip
LOOSE = {HTML, MARKDOWN, TEXT}
"""Types that are all text: a name may say one and the content be another."""
WORDS = {PDF: "PDF", DOCX: "DOCX", HTML: "HTML", MARKDOWN: "text", TEXT: "text"}
HTML_START = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:(?><!--.*?-->)\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL
)
HTML_TAG = re.compile(
    r"</?(?:html|head|body|title|meta|div|p|h[1-6]|table|ul|ol|span|a|br|section|article)\b[^<>]*>", re.IGNORECASE
)
MARKDOWN_LINE = re.compile(r"^(?:#{1,6} \S|```|\s*[-*+] \[[ x]\] |\|(?:[^|\n]*\|){2,}$|.*\]\(\S+\))", re.MULTILINE)
MARKDOWN_HEADING = re.compile(r"^#{1,6} \S", re.MULTILINE)
FRONT_MATTER = re.compile(r"---\n(?:[\w-]+:.*\n)+---\n")


@dataclass(frozen=True, slots=True)
class Recognised:
    """A file and its type."""

    path: Path
    media_type: str
    text: TextFile | None
    """None unless the type is one of text."""


def detect(path: Path, name: str) -> Recognised:
    """Find out the type of a file. Raises `ParsingRefused`."""
    claimed = BY_EXTENSION.get(PurePosixPath(name.strip().lower()).suffix)
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise refusals.no_text("The file is empty.")
    found = _binary(path, head) or _textual(path, claimed)
    if claimed is not None and claimed != found.media_type and not {claimed, found.media_type} <= LOOSE:
        raise refusals.unsupported_type(
            f"The name says {WORDS[claimed]}, but the content is {WORDS[found.media_type]}."
        )
    return found


def _binary(path: Path, head: bytes) -> Recognised | None:
    if _is_pdf(path, head):
        return Recognised(path, PDF, None)
    if head.startswith(ZIP):
        return Recognised(path, DOCX, None)  # the reader of DOCX looks whether it is one
    if head.startswith(OLE) and _holds_encrypted_package(path):
        raise refusals.encrypted("Office")
    for magic, kind in FOREIGN:
        if head.startswith(magic) and not (magic == b"MZ" and b"\0" not in head):
            raise refusals.unsupported_type(f"The file is of a type that is not read: {kind}.")
    return None


def _is_pdf(path: Path, head: bytes) -> bool:
    at = head.find(b"%PDF-", 0, PDF_HEADER_WITHIN)
    if at < 0:
        return False
    if not head[:at].strip(b"\xef\xbb\xbf \t\r\n\0"):
        return True
    with path.open("rb") as file:  # a text about PDF files may name the header too; only a PDF file ends like one
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        return b"startxref" in file.read()


def _holds_encrypted_package(path: Path) -> bool:
    """Tell a DOCX file with a password, which is wrapped into the old format, from a file of the old format."""
    with path.open("rb") as file:
        begin = file.read(OLE_SEARCH_BYTES)
        file.seek(max(len(begin), path.stat().st_size - OLE_SEARCH_BYTES))
        return ENCRYPTED_PACKAGE in begin or ENCRYPTED_PACKAGE in file.read()


def _textual(path: Path, claimed: str | None) -> Recognised:
    text = recognise(path)
    if text is None:
        raise refusals.unsupported_type("The content is neither text nor a type that is read.")
    begin = next(text.pieces(), "")
    return Recognised(path, _kind_of_text(begin, claimed), text)


def _kind_of_text(begin: str, claimed: str | None) -> str:
    if HTML_START.match(begin):
        return HTML
    if claimed == HTML:
        return HTML if HTML_TAG.search(begin) else TEXT
    if claimed in (MARKDOWN, TEXT):
        return claimed
    if HTML_TAG.match(begin.lstrip()):
        return HTML
    headings, lines = len(MARKDOWN_HEADING.findall(begin)), len(MARKDOWN_LINE.findall(begin))
    return MARKDOWN if FRONT_MATTER.match(begin) or (headings and lines >= 3) else TEXT
