"""A page of a document: turned over, marked, and harmless."""

import pytest
from fake_rag import FakeRag
from fake_service import Response, problem
from rag_samples import QUOTE
from streamlit.testing.v1 import AppTest

SCRIPT = """
from ui.sections.rag.viewer import show_page
show_page({id!r}, 2, {quotes!r})
"""


@pytest.fixture
def view(rag: FakeRag):
    def view(*quotes: str) -> AppTest:
        return AppTest.from_string(SCRIPT.format(id=rag.documents[0]["id"], quotes=quotes), default_timeout=20).run()

    return view


def body(page: AppTest) -> str:
    assert not page.exception
    return "".join(element.proto.body for element in page.get("html"))


def press(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click().run()
    return page


def test_the_quote_is_marked_on_its_page_and_nowhere_else(view) -> None:
    at = view(QUOTE)
    assert "<mark" in body(at)
    press(at, "Next")
    assert "Outlook" in body(at)
    assert "<mark" not in body(at)
    press(at, "Previous")
    assert "<mark" in body(at)


def test_there_is_no_page_beyond_the_ends(view) -> None:
    at = press(view(), "Previous")
    assert next(button for button in at.button if button.label == "Previous").disabled
    press(press(at, "Next"), "Next")
    assert next(button for button in at.button if button.label == "Next").disabled


def test_a_quote_that_is_not_found_is_shown_below(view) -> None:
    at = view("Words that stand nowhere")
    assert at.caption[0].value == "Cited: Words that stand nowhere"


def test_an_empty_page_says_so(rag: FakeRag, view) -> None:
    blank = {"document_id": "1", "document_name": "scan.pdf", "page": 2, "pages": 3, "text": "  "}
    rag.fail("GET", "/v1/documents/.*", Response(200, blank))
    assert view().info[0].value == "This page holds no text."


def test_a_table_is_shown_as_one_with_the_quote_marked_in_its_cells(rag: FakeRag, view) -> None:
    table = "Revenue\n\n| Year | Revenue |\n| --- | --- |\n| 2025 | 4.2 |"
    shown = {"document_id": rag.documents[0]["id"], "document_name": "a.pdf", "page": 2, "pages": 3, "text": table}
    rag.fail("GET", "/v1/documents/.*", Response(200, shown))
    assert '<td><mark id="quote">2025</mark></td><td><mark>4.2</mark></td>' in body(view("| 2025 | 4.2 |"))


def test_a_document_that_is_gone_is_explained(rag: FakeRag, view) -> None:
    rag.fail("GET", "/v1/documents/.*", problem(404, "document_not_found", "There is no such document."))
    at = view()
    assert "There is no such document" in at.error[0].value
