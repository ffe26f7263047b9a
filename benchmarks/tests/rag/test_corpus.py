import json
from pathlib import Path

import pypdfium2

from bench.rag.pdfs import write_manual, write_questions
from bench.rag.words import questions, write_library


def page_texts(path: Path) -> list[str]:
    document = pypdfium2.PdfDocument(path)
    try:
        return [page.get_textpage().get_text_range().replace("\r\n", " ") for page in document]
    finally:
        document.close()


def test_a_manual_is_the_same_every_time_and_another_with_another_seed(tmp_path: Path) -> None:
    names = ("a.pdf", "b.pdf", "c.pdf")
    first, second, third = (write_manual(tmp_path / name, 4, seed) for name, seed in zip(names, (1, 1, 2), strict=True))
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    assert [fact.sentence for fact in first] == [fact.sentence for fact in second]
    assert [fact.sentence for fact in first] != [fact.sentence for fact in third]


def test_each_fact_stands_on_its_page_alone(tmp_path: Path) -> None:
    facts = write_manual(tmp_path / "a.pdf", 6, 1)
    texts = page_texts(tmp_path / "a.pdf")
    assert [fact.page for fact in facts] == [1, 2, 3, 4, 5, 6]
    for fact in facts:
        assert [fact.sentence in text for text in texts] == [number == fact.page for number in range(1, 7)]


def test_questions_name_document_and_page(tmp_path: Path) -> None:
    facts = write_manual(tmp_path / "a.pdf", 6, 1)
    write_questions(tmp_path / "asked.jsonl", facts, 4, seed=1)
    cases = [json.loads(line) for line in (tmp_path / "asked.jsonl").read_text().splitlines()]
    assert len(cases) == 4
    by_unit = {fact.unit.lower(): fact for fact in facts}
    assert all(case["page"] == by_unit[case["id"]].page and case["document"] == "a.pdf" for case in cases)


def test_a_library_has_as_many_sections_as_wanted(tmp_path: Path) -> None:
    write_library(tmp_path / "library", 1200, seed=1)
    texts = [path.read_text() for path in sorted((tmp_path / "library").iterdir())]
    assert [text.count("\n## ") for text in texts] == [1000, 200]
    assert questions(3, seed=1) == questions(3, seed=1)
