"""Server-sent events, piece by piece."""

import pytest

from ui.http.api import parse_event, parse_problem
from ui.http.errors import Problem, Unreadable
from ui.http.events import Event, read_events


def test_reads_names_and_data() -> None:
    lines = ["event: token", 'data: {"text": "a"}', "", "data: plain", ""]
    assert list(read_events(lines)) == [Event("token", '{"text": "a"}'), Event("message", "plain")]


def test_joins_lines_of_data() -> None:
    assert list(read_events(["data: a", "data:b", "data:  c", ""])) == [Event("message", "a\nb\n c")]


def test_skips_comments_and_unknown_fields() -> None:
    assert list(read_events([": keep-alive", "", "id: 7", "retry: 10", "data: x", ""])) == [Event("message", "x")]


def test_drops_what_the_end_cuts_off() -> None:
    assert list(read_events(["event: answer", "data: {"])) == []


def test_data_of_another_form_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="cannot be read"):
        parse_event(Problem, Event("error", "[]"))


def test_a_problem_may_come_as_an_event() -> None:
    error = parse_problem(Event("error", '{"code": "busy", "detail": "Later.", "status": 503, "request_id": "r"}'))
    assert (str(error), error.code, error.status, error.request_id) == ("Later.", "busy", 503, "r")
