"""Figures read well, and foreign text stays text."""

from datetime import UTC, datetime, timedelta

import pytest

from ui.widgets import formats


@pytest.mark.parametrize(
    ("octets", "shown"), [(0, "0 B"), (912, "912 B"), (1536, "1.5 KB"), (88_000, "86 KB"), (3 * 1024**3, "3.0 GB")]
)
def test_sizes(octets: int, shown: str) -> None:
    assert formats.size(octets) == shown


@pytest.mark.parametrize(
    ("dollars", "shown"),
    [
        (0, "$0"),
        (0.00001, "<$0.0001"),
        (0.000412, "$0.0004"),
        (0.05, "$0.05"),
        (1234.5, "$1,234.50"),
    ],
)
def test_money_keeps_the_digits_that_say_something(dollars: float, shown: str) -> None:
    assert formats.money(dollars) == shown


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(days=2), "2 d ago"),
        (timedelta(days=20), "06 Nov 2026"),
        (timedelta(seconds=-9), "just now"),  # clocks differ
    ],
)
def test_ages(age: timedelta, shown: str) -> None:
    now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    assert formats.ago(now - age, now) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.00004, "4.0e-05"), (0.9, "0.9"), (0.96667, "0.967"), (0, "0"), (12345.6, "12,346")]
)
def test_measures(value: float, shown: str) -> None:
    assert formats.figure(value) == shown


def test_counts_and_durations() -> None:
    assert formats.count(1, "page") == "1 page"
    assert formats.count(12345, "page") == "12,345 pages"
    assert [text.replace("\N{NO-BREAK SPACE}", " ") for text in map(formats.milliseconds, (93.1, 1500))] == [
        "93 ms",
        "1.5 s",
    ]


def test_a_name_cannot_format_the_page() -> None:
    assert formats.plain("**bold**\n# [x](http://evil)") == r"\*\*bold\*\* \# \[x\]\(http\:\/\/evil\)".replace(
        r"\/", "/"
    )


def test_an_answer_stays_text_where_streamlit_would_do_more() -> None:
    text = "It cost $4 to $5. ![x](http://evil/leak) :red[danger] :material/home: **fine** at 10:30"
    assert formats.harmless(text) == (
        r"It cost \$4 to \$5. !\[x](http://evil/leak) \:red[danger] \:material/home: **fine** at 10:30"
    )
