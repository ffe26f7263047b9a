"""The small parts of retrieval."""

import time
from uuid import uuid4

import pytest
from pydantic import ValidationError

from rag.indexing.ports import Filter, Hit, Mode
from rag.retrieval.duplicates import SeenTexts
from rag.retrieval.escaping import escape, escape_attribute
from rag.retrieval.fusion import fuse
from rag.retrieval.memory import MemoryChunk
from rag.retrieval.passages import Expansion, RetrievalOptions, Rewriting
from rag.retrieval.schemas import SearchRequest
from rag.retrieval.screening import ChunkScreen, trust_everything
from rag.retrieval.settings import RetrievalSettings
from rag.retrieval.timings import Timings


def _hit(ordinal: int, score: float = 1.0, revision=uuid4()) -> Hit:  # noqa: B008 - one revision for all
    return Hit(uuid4(), revision, revision, ordinal, score)


def test_a_single_list_is_left_as_it_is() -> None:
    hits = [_hit(1, 0.5), _hit(2, 0.9)]
    assert fuse([hits]) is hits


def test_what_several_searches_found_comes_first() -> None:
    first, second = [_hit(1), _hit(2), _hit(3)], [_hit(4), _hit(2)]
    fused = fuse([first, second])
    assert [hit.ordinal for hit in fused] == [2, 1, 4, 3]
    assert fused[0].score == pytest.approx(2 / 62)


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("The service listens on port 8002", False),
        ("the service LISTENS on port: 8002!", False),
        ("The service listens on port 9000", True),  # the number is all that differs
        ("Something else", True),
        ("", True),
    ],
)
def test_knows_texts_that_say_the_same(text: str, new: bool) -> None:
    seen = SeenTexts()
    assert seen.is_new("The service listens on port 8002")
    assert seen.is_new(text) is new


def test_an_empty_text_is_seen_once() -> None:
    seen = SeenTexts()
    assert [seen.is_new(""), seen.is_new(" ")] == [True, False]


def test_escaping_leaves_no_tag() -> None:
    assert escape('<a> & "b"') == '&lt;a&gt; &amp; "b"'
    assert escape_attribute('a\n"b" <c>') == "a &quot;b&quot; &lt;c&gt;"


def test_a_chunk_is_screened_once_as_long_as_it_is_remembered() -> None:
    judged = []
    screen = ChunkScreen(lambda text: judged.append(text) or (() if text == "a.txt" else ("reason",)), remembered=1)
    first, second = (MemoryChunk("acme", uuid4(), "a.txt", uuid4(), 0, text) for text in ("one", "two"))
    assert screen.reasons(first) == screen.reasons(first) == ("reason",)
    assert judged == ["one", "a.txt"]
    screen.reasons(second)
    screen.reasons(first)
    assert judged == ["one", "a.txt", "two", "one"]


def test_a_suspicious_name_is_a_reason_too() -> None:
    chunk = MemoryChunk("acme", uuid4(), "evil.txt", uuid4(), 0, "text", heading=("Guide",))
    assert ChunkScreen(lambda text: ("name",) if "evil" in text else ()).reasons(chunk) == ("name",)
    assert ChunkScreen(trust_everything).reasons(chunk) == ()


def test_stages_add_up_and_the_total_counts_from_the_beginning() -> None:
    timings = Timings()
    for _ in range(2):
        with timings.stage("sleep"):
            time.sleep(0.01)
    timings.add("other", 5)
    told = timings.to_dict()
    assert told["sleep"] >= 20
    assert told["other"] == 5
    assert told["total"] >= told["sleep"]


def test_a_request_says_only_what_differs_from_the_settings() -> None:
    settings = RetrievalSettings(limit=7, mode=Mode.DENSE, dense_weight=2, rerank=True, expansion=Expansion.PARENT)
    plain = SearchRequest(query="x").to_options(settings)
    assert plain == RetrievalOptions(
        limit=7, candidates=50, mode=Mode.DENSE, dense_weight=2, rerank=True, expansion=Expansion.PARENT
    )
    document = uuid4()
    own = SearchRequest.model_validate(
        {
            "query": "x",
            "limit": 3,
            "mode": "sparse",
            "rerank": False,
            "expansion": "none",
            "rewriting": "hyde",
            "filter": {"documents": [str(document)], "tags": ["a"], "metadata": {"year": [2023, 2024], "ok": True}},
        }
    ).to_options(settings, explain=True)
    assert own == RetrievalOptions(
        limit=3,
        candidates=50,
        mode=Mode.SPARSE,
        dense_weight=2,
        rerank=False,
        expansion=Expansion.NONE,
        rewriting=Rewriting.HYDE,
        filter=Filter((document,), ("a",), {"year": (2023, 2024), "ok": (True,)}),
        explain=True,
    )


@pytest.mark.parametrize(
    "body",
    [
        {"query": ""},
        {"query": " \n\t"},
        {"query": "x" * 4001},
        {"query": 3},
        {"query": "x", "limit": "3"},
        {"query": "x", "limit": 0},
        {"query": "x", "limit": 51},
        {"query": "x", "rerank": "yes"},
        {"query": "x", "mode": "magic"},
        {"query": "x", "other": 1},
        {"query": "x", "filter": {"tenant": "globex"}},
        {"query": "x", "filter": {"metadata": {"a": {"nested": 1}}}},
        {"query": "x", "filter": {"metadata": {"a": []}}},
        {"query": "x", "filter": {"tags": [""]}},
    ],
)
def test_refuses_what_is_no_search(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SearchRequest.model_validate(body)
