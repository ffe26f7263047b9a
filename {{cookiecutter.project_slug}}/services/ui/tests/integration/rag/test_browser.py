"""A person with a browser: uploads, asks, reads the source, comes back later, and does it all again on a telephone."""

import time
from pathlib import Path

import pytest
from chromium import NEEDED, PATIENCE, Page
from fake_rag import FakeRag
from fake_service import Response
from rag_samples import QUOTE

pytestmark = NEEDED
ENTER, ESCAPE = ("Enter", 13, "\r"), ("Escape", 27)


def ask(page: Page, question: str) -> None:
    page.settle()
    page.type("[data-testid=stChatInput] textarea", question)
    page.press(*ENTER)


def upload(page: Page, file: Path) -> None:
    page.attach("input[type=file]", file)
    page.see(file.name)
    page.click("button", "Add to the library")


@pytest.mark.parametrize("width", [1280, 390], ids=["desktop", "phone"])
def test_upload_ask_read_the_source_and_come_back(
    rag: FakeRag, address: str, browser: Page, tmp_path: Path, width: int
) -> None:
    rag.documents.clear()
    rag.reading_seconds = 3600
    rag.may_end.clear()
    report = tmp_path / "report-2025.txt"
    report.write_text("Revenue grew to $4.2 million in 2025.", encoding="utf-8")
    browser.size(width, 844)

    browser.open(f"{address}/documents")
    browser.see("The library is empty")
    upload(browser, report)
    browser.see("being read")
    rag.reading_seconds = 0.001
    browser.see("ready")
    assert browser.fits()

    browser.open(f"{address}/ask")
    browser.see("What would you like to know?")
    ask(browser, "What was the revenue?")
    browser.see("Reading 1 passage")
    browser.see("was $4.2 million")
    assert "doubled [1]" not in browser.text()  # it is still being written
    rag.may_end.set()
    browser.see("doubled [1].")
    browser.see("about 1,248 tokens")
    assert browser.fits()

    browser.click("[class*=st-key-source-] button", "report-2025.txt")
    browser.see("Page 2 of 3")
    marked = browser.wait("document.querySelector('mark')?.innerText")
    assert marked.startswith("Revenue grew to $4.2 million")
    browser.press(*ESCAPE)
    browser.wait("!document.querySelector('[role=dialog]')")

    thread = browser.run("location.search")
    assert thread == f"?thread={next(iter(rag.conversations))}"
    browser.reload()
    browser.see("doubled [1].")
    assert browser.run("location.search") == thread
    ask(browser, "And the costs?")
    browser.see("2 answers")
    assert len(rag.conversations) == 1
    assert {url.split("/")[2] for url in browser.asked if url.startswith("http")} == {address.removeprefix("http://")}
    assert not [line for line in browser.complaints if "Content Security Policy" in line]


@pytest.mark.parametrize("form", ["{}", "| Note | Year |\n| --- | --- |\n| {} | 2025 |"], ids=["text", "table"])
def test_the_cited_words_are_in_sight_however_far_down_the_page(
    rag: FakeRag, address: str, browser: Page, form: str
) -> None:
    thread = rag.begin("Revenue", "What was the revenue?")
    text = "Some other line.\n" * 100 + form.format(QUOTE)
    page = {"document_id": "1", "document_name": "report-2025.pdf", "page": 2, "pages": 3, "text": text}
    rag.fail("GET", "/v1/documents/.*/pages/.*", Response(200, page))
    browser.size(1280, 844)
    browser.open(f"{address}/ask?thread={thread}")
    browser.click("[class*=st-key-source-] button", "p. 2")
    browser.see("Page 2 of 3")
    browser.wait(
        "(([mark, frame]) => mark && frame && mark.top >= frame.top && mark.bottom <= frame.bottom)("
        "['mark', '.st-key-page-text'].map(part => document.querySelector(part)?.getBoundingClientRect()))"
    )
    assert browser.run("document.querySelectorAll('.page-text td > mark').length") == form.count("2025")


def test_stopping_an_answer_ends_the_work_on_it(rag: FakeRag, address: str, browser: Page) -> None:
    rag.may_end.clear()
    browser.size(1280, 844)
    browser.open(f"{address}/ask")
    ask(browser, "What was the revenue?")
    browser.see("was $4.2 million")
    browser.click("[data-testid=stChatInput] button", at_once=True)
    ends = time.monotonic() + PATIENCE
    while not rag.closed_streams and time.monotonic() < ends:
        time.sleep(0.1)
    assert rag.closed_streams == 1


def test_a_service_that_goes_away_and_comes_back(rag: FakeRag, address: str, browser: Page) -> None:
    thread = rag.begin("Revenue", "What was the revenue?")
    browser.size(1280, 844)
    rag.refusing = True
    browser.open(f"{address}/ask?thread={thread}")
    browser.see("broke off the connection")
    rag.refusing = False
    browser.click("button", "Try again")
    browser.see("doubled [1].")


def test_a_conversation_is_downloaded_as_it_was_said(rag: FakeRag, address: str, browser: Page, tmp_path: Path) -> None:
    thread = rag.begin("Revenue", "What was the revenue?")
    browser.size(1280, 844)
    browser.open(f"{address}/ask?thread={thread}")
    browser.click(".st-key-thread-menu button")
    folder = tmp_path / "downloads"
    text = browser.download(folder, "[data-testid=stDownloadButton] button", "Markdown").decode()
    assert text.startswith("# Revenue\n\nWhat was the revenue?\n\nRevenue was **$4.2 million** in 2025")
    assert [file.name for file in folder.iterdir()] == ["conversation.md"]


def test_who_comes_by_a_shared_link_sees_no_other_page(rag: FakeRag, address: str, browser: Page) -> None:
    thread = rag.begin("Revenue", "What was the revenue?")
    menu = "[...document.querySelectorAll('[data-testid=stSidebarNav] a')].map(entry => entry.innerText.trim())"
    browser.size(1280, 844)
    browser.open(f"{address}/ask?thread={thread}")
    browser.wait(f"{menu}.some(entry => entry.includes('Usage'))")
    for path, shown in ((f"shared?token={rag.share(thread)['token']}", "doubled [1]."), ("shared", "incomplete")):
        browser.open(f"{address}/{path}")
        browser.see(shown)
        browser.settle()
        assert browser.run(menu) == []
        assert not browser.run("document.querySelector('[data-testid=stSidebar] a, [data-testid=stMain] a[href]')")
