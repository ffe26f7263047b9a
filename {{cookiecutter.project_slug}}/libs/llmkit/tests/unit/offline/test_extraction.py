import pytest

from llmkit.language.words import content, stem
from llmkit.offline.evidence import Corpus
from llmkit.offline.extraction import number_near, short_text
from llmkit.offline.questions import Kind, Part
from llmkit.offline.request import SourcePassage


def first(text):
    return Corpus([SourcePassage("1", "", text)]).places[0]


def field(name):
    return Part(name, Kind.OTHER, tuple(content(name)))


TABLE = "| figure | 2024 | 2023 |\n| --- | --- | --- |\n| Revenue | 4,312 | 3,850 |"


def test_the_column_that_is_asked_for_gives_the_number():
    assert number_near(first(TABLE), field("revenue"), {"2023"}) == 3850
    assert number_near(first(TABLE), field("revenue"), set()) == 4312


def test_the_number_behind_the_word_is_its_number():
    text = "It had revenue of 5 and a profit of 2 million in 2023."
    assert number_near(first(text), field("revenue"), {"2023"}) == 5
    assert number_near(first(text), field("profit"), {"2023"}) == 2_000_000
    assert number_near(first(text), field("height"), {"2023"}) == 5


def test_without_a_number_there_is_none():
    assert number_near(first("No figures are given."), field("revenue"), set()) is None


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("Weight: 9.6 kg.", "weight", "9.6 kg"),
        ("The capital is Oslo, in the south.", "capital", "Oslo"),
        ("It was led by Dr. Ada King for years.", "director", "Dr. Ada King"),
        ("The mode `strict` decides.", "setting", "strict"),
        ("Nothing can be cut out here.", "colour", "Nothing can be cut out here."),
        (TABLE, "2023", "3,850"),
        (TABLE, "revenue", "4,312"),
    ],
)
def test_a_value_is_the_shortest_piece_that_says_it(text, name, expected):
    assert short_text(first(text), field(name)) == expected


def test_fields_are_compared_by_their_stems():
    assert field("dividends").words[0].stem == stem("dividend")
