from rag.parsing.blocks import BlockKind
from rag.parsing.flow import Compounds, Running, ends_sentence, glue
from rag.parsing.furniture import Edge, Sheet, without_furniture


def removed(*pages: list[tuple[str, float]]) -> list[set[str]]:
    sheets = [Sheet(page, [Edge(text, (height, 0)) for text, height in page]) for page in pages]
    return [{page[at][0] for at in found} for page, found in without_furniture(sheets)]


def test_what_stands_at_the_same_place_on_several_pages_is_furniture() -> None:
    pages = [[("Annual Report", 20.0), (f"Unique words {chr(97 + at)}", 50.0)] for at in range(12)]
    assert removed(*pages) == [{"Annual Report"}] * 12


def test_left_and_right_pages_may_differ() -> None:
    pages = [[("Company" if at % 2 else "Report", 20.0)] for at in range(12)]
    assert removed(*pages) == [{"Company" if at % 2 else "Report"} for at in range(12)]


def test_page_numbers_have_to_count() -> None:
    assert removed(*([(f"Page {at} of 9", 20.0)] for at in range(1, 6))) == [{f"Page {at} of 9"} for at in range(1, 6)]
    assert removed(*([(f"{at * at}", 20.0)] for at in range(3, 8))) == [set()] * 5
    assert removed(*([(numeral, 20.0)] for numeral in ("iv", "v", "vi"))) == [{"iv"}, {"v"}, {"vi"}]


def test_what_stands_beside_a_page_number_goes_with_it() -> None:
    pages = [[(f"{at}", 20.0), (f"Chapter {chr(64 + at)} alone", 20.0), ("Body", 90.0 + at * 10)] for at in range(1, 5)]
    assert removed(*pages) == [{f"{at}", f"Chapter {chr(64 + at)} alone"} for at in range(1, 5)]


def test_another_height_or_a_row_of_figures_is_no_furniture() -> None:
    assert removed(*([("Words", 20.0 + at * 10)] for at in range(6))) == [set()] * 6
    assert removed(*([("1,234 5,678", 20.0)] for _ in range(6))) == [set()] * 6


def test_a_single_page_has_no_furniture() -> None:
    assert removed([("Words", 20.0), ("1", 700.0)]) == [set()]


def test_soft_hyphens_disappear_and_dashes_stay() -> None:
    assert glue("depart\u00ad", "ment", Compounds()) == ("depart", "")
    assert glue("the end -", "of it", Compounds()) == ("the end -", " ")
    assert glue("one", "two", Compounds()) == ("one", " ")
    assert glue("long-", "er", Compounds()) == ("long", "")


def test_running_text_remembers_where_pages_begin() -> None:
    running = Running(Compounds())
    for line, page in (("a depart-", 3), ("ment and", 4), ("its end", 6)):
        running.add(line, page)
    block = running.take(BlockKind.PARAGRAPH)
    assert (block.text, block.page) == ("a department and its end", 3)
    assert [block.text[at:] for at in block.breaks] == ["ment and its end", "its end", "its end"]
    assert not running


def test_ends_of_sentences() -> None:
    assert ends_sentence("It is so.”")
    assert ends_sentence("Is it?)")
    assert not ends_sentence("It is the")
