import pytest

from llmkit.embeddings.prefixes import Prefixes, prefixes_of


@pytest.mark.parametrize(
    ("model", "query", "passage"),
    [
        ("BAAI/bge-small-en-v1.5", "Represent this sentence for searching relevant passages: ", ""),
        ("intfloat/multilingual-e5-large", "query: ", "passage: "),
        ("nomic-ai/nomic-embed-text-v1.5", "search_query: ", "search_document: "),
        ("BAAI/bge-m3", "", ""),
        ("text-embedding-3-small", "", ""),
    ],
)
def test_models_get_what_they_were_trained_with(model, query, passage):
    assert prefixes_of(model) == Prefixes(query, passage)


def test_what_is_given_wins_even_when_it_is_empty():
    assert prefixes_of("intfloat/e5-base", "", None) == Prefixes("", "passage: ")
