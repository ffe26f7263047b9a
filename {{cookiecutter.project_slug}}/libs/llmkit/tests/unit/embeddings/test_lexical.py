import pytest

from llmkit.embeddings.lexical import LexicalReranker, NoReranker, rerank


def best(query, *passages):
    scores = rerank(query, passages)
    return scores.index(max(scores))


@pytest.mark.parametrize(
    ("query", "passages", "expected"),
    [
        ("restore a backup", ("The cat sleeps.", "Backups can be restored.", "A backup runs at night."), 1),
        (
            "price of the pump",
            ("The pump has a motor. " * 9 + "Its price is 4 euros.", "The price of the pump is 4 euros."),
            1,
        ),
        ("waranty of pumps", ("The weather is fine.", "The pump's warranty is two years."), 1),
        ("remove files", ("Files can be deleted.", "Files can be read."), 0),
        ("leave of parents", ("# Parental leave\nIt takes 14 weeks.", "People leave when their parents do so."), 1),
        ("holidays", ("# Holidays\nThere are 28 days.", "Some like days, some like none at all."), 0),
    ],
)
def test_the_better_passage_wins(query, passages, expected):
    assert best(query, *passages) == expected


def test_words_in_a_heading_count_more():
    text = "Some lines of text about nothing in particular."
    assert best("backup", f"{text}\nbackup", f"Operations > Backup\n{text}") == 1


async def test_scores_come_in_the_order_of_the_passages():
    scores = await LexicalReranker().rerank("alpha", ["beta", "alpha", "gamma"])
    assert len(scores) == 3
    assert scores[1] > scores[0] == scores[2] == 0


def test_nothing_to_compare_gives_zeros():
    assert rerank("the of", ["text"]) == [0.0]
    assert rerank("word", []) == []
    assert rerank("word", [""]) == [0.0]


async def test_no_reranker_keeps_the_order():
    scores = await NoReranker().rerank("x", ["a", "b", "c"])
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 3
    assert (NoReranker().name, LexicalReranker().name) == ("none", "lexical")
