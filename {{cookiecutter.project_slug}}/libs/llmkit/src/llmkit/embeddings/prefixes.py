"""What models want to read before a text, so that they know a query from a passage."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prefixes:
    """Texts put before queries and before passages."""

    query: str = ""
    passage: str = ""


_BGE = Prefixes("Represent this sentence for searching relevant passages: ")
_KNOWN = (
    ("bge-m3", Prefixes()),
    ("-en-v1.5", _BGE),
    ("bge-small-en", _BGE),
    ("bge-base-en", _BGE),
    ("bge-large-en", _BGE),
    ("mxbai-embed-large", _BGE),
    ("snowflake-arctic-embed", _BGE),
    ("e5-", Prefixes("query: ", "passage: ")),
    ("nomic-embed", Prefixes("search_query: ", "search_document: ")),
    ("embeddinggemma", Prefixes("task: search result | query: ", "title: none | text: ")),
)


def prefixes_of(model: str, query: str | None = None, passage: str | None = None) -> Prefixes:
    """Return the prefixes of a model by its name; a given one wins, also an empty one."""
    known = next((prefixes for part, prefixes in _KNOWN if part in model.lower()), Prefixes())
    return Prefixes(known.query if query is None else query, known.passage if passage is None else passage)
