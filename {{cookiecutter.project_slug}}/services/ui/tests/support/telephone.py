"""A page on a telephone: nothing is wider than the screen, and the page says what it is."""

from chromium import Page

WIDTH, HEIGHT = 390, 844
VISIBLE_PLOTS = "[...document.querySelectorAll('[data-testid=stVegaLiteChart]')].filter(plot => plot.offsetParent)"


def assert_fits(browser: Page, url: str, heading: str, last: str) -> None:
    """Open a page, and look at it once a text that stands far down has come and all plots are drawn."""
    browser.size(WIDTH, HEIGHT)
    browser.open(url)
    browser.see(last)
    browser.settle()
    browser.wait(f"{VISIBLE_PLOTS}.every(plot => plot.querySelector('svg'))")
    assert browser.heads(heading), f"{url}: its heading is not in sight"
    assert browser.fits(), f"{url}: it is wider than the screen"
