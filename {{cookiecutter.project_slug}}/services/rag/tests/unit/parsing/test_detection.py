import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rag.parsing.blocks import ParsingRefused
from rag.parsing.detection import DOCX, HTML, MARKDOWN, PDF, TEXT

Reader = Callable[..., Any]  # of conftest.Read
Refusal = Callable[..., ParsingRefused]
Draw = Callable[..., Path]

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def archive(*members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for member in members:
            file.writestr(member, "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("notes.txt", "Just a few words.", TEXT),
        ("notes", "Just a few words.", TEXT),
        ("notes.log", "# comment\nvalue = 3\n", TEXT),
        ("notes.md", "Just a few words.", MARKDOWN),
        ("README", "# Title\n\n- [x] done\n\n```\ncode\n```\n", MARKDOWN),
        ("page.html", "<p>Just a few words.", HTML),
        ("page.txt", "<!DOCTYPE html><html><body>Words", HTML),
        ("page.html", "Words without a single tag", TEXT),
        ("readme.md", "<div align=center>\n\n# Title\n\n</div>", MARKDOWN),
        ("page", "<div>Words</div>", HTML),
        ("about.txt", "A PDF file begins with %PDF-1.7 and a line end.", TEXT),
    ],
)
def test_content_decides_and_names_choose_between_kinds_of_text(
    read: Reader, name: str, content: str, media_type: str
) -> None:
    assert read(content, name).info.media_type == media_type


@pytest.mark.parametrize(
    ("encoding", "mark"), [("utf-8", b""), ("utf-8-sig", b""), ("utf-16", b""), ("utf-16-le", b""), ("cp1252", b"")]
)
def test_text_is_read_in_common_encodings(read: Reader, encoding: str, mark: bytes) -> None:
    content = "Größe und Gewicht der Möbel in Köln.\r\nZweite Zeile; naïve façade.".encode(encoding)
    found = read(mark + content, "a.txt")
    assert found.blocks[0].text == "Größe und Gewicht der Möbel in Köln. Zweite Zeile; naïve façade."


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", bytes(range(256)) * 8),
        ("a.txt", b"text with a \0 in it"),
        ("a.pdf", b"MZ\x90\0 a program"),
        ("a.txt", b"\x89PNG\r\n\x1a\n" + b"\0" * 50),
        ("a.doc", OLE + b"\0" * 600),
        ("a.docx", archive("xl/workbook.xml", "[Content_Types].xml")),
        ("a.zip", archive("anything.txt")),
        ("a.pdf", "Not a PDF but text."),
        ("a.docx", "Not a DOCX but text."),
        ("a.txt", "%PDF-1.4\n1 0 obj\n"),
        ("a.rtf", "{\\rtf1 words}"),
    ],
)
def test_other_types_and_types_that_contradict_the_name_are_refused(
    refusal: Refusal, name: str, content: str | bytes
) -> None:
    assert refusal(content, name).code == "unsupported_type"


def test_what_the_name_says_is_named_in_the_refusal(refusal: Refusal) -> None:
    refused = refusal("<html><body>404 not found</body></html>", "report.pdf")
    assert refused.detail == "The name says PDF, but the content is HTML."
    assert "Markdown" in refused.hint


def test_an_office_file_with_a_password_is_encrypted(refusal: Refusal) -> None:
    content = OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 600
    assert refusal(content, "a.docx").code == "encrypted"


@pytest.mark.parametrize("content", ["", " \n\t\r\n ", "\ufeff", "\f\f\f"])
def test_files_without_words_have_no_text(refusal: Refusal, content: str) -> None:
    assert refusal(content, "a.txt").code == "no_text"


def test_the_type_of_a_pdf_needs_no_name(draw: Draw, read: Reader) -> None:
    path = draw(lambda canvas: canvas.drawString(72, 700, "Words on a page."))
    assert read(path, "no extension").info.media_type == PDF


def test_the_type_of_a_docx_needs_no_name(read: Reader, tmp_path: Path) -> None:
    import docx

    document = docx.Document()
    document.add_paragraph("Words.")
    document.save(tmp_path / "a")
    assert read(tmp_path / "a", "a").info.media_type == DOCX


@pytest.mark.parametrize(("rest", "media_type"), [("<html><p>Words.</p></html>", HTML), ("Words.", TEXT)])
def test_many_comments_before_the_content_are_read_once(read: Reader, rest: str, media_type: str) -> None:
    comments = "<!-- a licence -->\n" * 200
    assert read((comments + rest).encode(), "a").info.media_type == media_type
