"""Passages that say the same twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.duplicates import SAME, SeenTexts

PAGE = "The pump starts when the level in the tank falls below 40 % and stops at 85 %. Check the valve once a year."
TEXTS = st.lists(st.sampled_from(["the", "Pump,", "pump", "4", "40", "valve.", "A-4", "½", "x²", "—"]), max_size=12)


@pytest.mark.parametrize(
    "other",
    [
        PAGE,
        PAGE.upper(),
        PAGE.replace(". ", " \u2014 "),
        PAGE.replace("once a year", "once per year"),
        f"{PAGE} {PAGE}",
    ],
)
def test_what_says_the_same_is_taken_once(other: str) -> None:
    seen = SeenTexts()
    assert seen.is_new(PAGE)
    assert not seen.is_new(other)


@pytest.mark.parametrize(
    "other",
    [
        PAGE.replace("40", "45"),
        PAGE.replace("40 %", "4 and 0 %"),
        "Something else with 40 and 85.",
        f"{PAGE} The alarm of the upper tank is another matter, and so are its sensors.",
    ],
)
def test_other_numbers_or_more_words_are_news(other: str) -> None:
    seen = SeenTexts()
    assert seen.is_new(PAGE)
    assert seen.is_new(other)
    assert not seen.is_new(other)


@given(TEXTS, TEXTS)
def test_the_short_way_finds_what_the_long_one_does(first: list[str], second: list[str]) -> None:
    seen = SeenTexts()
    seen.is_new(" ".join(first))
    one, other = ({word.strip(",.—").replace("-", " ").casefold() for word in each} - {""} for each in (first, second))
    words, others = (frozenset(" ".join(each).split()) for each in (one, other))
    same = {word for word in words if not word.isalpha()} == {word for word in others if not word.isalpha()}
    alike = words == others if not words or not others else len(words & others) >= SAME * len(words | others)
    assert seen.is_new(" ".join(second)) is not (same and alike)
