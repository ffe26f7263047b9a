"""An answer while it is written."""

import pytest

from rag.answering.composing import Composer, Draft, last_sentence

PORT = "The service listens on port 8002."
HOLIDAY = "Employees get 25 days of holiday a year."


@pytest.fixture
def compose(make_passage):
    def compose(*pieces: str, texts: tuple[str, ...] = (PORT, HOLIDAY), question: str = "") -> tuple[str, Draft]:
        passages = [make_passage(text, f"{number}.pdf") for number, text in enumerate(texts, start=1)]
        composer = Composer(
            passages,
            question,
            least=0.5,
            clean=lambda text: "" if "bad.example" in text or text.startswith("<") else text,
        )
        shown = "".join([composer.feed(piece) for piece in pieces]) + composer.finish()
        return shown, composer.draft()

    return compose


def test_a_supported_marker_stays_with_its_quote(compose) -> None:
    shown, draft = compose("The port is 8002 [1].")
    assert shown == draft.text == "The port is 8002 [1]."
    assert [(each.marker, each.quote.text) for each in draft.citations] == [(1, PORT)]
    assert (draft.removed, draft.support) == (0, 1.0)


@pytest.mark.parametrize("marker", ["[2]", "[7]", "[0]"])
def test_a_marker_that_nothing_supports_is_never_seen(marker: str, compose) -> None:
    shown, draft = compose(*f"The port is 8002 {marker}. More")
    assert shown == "The port is 8002. More"
    assert (draft.removed, draft.citations) == (1, ())


def test_of_several_markers_the_supported_ones_stay(compose) -> None:
    shown, draft = compose("The port is 8002 [1, 2][9].")
    assert shown == "The port is 8002 [1]."
    assert draft.removed == 2


def test_a_marker_after_the_full_stop_belongs_to_the_sentence_before(compose) -> None:
    shown, draft = compose("Employees get 25 days of holiday. [2] The port is 8002. [1]")
    assert shown == "Employees get 25 days of holiday. [2] The port is 8002. [1]"
    assert [each.marker for each in draft.citations] == [2, 1]


def test_each_list_item_is_judged_by_itself(compose) -> None:
    shown, draft = compose("- Port: 8002 [1]\n- Holiday: 25 days [1]\n")
    assert shown == "- Port: 8002 [1]\n- Holiday: 25 days\n"
    assert draft.removed == 1


def test_code_can_be_cited(compose) -> None:
    shown, _ = compose("```\nmake dev\n``` [1]", texts=("Type `make dev` to start.",))
    assert shown == "```\nmake dev\n``` [1]"


def test_a_repeated_marker_keeps_its_best_quote(compose) -> None:
    text = "Port 8002 is open. The service listens on port 8002 for requests of browsers."
    _, draft = compose(
        "Browsers use it [1]. The service listens on port 8002 for requests of browsers [1].", texts=(text,)
    )
    assert [each.quote.support for each in draft.citations] == [1.0]


def test_support_is_the_share_of_words_that_the_cited_passages_hold(compose) -> None:
    _, draft = compose("The port is 8002 [1]. Zebras graze peacefully near waterfalls.")
    assert 0.1 < draft.support < 0.6


def test_a_sentence_without_a_marker_is_held_by_what_is_cited_elsewhere(compose) -> None:
    _, draft = compose("The service listens. It does so on port 8002 [1].")
    assert draft.support == 1.0


def test_without_citations_there_is_no_support(compose) -> None:
    _, draft = compose("The port is 8002.")
    assert draft.support == 0.0


def test_active_content_is_cleaned_before_it_is_shown(compose) -> None:
    shown, _ = compose(*"See ![x](https://bad.example/?q=1) and [here](https://good.example) or <b>x</b>")
    assert shown == "See  and [here](https://good.example) or x"


def test_of_a_link_whose_label_went_out_the_target_is_withheld(compose) -> None:
    shown, _ = compose("[a\nb](//bad.example) and [c\nd](//good.example)")
    assert shown == "[a\nb] and [c\nd](//good.example)"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("One. Two", "Two"),
        ("One. Two.", "Two."),
        ("One [1]. Two [2]", "Two"),
        ("- item one\n- item two", "- item two"),
        ("Run\n```\nmake dev\n```", "make dev"),
        ("", ""),
    ],
)
def test_finds_the_sentence_that_a_marker_belongs_to(text: str, sentence: str) -> None:
    assert last_sentence(text) == sentence
