import pytest

from llmkit.offline.request import Turn
from llmkit.offline.rewriting import condense, hypothetical, title, topic_of, variants

DRIFT = (Turn("How does the drift check of the prediction service work?", "It compares."),)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How long does it take?", "How long does the drift check take?"),
        ("Who made this?", "Who made the drift check?"),
        ("And what is its default interval?", "What is the drift check's default interval?"),
        ("What about Redis?", "How does Redis of the prediction service work?"),
        ("And in 2023?", "How does the drift check of the prediction service work in 2023?"),
        ("Why?", "Why: How does the drift check of the prediction service work?"),
        ("More details?", "More details (the drift check)?"),
    ],
)
def test_a_follow_up_is_made_standalone(question, expected):
    assert condense(question, DRIFT) == expected


@pytest.mark.parametrize(
    "question",
    ["Which port does the API listen on?", "Who wrote the file that opens first?", "Where is this machine located?"],
)
def test_a_question_that_stands_alone_is_left_alone(question):
    assert condense(question, DRIFT) == question


def test_without_history_only_politeness_goes():
    assert condense("Could you please tell me what it is?", ()) == "What it is?"


def test_follow_ups_of_follow_ups_are_resolved_from_the_first_on():
    history = (Turn("What is the spool?"), Turn("Where is it kept?"))
    assert condense("How large may it become?", history) == "How large may the spool become?"


def test_another_year_replaces_the_one_before():
    assert condense("And in 2022?", (Turn("What was the profit in 2023?"),)) == "What was the profit in 2022?"


def test_which_one_says_the_noun_again():
    history = (Turn("Which status does a request without a key get?"),)
    assert condense("And which one if the scope is missing?", history) == "Which status if the scope is missing?"
    assert condense("Which one is it?", (Turn("Where is the blue door?"),)).endswith("(the blue door)?")


def test_an_owner_in_the_plural_has_its_apostrophe():
    assert (
        condense("How do I delete its data?", (Turn("How do I stop the containers?"),))
        == "How do I delete the containers' data?"
    )


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("What does `make dev` do?", "`make dev`"),
        ("When was Rafael Ortega appointed?", "Rafael Ortega"),
        ("How long is the parental leave?", "the parental leave"),
        ("Are dividends paid?", "dividends"),
        ("", ""),
    ],
)
def test_the_topic_is_a_name_or_a_noun(question, topic):
    assert topic_of(question) == topic


def test_variants_are_key_words_other_words_and_parts():
    found = variants("How do I delete a backup and who may restore it?")
    assert found[0] == "delete backup restore"
    assert "remove" in found[1]
    assert found[2] == "who may restore it"
    assert variants("What happens when Redis is away?")[2] == "happens when Redis is away"


def test_a_hypothetical_sentence_holds_the_words_of_the_question():
    assert {"key", "cached"} <= set(
        hypothetical("How long is a key cached?").lower().rstrip(".").replace(":", "").split()
    )
    assert hypothetical("And?").endswith(".")


def test_a_title_is_the_question_as_far_as_there_is_room():
    long = "What happens to running jobs when the worker of the second queue is killed during the nightly backup?"
    assert title(long) == "What happens to running jobs when the worker of the second …"
    assert title("how do I stop it?")[0].isupper()
    assert title("???") == "Conversation"
    assert title("please tell me who discovered penicillin?") == "Who discovered penicillin"
