"""Which words of a passage a sentence stands on, and when it stands on none."""

import pytest

from rag.answering.quoting import LONGEST_QUOTE, Claim, QuotablePassage, Quote
from rag.retrieval.passages import Piece

TEXT = """The service listens on port 8002. A job whose worker dies is tried again after sixty seconds.

Uploads may have 100 megabytes at most. Employees get 25 days of holiday a year."""


@pytest.fixture
def quote(make_passage):
    def quote(claim: str, text: str = TEXT, question: str = "", **rest: object) -> Quote | None:
        return QuotablePassage(make_passage(text, **rest)).quote(Claim.of(claim, question), 0.5)

    return quote


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("The port is 8002", "The service listens on port 8002."),
        ("A job is retried when its worker has died", "A job whose worker dies is tried again after sixty seconds."),
        ("Staff get 25 holidays per year", "Employees get 25 days of holiday a year."),
        ("Uplaods have 100 megabytes at most", "Uploads may have 100 megabytes at most."),
        ("1. Uploads: at most 100 megabytes", "Uploads may have 100 megabytes at most."),
    ],
)
def test_finds_the_sentence_that_says_it(claim: str, expected: str, quote) -> None:
    found = quote(claim)
    assert found is not None
    assert found.text == expected
    assert 0.5 <= found.support <= 1


@pytest.mark.parametrize(
    "claim",
    [
        "The moon is made of cheese",
        "The service listens on port 9000",  # every word but the number
        "Employees get 30 days of holiday a year",
        "The capital of France is Paris",
    ],
)
def test_does_not_find_what_is_not_there(claim: str, quote) -> None:
    assert quote(claim) is None


def test_words_of_the_question_do_not_support_an_invented_answer(quote) -> None:
    question = "On which address does the service listen when a worker dies?"
    assert quote("The service listens, when a worker dies, on the lighthouse", question=question) is None


def test_a_number_of_the_question_need_not_stand_in_the_passage(quote) -> None:
    assert quote("In 2024 employees get 25 days of holiday", question="How many holidays in 2024?") is not None


def test_an_answer_of_one_word_claims_what_was_asked(quote) -> None:
    assert quote("Yes", question="Do employees get holidays every year?") is not None
    assert quote("Yes", question="Is the moon made of cheese?") is None


def test_a_quote_may_span_sentences_but_not_more_than_it_needs(quote) -> None:
    both = quote("The service on port 8002 tries jobs of dead workers again after sixty seconds")
    assert both.text == TEXT.split("\n\n")[0]
    one = quote("The service listens on port 8002")
    assert one.text == "The service listens on port 8002."


def test_headings_help_a_table_row_that_does_not_repeat_them(quote) -> None:
    table = "| year | amount |\n| --- | --- |\n| 2023 | 17 million |\n| 2024 | 19 million |"
    found = quote("The revenue of Acme in 2024 was 19 million", table, heading=("Acme", "Revenue"))
    assert found is not None
    assert found.text == "| 2024 | 19 million |"


def test_a_quote_is_an_exact_part_of_the_text(quote) -> None:
    for claim in ("port 8002", "uploads of 100 megabytes", "sixty seconds after the worker dies"):
        assert quote(claim).text in TEXT


def test_a_long_quote_is_cut_between_words(quote) -> None:
    text = "holiday " * 200
    found = quote("holiday", text)
    assert len(found.text) <= LONGEST_QUOTE
    assert found.text.endswith("holiday")


def test_a_quote_knows_the_page_of_its_piece(quote) -> None:
    pieces = (
        Piece(3, 7, "The service listens on port 8002."),
        Piece(4, 8, "Employees get 25 days of holiday a year."),
    )
    found = quote("Holiday: 25 days a year", "\n".join(piece.text for piece in pieces), pieces=pieces, page=7)
    assert (found.ordinal, found.page) == (4, 8)


@pytest.mark.parametrize(("begins", "page"), [(390, 5), (400, 5), (410, 4)])
def test_a_quote_from_a_piece_of_several_pages_knows_the_page_that_it_begins_on(quote, begins: int, page: int) -> None:
    text = "Filler. " * 50 + "The secret port is 8002. " + "Other filler. " * 50
    found = quote("The secret port is 8002", text, pieces=(Piece(0, 4, text, (begins, 700)),))
    assert text.index(found.text) == 400
    assert found.page == page


def test_a_compound_is_found_by_its_parts(quote) -> None:
    assert quote("HTTP port settings", "Set the port of HTTP in the settings.") is not None


def test_a_row_far_below_the_header_of_its_table_is_quoted_alone(quote) -> None:
    rows = "\n".join(f"| Segment {letter} | {at}1.5 | {at}2.5 |" for at, letter in enumerate("ABCDEFG", start=1))
    header = "| Segment | Revenue 2025 | Revenue 2024 |\n| --- | --- | --- |"
    table = f"{header}\n{rows}\n| Towage | 118.4 | 121.9 |\n\n{header}\n| Ports | 96.2 | 88.8 |"
    question = "What was the revenue of the towage segment in 2025?"
    found = quote("Towage — Revenue 2025: 118.4; Revenue 2024: 121.9", table, question)
    assert found is not None
    assert found.text == "| Towage | 118.4 | 121.9 |"
    assert found.support > 0.8
