from datetime import UTC, date, datetime

import pytest

from llmkit.offline.values import dates, moment, numbers, quoted


def test_numbers_are_read_with_their_commas_scales_and_signs():
    text = "4,312 and 4.3 billion, -35, 1 234.5, \u22127 and 12k"
    assert [value for value, _ in numbers(text)] == [4312, 4.3e9, -35, 1234.5, -7, 12_000]


def test_digits_in_names_and_versions_are_no_numbers():
    assert numbers("HMAC2 v3 and 1.2.3") == []


@pytest.mark.parametrize(
    "text", ["2025-05-14", "14 May 2025", "14th of May, 2025", "May 14, 2025", "14.5.2025", "on 14 may 2025 at noon"]
)
def test_dates_are_read_in_usual_forms(text):
    assert dates(text) == [date(2025, 5, 14)]


def test_dates_come_in_their_order_and_impossible_or_ambiguous_ones_not_at_all():
    assert dates("From 2 March 2024, or 2024-01-31, not 31 February 2024 nor 03/04/2024.") == [
        date(2024, 3, 2),
        date(2024, 1, 31),
    ]


def test_a_moment_has_its_time_of_day():
    assert moment("On 14 May 2025 at 09:30") == datetime(2025, 5, 14, 9, 30, tzinfo=UTC)
    assert moment("On 14 May 2025") == datetime(2025, 5, 14, tzinfo=UTC)
    assert moment("at 09:30") is None


def test_quoted_text_is_found_in_all_marks():
    assert quoted("'a b' and \"c\" and `d`, but not the user's or owners'") == ["a b", "c", "d"]
