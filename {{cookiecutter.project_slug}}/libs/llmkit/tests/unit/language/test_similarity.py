import pytest

from llmkit.language.similarity import distance, is_slip, matches, other_words
from llmkit.language.words import words


def certainty(word, term):
    return matches(words(word)[0], frozenset({term})).get(term, 0)


def test_the_word_itself_is_certain():
    assert certainty("deleted", "delet") == 1


@pytest.mark.parametrize(
    ("word", "term"),
    [
        ("remove", "delet"),
        ("explanation", "explain"),
        ("waranty", "warranti"),
        ("unknown", "know"),
        ("recieve", "receiv"),
    ],
)
def test_a_synonym_a_derivation_or_a_slip_is_likely(word, term):
    assert 0.5 < certainty(word, term) < 1


@pytest.mark.parametrize(("word", "term"), [("port", "post"), ("cat", "car"), ("model", "hotel"), ("2023", "2024")])
def test_other_words_are_not_mistaken(word, term):
    assert certainty(word, term) == 0


def test_a_known_word_is_no_slip_of_another():
    found = matches(words("warranty")[0], frozenset({"warranti", "warrant"}))
    assert found["warranti"] == 1
    assert found.get("warrant", 0) < 1


def test_edits_are_counted_with_a_swap_as_one():
    assert distance("pirce", "price", 2) == 1
    assert distance("abc", "abc", 2) == 0
    assert distance("abcdef", "uvwxyz", 2) == 3


def test_swapped_letters_of_a_short_word_are_a_slip():
    assert is_slip("prot", "port")
    assert not is_slip("port", "part")


def test_synonyms_are_given_as_words():
    assert "remove" in other_words("delet")
    assert other_words("zebra") == ()
