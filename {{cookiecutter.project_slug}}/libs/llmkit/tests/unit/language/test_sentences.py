import pytest

from llmkit.language.sentences import sentences


def test_sentences_end_where_people_end_them():
    text = "It runs. Does it stop? Yes! See `make down`. `make up` starts it."
    assert sentences(text) == ["It runs.", "Does it stop?", "Yes!", "See `make down`.", "`make up` starts it."]


@pytest.mark.parametrize(
    "text",
    [
        "Use a tool, e.g. Make, to build it.",
        "Dr. Smith and J. Miller wrote it.",
        "It costs approx. 4.5 Mio. euros",
        "See fig. 3 and No. 7 of it.",
        "Version 1.2 is out, v2.0 is not.",
    ],
)
def test_abbreviations_and_numbers_do_not_end_a_sentence(text):
    assert sentences(text) == [text]


def test_nothing_is_lost_but_white_space():
    text = "One  line\nbroken. Another (in brackets.) one:\n\tdone"
    assert " ".join(sentences(text)) == " ".join(text.split())


def test_full_stops_of_chinese_end_sentences():
    assert sentences("第一句。第二句。") == ["第一句。", "第二句。"]


def test_nothing_has_no_sentences():
    assert sentences("  \n ") == []
