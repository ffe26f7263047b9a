import pytest

from llmkit.language.words import stem
from llmkit.offline.measures import is_measured


@pytest.mark.parametrize(
    ("word", "text", "measured"),
    [
        ("speed", "It drives at 1,200.5 km/h.", True),
        ("speed", "The pump makes 30 strokes per minute.", True),
        ("speed", "It needs 30 minutes.", False),
        ("weight", "It carries up to 12.5kg.", True),
        ("weight", "It carries 12 boxes.", False),
        ("colour", "12 km/h", False),
    ],
)
def test_a_number_with_a_unit_measures_what_the_unit_is_for(word: str, text: str, measured: bool) -> None:
    assert is_measured(stem(word), text) is measured


def test_a_number_of_thousands_of_digits_is_looked_at_once() -> None:
    assert not is_measured(stem("speed"), "1" * 10_000)
