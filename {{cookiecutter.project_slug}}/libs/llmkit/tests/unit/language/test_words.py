import pytest

from llmkit.language.words import content, stem, terms, words


def test_a_compound_gives_itself_and_its_parts():
    assert terms("HTTP__PORT") == ["http__port", "http", "port"]
    assert {"noun/errors.py", "errors.py", "error"} <= set(terms("NOUN/errors.py"))
    assert terms("JobsWaitTooLong")[0] == "jobswaittoolong"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("deletes", "deletion"),
        ("written", "wrote"),
        ("women", "woman"),
        ("configured", "configuration"),
        ("days", "day"),
    ],
)
def test_forms_of_one_word_have_one_stem(one, other):
    assert stem(one) == stem(other)


def test_numbers_stay_as_they_are_without_their_commas():
    assert terms("18,450 people in 2.5 hours") == ["18450", stem("people"), "2.5", "hour"]


def test_a_possessive_is_its_owner():
    assert terms("the service's owner") == terms("service owner")
    assert terms("the service\u2019s owner") == terms("service owner")


def test_words_weigh_what_they_say():
    weights = {word.plain: word.weight for word in words("The thing that Redis costs is installed and encrypted")}
    assert weights["the"] == 0
    assert weights["thing"] < weights["installed"] < weights["encrypted"] < weights["redis"]


def test_content_names_each_word_once_and_in_order():
    assert [word.raw for word in content("Which port does the port of Redis listen on?")] == ["port", "Redis", "listen"]


def test_a_word_knows_where_it_stands():
    text = "all keys, and AUTH__KEY"
    assert [text[word.start : word.start + len(word.raw)] for word in words(text)] == [
        "all",
        "keys",
        "and",
        "AUTH__KEY",
    ]


def test_text_without_words_gives_none():
    assert terms("— … !!") == []
    assert terms("") == []


def test_lone_underscores_are_no_words() -> None:
    assert [word.raw for word in words("_ a_b __ c")] == ["a_b", "c"]
