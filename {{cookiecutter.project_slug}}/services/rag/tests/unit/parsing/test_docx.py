import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.enum.text import WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from rag.parsing.blocks import ParsingRefused
from rag.parsing.limits import ParsingLimits

Reader = Callable[..., Any]  # of conftest.Read
Refusal = Callable[..., ParsingRefused]

MAIN = "word/document.xml"
TYPES = "[Content_Types].xml"
SPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def document(body: str) -> str:
    return f"<w:document {SPACE}><w:body>{body}</w:body></w:document>"


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def packed(main: str | bytes, **members: str | bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(TYPES, "<Types/>")
        file.writestr(MAIN, main)
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def manual(tmp_path: Path) -> Path:
    """A document as Word writes it."""
    made = docx.Document()
    made.core_properties.title = "Operating Manual"
    made.add_heading("Operating Manual", 0)
    made.add_heading("Safety", 1)
    made.add_paragraph("Read this before use: Größe matters.")
    for text, style in (
        ("unplug", "List Bullet"),
        ("deeper", "List Bullet 2"),
        ("wait", "List Number"),
        ("open", "List Number"),
    ):
        made.add_paragraph(text, style=style)
    table = made.add_table(2, 2)
    for at, text in enumerate(("Part", "Code|No", "Lid", "")):
        table.cell(at // 2, at % 2).text = text
    table.cell(1, 1).add_table(1, 1).cell(0, 0).text = "inner"
    made.add_heading("Cleaning", 2)
    made.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
    made.add_paragraph("After the break.")
    path = tmp_path / "manual.docx"
    made.save(path)
    return path


def test_a_document_gives_headings_lists_and_tables(read: Reader, manual: Path) -> None:
    found = read(manual, "manual.docx")
    assert (found.info.title, found.info.pages) == ("Operating Manual", None)
    assert found.lines == [
        "heading: Operating Manual",
        "heading: Safety",
        "paragraph: Read this before use: Größe matters.",
        "list: - unplug\n- deeper\n1. wait\n2. open",
        "table: | Part | Code\\|No |\n| --- | --- |\n| Lid | inner |",
        "heading: Cleaning",
        "paragraph: After the break.",
    ]
    assert [block.level for block in found.blocks if block.level] == [1, 2, 3]
    assert {block.page for block in found.blocks} == {1}


def test_deleted_text_and_field_codes_are_not_read(read: Reader, tmp_path: Path) -> None:
    made = docx.Document()
    kept = made.add_paragraph("kept")
    removed = OxmlElement("w:del")
    run = OxmlElement("w:r")
    text = OxmlElement("w:delText")
    text.text = "removed"
    run.append(text)
    removed.append(run)
    kept._p.append(removed)
    code = OxmlElement("w:instrText")
    code.text = "PAGE"
    kept.add_run()._r.append(code)
    made.save(tmp_path / "a.docx")
    assert read(tmp_path / "a.docx", "a.docx").lines == ["paragraph: kept"]


def test_outline_levels_make_headings_and_code_styles_keep_lines(read: Reader, tmp_path: Path) -> None:
    made = docx.Document()
    level = OxmlElement("w:outlineLvl")
    level.set(qn("w:val"), "2")
    made.add_paragraph("Own level")._p.get_or_add_pPr().append(level)
    made.styles.add_style("Source Code", 1)
    for line in ("if x:", "    go()"):
        made.add_paragraph(line, style="Source Code")
    made.add_paragraph("End.")
    made.save(tmp_path / "a.docx")
    found = read(tmp_path / "a.docx", "a.docx")
    assert found.lines == ["heading: Own level", "code: if x:\n    go()", "paragraph: End."]
    assert found.blocks[0].level == 3


def test_notes_come_at_the_end(read: Reader) -> None:
    notes = f"<w:footnotes {SPACE}><w:footnote>{paragraph('A note.')}</w:footnote></w:footnotes>"
    found = read(packed(document(paragraph("Words.")), **{"word/footnotes.xml": notes}), "a.docx")
    assert found.lines == ["paragraph: Words.", "paragraph: A note."]


def test_styles_that_are_based_on_each_other_in_a_circle_end(read: Reader) -> None:
    styles = (
        f'<w:styles {SPACE}><w:style w:styleId="A"><w:name w:val="a"/><w:basedOn w:val="B"/></w:style>'
        '<w:style w:styleId="B"><w:name w:val="b"/><w:basedOn w:val="A"/></w:style></w:styles>'
    )
    body = document('<w:p><w:pPr><w:pStyle w:val="A"/></w:pPr><w:r><w:t>Words.</w:t></w:r></w:p>')
    assert read(packed(body, **{"word/styles.xml": styles}), "a.docx").lines == ["paragraph: Words."]


def test_a_long_table_comes_in_parts_that_repeat_the_header(read: Reader) -> None:
    rows = "".join(f"<w:tr><w:tc>{paragraph(str(at))}</w:tc></w:tr>" for at in range(1200))
    found = read(packed(document(f"<w:tbl>{rows}</w:tbl>")), "a.docx")
    assert len(found.blocks) == 3
    assert all(block.text.startswith("| 0 |\n| --- |\n") for block in found.blocks)


def test_a_bomb_is_refused_by_what_it_declares(refusal: Refusal) -> None:
    bomb = packed(document(paragraph("x" * 50_000_000)))
    assert len(bomb) < 100_000
    assert refusal(bomb, "a.docx").code == "too_large"


def test_a_bomb_that_lies_about_its_size_is_stopped_while_it_unpacks(refusal: Refusal) -> None:
    bomb = bytearray(packed(document(paragraph("x" * 50_000_000))))
    size = struct.pack("<I", len(document(paragraph("x" * 50_000_000))))
    while (at := bomb.find(size)) >= 0:
        bomb[at : at + 4] = struct.pack("<I", 1_000)
    assert refusal(bytes(bomb), "a.docx").code in ("too_large", "corrupt")


def test_what_is_really_unpacked_is_counted(refusal: Refusal) -> None:
    content = packed(document(paragraph("words " * 200_000)))
    assert refusal(content, "a.docx", ParsingLimits(max_unpacked_bytes=1_000_000)).code == "too_large"


def test_too_many_members_are_refused(refusal: Refusal) -> None:
    content = packed(document(paragraph("x")), **{f"word/media/{at}": "" for at in range(60)})
    assert refusal(content, "a.docx", ParsingLimits(max_members=50)).code == "too_large"


def test_an_archive_inside_stays_closed(read: Reader) -> None:
    inner = packed(document(paragraph("y" * 3_000_000)))
    found = read(packed(document(paragraph("Words.")), **{"word/embeddings/a.docx": inner}), "a.docx")
    assert found.lines == ["paragraph: Words."]


LAUGHS = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>' + document(paragraph("&b;"))
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + document(paragraph("&x;"))


@pytest.mark.parametrize(
    "main",
    [LAUGHS, OUTSIDE, document("<w:p>") + "<", "<w:p" * 3, "<a>" * 2_000 + "</a>" * 2_000, b"\xff\xfe\x00broken"],
)
def test_dangerous_and_broken_xml_is_corrupt(refusal: Refusal, main: str | bytes) -> None:
    assert refusal(packed(main), "a.docx").code == "corrupt"


@pytest.mark.parametrize("cut", [30, -30])
def test_a_broken_archive_is_corrupt(refusal: Refusal, cut: int) -> None:
    assert refusal(packed(document(paragraph("Words." * 100)))[:cut], "a.docx").code == "corrupt"


def test_damaged_compressed_data_is_corrupt(refusal: Refusal) -> None:
    content = bytearray(packed(document(paragraph("Some words that are packed. " * 100))))
    at = content.find(b"word/document.xml") + 30
    content[at : at + 20] = b"\xff" * 20
    assert refusal(bytes(content), "a.docx").code == "corrupt"


def test_an_encrypted_member_is_encrypted(refusal: Refusal) -> None:
    content = bytearray(packed(document(paragraph("Words."))))
    at = 0
    while (at := content.find(b"PK\x01\x02", at)) >= 0:  # the flag in each entry of the list of contents
        content[at + 8] |= 1
        at += 4
    assert refusal(bytes(content), "a.docx").code == "encrypted"
