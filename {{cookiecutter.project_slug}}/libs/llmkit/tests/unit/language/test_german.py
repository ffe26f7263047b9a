import pytest

from llmkit.language.german import asks_in_german, is_german, parts_in, without_little
from llmkit.language.words import terms, words


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


@pytest.mark.parametrize(
    ("compound", "text", "expected"),
    [
        ("Kündigungsfrist", "Die Frist für die Kündigung beträgt drei Monate.", ["kündigung", "frist"]),
        ("Jahreskarte", "Die Karte gilt ein Jahr.", ["jahr", "kart"]),
        ("Jahreskarte", "Eine Monatskarte gilt einen Monat.", []),
        ("Kündigungsfrist", "Die Kündigungsfrist und die Frist der Kündigung.", []),
        ("Frist", "Die Frist.", []),
    ],
)
def test_a_compound_is_its_two_words_where_only_they_stand(compound, text, expected):
    (word,) = words(compound)
    assert [part.stem for part in parts_in(word, frozenset(terms(text)))] == expected


def test_the_language_of_an_answer_is_that_of_the_question():
    assert asks_in_german("Was kostet eine Einzelfahrkarte?")
    assert not asks_in_german("What does a single ticket cost?")
    assert not asks_in_german("Combien coûte un billet ?")
