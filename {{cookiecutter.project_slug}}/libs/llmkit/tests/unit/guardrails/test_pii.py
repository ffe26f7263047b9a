import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmkit.guardrails.pii import PatternRedactor, redact


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ann.lee+news@mail.example.org", "email"),
        ("jörg@köln.example", "email"),
        ("+44 20 7946 0958", "phone"),
        ("+1 (415) 555-0132", "phone"),
        ("0049 30 901820", "phone"),
        ("DE89 3704 0044 0532 0130 00", "iban"),
        ("GB82WEST12345698765432", "iban"),
        ("4111 1111 1111 1111", "card"),
        ("5500-0000-0000-0004", "card"),
        ("378282246310005", "card"),
        ("203.0.113.77", "ip"),
        ("2001:db8::8a2e:370:7334", "ip"),
        ("::ffff:203.0.113.7", "ip"),
        ("219-09-9999", "ssn"),
    ],
)
def test_personal_data_becomes_a_placeholder(text, kind):
    redacted = redact(f"Before {text}, after.")
    assert redacted.text == f"Before [{kind}], after."
    assert redacted.found == {kind: 1}


@pytest.mark.parametrize(
    "text",
    [
        "DE88370400440532013000 has wrong check digits",
        "XX89370400440532013000 is of no country",
        "4111 1111 1111 1112 fails Luhn's check",
        "order 1234567890123456 begins like no card",
        "0000000000000000",
        "000-12-3456, 666-12-3456, 912-12-3456, 123-00-4567, 123-45-0000",
        "version 1.2.3 or 999.1.1.1 or 1.2.3.4.5",
        "listens on 127.0.0.1:8001, 0.0.0.0 and ::1",
        "the time is 12:30:45 and the ratio 3:2, face: c0ffee",
        "std::vector and a::b",
        "+1 is better, +12345 too short, 2024-05-01 10:00",
        "at 5 @ home, user@localhost",
        "commit 5f4dcc3b5aa765d61d8327deb882cf99",
    ],
)
def test_what_only_looks_like_it_stays(text):
    assert redact(text).text == text
    assert redact(text).found == {}


def test_each_kind_is_counted():
    redacted = redact("a@b.org, c@d.org and 203.0.113.9")
    assert redacted.text == "[email], [email] and [ip]"
    assert redacted.found == {"email": 2, "ip": 1}


def test_an_iban_does_not_swallow_the_words_behind_it():
    assert redact("Pay to DE89 3704 0044 0532 0130 00 BY FRIDAY").text == "Pay to [iban] BY FRIDAY"


def test_numbers_inside_an_address_are_not_found_twice():
    assert redact("4111111111111111@shop.example.org").found == {"email": 1}


def test_redacting_twice_changes_nothing():
    once = PatternRedactor().redact("ann@example.org called +44 20 7946 0958").text
    assert redact(once).text == once


@given(st.text(alphabet="0123456789 -+()@.:abcXDE", max_size=80))
def test_any_text_can_be_redacted(text):
    redacted = redact(text)
    assert (redacted.text == text) == (not redacted.found)
