import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from llmkit.embeddings.cache import CachedEmbedder, VectorCache
from llmkit.embeddings.hashed import HashedEmbedder


class CountingEmbedder(HashedEmbedder):
    """Says what it was asked for."""

    def __init__(self, dimensions=64):
        super().__init__(dimensions)
        self.batches = []
        self.queries = []

    async def embed_documents(self, texts):
        self.batches.append(list(texts))
        return await super().embed_documents(texts)

    async def embed_query(self, text):
        self.queries.append(text)
        return await super().embed_query(text)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache" / "embeddings.db"


@pytest.fixture
async def cached(path):
    embedder = CachedEmbedder(CountingEmbedder(), VectorCache(path, 10_000_000), batch_size=2)
    yield embedder
    await embedder.aclose()


async def test_each_text_is_embedded_once_and_in_batches(cached):
    texts = ["a word", "b word", "a word", "c word", "d word"]
    first = await cached.embed_documents(texts)
    assert cached.inner.batches == [["a word", "b word"], ["c word", "d word"]]
    assert np.array_equal(first, HashedEmbedder(64).embed(texts))
    assert np.array_equal(await cached.embed_documents(texts[::-1]), first[::-1])
    assert len(cached.inner.batches) == 2


async def test_queries_are_kept_apart_from_documents(cached):
    await cached.embed_documents(["text"])
    first = await cached.embed_query("text")
    assert np.array_equal(await cached.embed_query("text"), first)
    assert cached.inner.queries == ["text"]


async def test_vectors_outlive_the_process(cached, path):
    await cached.embed_documents(["text"])
    await cached.aclose()
    again = CachedEmbedder(CountingEmbedder(), VectorCache(path, 10_000_000), batch_size=2)
    await again.embed_documents(["text"])
    assert again.inner.batches == []
    await again.aclose()


async def test_another_embedder_does_not_get_them(cached, path):
    await cached.embed_documents(["text"])
    other = CachedEmbedder(CountingEmbedder(128), VectorCache(path, 10_000_000), batch_size=2)
    assert (await other.embed_documents(["text"])).shape == (1, 128)
    assert (other.fingerprint, other.dimensions) == ("hashed-128-1", 128)
    await other.aclose()


async def test_a_batch_that_was_done_is_kept_when_the_next_one_fails(cached):
    whole = cached.inner.embed_documents

    async def fail_on(texts):
        if "bad" in texts:
            raise RuntimeError
        return await whole(texts)

    cached.inner.embed_documents = fail_on
    with pytest.raises(RuntimeError):
        await cached.embed_documents(["one", "two", "bad"])
    cached.inner.embed_documents = whole
    await cached.embed_documents(["one", "two", "three"])
    assert cached.inner.batches == [["one", "two"], ["three"]]


async def test_nothing_gives_an_empty_matrix(cached):
    assert (await cached.embed_documents([])).shape == (0, 64)


def test_it_never_grows_beyond_its_bound_and_forgets_the_oldest(path):
    cache = VectorCache(path, max_bytes=100 * (256 + 100))
    for number in range(200):
        cache.put({b"%d" % number: bytes(256)})
    with sqlite3.connect(path) as connection:
        (count,) = connection.execute("SELECT count(*) FROM vectors").fetchone()
    connection.close()
    assert count <= 120
    assert cache.get([b"0"]) == {}
    assert cache.get([b"199"]) == {b"199": bytes(256)}
    cache.close()


def test_more_keys_than_one_statement_takes_can_be_asked_for(path):
    cache = VectorCache(path, 10_000_000)
    cache.put({b"%d" % number: b"x" for number in range(1200)})
    assert len(cache.get([b"%d" % number for number in range(2000)])) == 1200
    cache.close()


def test_a_broken_file_is_replaced(path, caplog):
    path.parent.mkdir()
    path.write_bytes(b"this is no database, but long enough to be read as one" * 100)
    cache = VectorCache(path, 10_000_000)
    with caplog.at_level(logging.WARNING):
        assert cache.get([b"a"]) == {}
    assert "embedding_cache_failed" in caplog.text
    cache.put({b"a": b"vector"})
    assert cache.get([b"a"]) == {b"a": b"vector"}
    cache.close()
    cache.close()


def test_a_folder_that_cannot_be_written_is_only_a_miss(tmp_path):
    (tmp_path / "embeddings.db").mkdir()
    cache = VectorCache(tmp_path / "embeddings.db", 10_000_000)
    cache.put({b"a": b"vector"})
    assert cache.get([b"a"]) == {}


@pytest.mark.parametrize("attempt", range(40))  # they have to open the file in the same moment
def test_threads_and_processes_share_a_file(path, attempt):
    caches = [VectorCache(path, 10_000_000) for _ in range(3)]

    def write(number):
        caches[number % 3].put({b"%d" % number: b"x" * 64})
        return caches[(number + 1) % 3].get([b"%d" % number])

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(write, range(12)))
    for cache in caches:
        cache.close()
