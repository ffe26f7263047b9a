"""Every page on a telephone."""

from chromium import NEEDED, Page
from fake_prediction import FakePrediction
from telephone import assert_fits

pytestmark = NEEDED
LETTERS = 14  # pixels
TOPS = (
    "['length', 'width'].map(name => [...document.querySelectorAll('[data-testid=stVegaLiteChart] svg text')]"
    ".find(text => text.textContent === name)?.getBoundingClientRect().y)"
)


def test_every_page_fits_a_telephone(models: FakePrediction, address: str, browser: Page) -> None:
    models.jobs[0]["kind"] = "a.kind.of.work.whose.name.is.long"
    for path, heading, last in (
        ("try_model?model=rents", "Try a model", "Predict rent"),
        ("versions", "Versions", "Metric over the versions"),
        ("jobs", "Jobs", "The data set was deleted"),
        ("drift", "Drift", "Earlier checks"),
    ):
        assert_fits(browser, f"{address}/{path}", heading, last)
    first, second = browser.run(TOPS)
    assert second - first >= LETTERS, "the rows of the plot lie over each other"
