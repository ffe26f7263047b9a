import time

import numpy as np
import pytest

from llmkit.embeddings.hashed import HashedEmbedder, features_of

EMBEDDER = HashedEmbedder()


def similarity(one, other):
    first, second = EMBEDDER.embed([one, other])
    return float(first @ second)


async def test_vectors_have_length_one_and_the_stated_dimensions():
    vectors = await EMBEDDER.embed_documents(["The pump builds up 15 bar.", "Another text"])
    assert vectors.shape == (2, EMBEDDER.dimensions) == (2, 768)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


async def test_a_query_is_embedded_like_a_document():
    (document,) = await EMBEDDER.embed_documents(["backup key"])
    assert np.array_equal(await EMBEDDER.embed_query("backup key"), document)


def test_vectors_are_the_same_in_every_process():
    first = HashedEmbedder(64).embed(["The same text gives the same vector"])[0]
    assert np.array_equal(HashedEmbedder(64).embed(["warm up", "The same text gives the same vector"])[1], first)
    # computed once and written down: another machine or version must give it too
    assert np.flatnonzero(np.abs(first) > 0.2).tolist() == [1, 7, 8, 11, 15, 17, 21, 25, 44]


def test_the_fingerprint_names_dimensions_and_version():
    assert HashedEmbedder(64).fingerprint == "hashed-64-1"


def test_likeness_follows_words_stems_and_letters():
    query = "How do I delete a backup?"
    assert similarity(query, "Deleting backups") > similarity(query, "Restoring archives") + 0.2
    slips = [("waranty", "warranty"), ("recieve", "receive"), ("databse", "database"), ("retetnion", "retention")]
    assert sum(similarity(one, other) for one, other in slips) / len(slips) > 0.15
    assert similarity("HTTP__PORT", "the port") > 0.1


def test_words_without_content_hardly_count():
    assert similarity("What is the spool?", "The spool") > 0.9
    assert abs(similarity("of the and", "backup")) < 0.2


def test_neighbours_count():
    assert similarity("delayed job queue", "the delayed job queue") > similarity(
        "delayed job queue", "queue job delayed"
    )


def test_a_text_without_words_is_a_vector_of_zeros():
    assert not EMBEDDER.embed(["", "…!"]).any()
    assert EMBEDDER.embed([]).shape == (0, 768)
    assert features_of("_") == ([], [])


def test_a_vector_does_not_depend_on_which_words_are_new():
    words = ["the", "_", "Straße", "run.md", *(f"{letter}word{number}" for letter in "aB" for number in range(1500))]
    text = " ".join(words)
    one_by_one = HashedEmbedder(256)
    one_by_one.embed(words)
    assert np.array_equal(HashedEmbedder(256).embed([text]), one_by_one.embed([text]))


def test_the_table_of_words_does_not_grow_for_ever():
    embedder = HashedEmbedder(64, most_words=2000)
    before = embedder.embed(["alpha beta"])[0]
    embedder.embed([" ".join(f"word{number}" for number in range(start, start + 100)) for start in range(0, 2500, 100)])
    assert np.array_equal(embedder.embed(["alpha beta"])[0], before)
    assert len(embedder._numbers) < 2000


def test_it_is_fast_enough_to_be_the_default():
    sentence = (
        "Backups run every night at 02:30, are kept for 35 days, and are encrypted with a key of the platform team. "
    )
    texts = [(sentence * 10)[number : number + 1000] for number in range(400)]
    EMBEDDER.embed(texts[:50])
    started = time.process_time()
    EMBEDDER.embed(texts)
    assert len(texts) / (time.process_time() - started) > 1500  # several thousand on an idle core


@pytest.mark.parametrize("dimensions", [64, 256, 1024])
def test_any_number_of_dimensions_is_possible(dimensions):
    assert HashedEmbedder(dimensions).embed(["text"]).shape == (1, dimensions)
