"""Terms and their weights."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.indexing.sparse import LONGEST, SparseEncoder

encoder = SparseEncoder()


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The quick foxes are running", ["quick", "fox", "run"]),
        ("MÜNCHEN, Straße", ["münchen", "strass"]),
        ("HTTP__PORT", ["http__port", "http", "port"]),
        ("maxRetries XMLParser", ["maxretries", "max", "retri", "xmlparser", "xml", "parser"]),
        ("snake_case_name", ["snake_case_name", "snake", "case", "name"]),
        ("run.md v2.13 3.5", ["run.md", "run", "md", "v2.13", "v", "2", "13", "3.5"]),
        ("1,234,567 and 12,5", ["1234567", "12", "5"]),
        ("C++ or C#", ["c++", "c#"]),
        ("it isn't the user's", ["user"]),
        ("東京都", ["東京", "京都"]),
        ("ﬁle ①", ["file", "1"]),
        ("", []),
        ("... --- !!!", []),
    ],
)
def test_words_become_terms(text: str, terms: list[str]) -> None:
    assert encoder.terms(text) == terms


def test_a_query_finds_a_document_by_inflected_words_and_by_parts_of_names() -> None:
    document = encoder.document("Set HTTP__REQUEST_TIMEOUT_SECONDS before starting the services.")

    for question in ("timeouts", "request", "http__request_timeout_seconds", "start service"):
        assert set(encoder.query(question).indices) & set(document.indices), question


def test_weights_grow_with_frequency_ever_slower_and_shrink_with_length() -> None:
    def weight(text: str) -> float:
        vector = encoder.document(text)
        return vector.values[vector.indices.index(encoder.query("needle").indices[0])]

    once, twice, often = weight("needle hay"), weight("needle needle hay"), weight("needle " * 20 + "hay")
    assert once < twice < often < 2.2
    assert twice - once > (often - twice) / 18
    assert weight("needle " + "hay " * 500) < once


@given(st.text(max_size=300))
def test_any_text_gives_a_vector_that_a_store_accepts(text: str) -> None:
    for vector in (encoder.document(text), encoder.query(text)):
        assert len(vector.indices) == len(vector.values) == len(set(vector.indices))
        assert list(vector.indices) == sorted(vector.indices)
        assert all(0 <= index < 2**32 for index in vector.indices)
        assert all(value > 0 for value in vector.values)
    assert all(0 < len(term) <= LONGEST for term in encoder.terms(text))
    assert encoder.query(text).indices == encoder.document(text).indices
