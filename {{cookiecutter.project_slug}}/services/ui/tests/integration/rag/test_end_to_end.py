"""The pages and the real service together in a browser: nothing is faked, and the offline model answers."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import NEEDED, Page
from fake_service import KEY
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from serving import serving

pytestmark = NEEDED
ENTER, ESCAPE = ("Enter", 13, "\r"), ("Escape", 27)
PAGES = ("The office opens at 08:30 in the morning.", "Every employee gets 28 days of holiday in a year.")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Serve the pages over the service, which has a new folder of data."""
    (tmp_path / "data").mkdir()
    environment = {"ENVIRONMENT": "test", "DATA_DIR": str(tmp_path / "data"), "AUTH__DEVELOPMENT_KEY": KEY}
    migrate = [sys.executable, "-m", "rag", "migrate"]
    subprocess.run(migrate, cwd=tmp_path, env=os.environ | environment, check=True, timeout=120, capture_output=True)
    with serving("rag", tmp_path, **environment) as service, serving(RAG_URL=service, RAG_KEY=KEY) as pages:
        yield pages


@pytest.fixture
def handbook(tmp_path: Path) -> Path:
    """A PDF of two pages."""
    path = tmp_path / "handbook.pdf"
    canvas = Canvas(str(path), pagesize=A4)
    for text in PAGES:
        canvas.drawString(72, 700, text)
        canvas.showPage()
    canvas.save()
    return path


def test_a_document_is_uploaded_asked_and_read_and_the_conversation_stays(
    address: str, browser: Page, handbook: Path
) -> None:
    browser.size(1280, 844)
    browser.open(f"{address}/documents")
    browser.see("The library is empty")
    browser.attach("input[type=file]", handbook)
    browser.see(handbook.name)
    browser.click("button", "Add to the library")
    browser.see("ready")

    browser.open(f"{address}/ask")
    browser.settle()
    browser.type("[data-testid=stChatInput] textarea", "How many days of holiday does an employee get?")
    browser.press(*ENTER)
    browser.see("28 days of holiday")
    browser.click("[class*=st-key-source-] button", handbook.name)
    browser.see("Page 2 of 2")
    assert "28 days" in browser.wait("document.querySelector('mark')?.innerText")
    browser.press(*ESCAPE)
    browser.wait("!document.querySelector('[role=dialog]')")

    thread = browser.run("location.search")
    browser.reload()
    browser.see("28 days of holiday")
    assert browser.run("location.search") == thread != ""
