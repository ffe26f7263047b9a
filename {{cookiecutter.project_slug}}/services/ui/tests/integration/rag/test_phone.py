"""Every page on a telephone."""

from chromium import NEEDED, Page
from fake_rag import FakeRag
from telephone import assert_fits

pytestmark = NEEDED


def test_every_page_fits_a_telephone(rag: FakeRag, address: str, browser: Page) -> None:
    thread = rag.begin("What the annual report of 2025 says about revenue", "What was the revenue?")
    token, evaluation = rag.share(thread)["token"], rag.evaluations[0]["id"]
    for path, heading, last in (
        ("", "AI platform", "the stop switch"),
        (f"ask?thread={thread}", "What the annual report", "about 1,248 tokens"),
        ("documents", "Library", "secret.pdf"),
        ("evaluations", "Evaluation", "failed"),
        (f"evaluations?evaluation={evaluation}", "Evaluation", "By kind of question"),
        ("usage", "Usage", "Stop all calls"),
        (f"shared?token={token}", "What the annual report", "because subscriptions doubled"),
    ):
        assert_fits(browser, f"{address}/{path}", heading, last)
