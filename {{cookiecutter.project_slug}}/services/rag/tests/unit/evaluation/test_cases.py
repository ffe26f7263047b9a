import json

import pytest

from rag.evaluation.cases import Case, Kind, Place
from rag.evaluation.files import CasesRefused, read_cases, read_file, read_set, shipped_sets, write_cases

MINIMAL = {"question": "Which port?", "answer": "8002", "document": "a.pdf", "page": 4}


def line(**changes) -> str:
    return json.dumps({name: value for name, value in (MINIMAL | changes).items() if value is not None}) + "\n"


def test_question_answer_document_and_page_are_enough() -> None:
    (case,) = read_cases([line()], "own.jsonl")
    assert case.id == "line-1"
    assert case.kind is Kind.SINGLE_HOP
    assert case.expected == (Place(document="a.pdf", page=4),)


def test_blank_lines_are_passed_over_and_ids_name_lines() -> None:
    cases = read_cases(["\n", line(), "  \n", line(id="mine")], "own.jsonl")
    assert [case.id for case in cases] == ["line-2", "mine"]


def test_the_long_form_names_several_places() -> None:
    case = Case(id="x", question="q", answer="a", document="a.md", places=(Place(document="b.md", page=2),))
    assert [place.document for place in case.expected] == ["a.md", "b.md"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (line(page="four"), r"own\.jsonl, line 2: field page: .*integer"),
        (line(page=True), "field page: .*integer"),
        (line(page=0), "line 2: field page: .*greater than or equal to 1"),
        (line(question="  "), "line 2: field question"),
        (line(question=None), "line 2: field question: Field required"),
        (line(document=None, page=None), "line 2: the document is missing"),
        (line(answer=None), "line 2: the answer is missing"),
        (line(kind="riddle"), "line 2: field kind"),
        (line(colour="red"), "line 2: field colour"),
        (line(kind="follow-up"), "line 2: a follow-up needs its history"),
        (line(kind="unanswerable"), "line 2: an unanswerable question has no answer"),
        (line(history=[{"question": "q"}]), r"line 2: field history\.0\.answer"),
        ("{not json}\n", "line 2: it is not JSON"),
        ('["a"]\n', "line 2: .*dictionary"),
        (line(id="first"), "line 2: field id: first is there twice"),
    ],
)
def test_a_wrong_line_is_named_with_its_field(text, complaint) -> None:
    with pytest.raises(CasesRefused, match=complaint):
        read_cases([line(id="first"), text], "own.jsonl")


def test_a_set_without_questions_is_refused() -> None:
    with pytest.raises(CasesRefused, match=r"own\.jsonl: there are no questions"):
        read_cases(["\n"], "own.jsonl")


def test_files_may_begin_with_a_byte_order_mark_and_must_be_there_and_utf8(tmp_path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text(line(), encoding="utf-8-sig")
    assert read_file(path)[0].question == "Which port?"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CasesRefused, match="not UTF-8"):
        read_file(path)
    with pytest.raises(CasesRefused, match="No such file"):
        read_file(tmp_path / "none.jsonl")


def test_what_is_written_reads_the_same_again() -> None:
    cases = read_set("project")
    assert read_cases(write_cases(cases).splitlines(), "again") == cases


def test_an_unknown_set_is_a_key_error() -> None:
    assert shipped_sets() == ("project",)
    with pytest.raises(KeyError):
        read_set("../golden/project")
