import pytest

from llmkit.language.german import is_german, without_little
from llmkit.language.words import words


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Wie lange werden Fundsachen aufbewahrt?", True),
        ("Was kostet eine Einzelfahrkarte?", True),
        ("Was the boiler replaced?", False),
        ("Who directed Das Boot?", False),
        ("At what temperature is the die cast?", False),
        ("Fundsachen", False),
    ],
)
def test_german_is_known_by_its_small_words(question, expected):
    assert is_german(words(question)) is expected


def test_words_without_content_are_left_out():
    found = without_little(words("Wie hoch ist der pH-Wert des Moorwassers?"))
    assert [word.raw for word in found] == ["pH-Wert", "Moorwassers"]
