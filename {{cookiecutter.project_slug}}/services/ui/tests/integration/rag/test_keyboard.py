"""A person without a mouse: asks, opens a citation, turns pages, and begins a new conversation."""

import time

from chromium import NEEDED, Page
from fake_rag import FakeRag

pytestmark = NEEDED
TAB, ENTER, ESCAPE = ("Tab", 9), ("Enter", 13, "\r"), ("Escape", 27)
LEFT, RIGHT = ("ArrowLeft", 37), ("ArrowRight", 39)
CTRL_SHIFT = 2 + 8  # as the debugging protocol counts them
MOST_TABS = 80


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until an element that fits has the focus."""
    for _ in range(MOST_TABS):
        page.press(*TAB)
        if page.run(f"!!document.activeElement.closest('{selector}')"):
            return
    raise AssertionError(f"Tab never comes to {selector}")


def read_a_conversation(rag: FakeRag, address: str, page: Page) -> None:
    thread = rag.begin("Revenue", "What was the revenue?")
    page.size(1280, 844)
    page.open(f"{address}/ask?thread={thread}")
    page.see("about 1,248 tokens")
    page.settle()


def test_a_citation_is_reached_opened_turned_over_and_closed(rag: FakeRag, address: str, browser: Page) -> None:
    read_a_conversation(rag, address, browser)
    tab_to(browser, "[class*=st-key-source-] button")
    browser.press(*ENTER)
    browser.see("Page 2 of 3")
    browser.settle()
    browser.press(*RIGHT)
    browser.see("Page 3 of 3")
    browser.settle()
    browser.press(*RIGHT)  # there is no page 4
    time.sleep(0.5)
    browser.settle()
    assert "Page 3 of 3" in browser.text()
    browser.press(*LEFT)
    browser.see("Page 2 of 3")
    browser.press(*ESCAPE)
    browser.wait("!document.querySelector('[role=dialog]')")


def test_a_new_conversation_is_begun_while_another_is_read(rag: FakeRag, address: str, browser: Page) -> None:
    read_a_conversation(rag, address, browser)
    browser.press("O", 79, name="KeyO", held=CTRL_SHIFT)
    browser.see("What would you like to know?")
    assert "thread=" not in browser.run("location.search")
    browser.settle()
    tab_to(browser, "[data-testid=stChatInput] textarea")
    browser.call("Input.insertText", text="And the costs?")
    browser.press(*ENTER)
    browser.see("doubled [1].")
    assert len(rag.conversations) == 2
