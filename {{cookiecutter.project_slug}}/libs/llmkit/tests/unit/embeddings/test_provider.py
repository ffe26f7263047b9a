"""The embeddings API on the wire: a server on this machine that answers as it is told."""

import json
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler

import numpy as np
import pytest
from pydantic import SecretStr

from llmkit.embeddings.prefixes import Prefixes
from llmkit.embeddings.provider import ProviderEmbedder
from llmkit.errors import AuthenticationFailed, Malformed, Overloaded, RateLimited, Refused, TimedOut
from servicekit.testkit.handlers import serve_handler


def vectors(texts, dimensions=3):
    rows = [{"index": at, "embedding": [float(len(text)), 1.0, 0.0][:dimensions]} for at, text in enumerate(texts)]
    return {"object": "list", "data": rows[::-1]}


@contextmanager
def serving(*steps):
    """Answer each request by the next step, the last one for ever; yields address and requests."""
    requests = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            requests.append((self.path, dict(self.headers), body))
            status, headers, answer = steps[min(len(requests), len(steps)) - 1](body)
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(BrokenPipeError):  # the client may have gone
                self.wfile.write(data)

    with serve_handler(Handler) as address:
        yield f"{address}/v1/", requests


def fine(body):
    return 200, {}, vectors(body["input"])


def failing(status, **headers):
    return lambda body: (
        status,
        {name.replace("_", "-"): value for name, value in headers.items()},
        {"error": {"message": "secret detail"}},
    )


def saying(answer):
    return lambda body: (200, {}, answer)


@contextmanager
def embedder_at(url, **options):
    settings = {
        "base_url": url,
        "api_key": SecretStr("sk-test"),
        "dimensions": 3,
        "prefixes": Prefixes(),
        "timeout_seconds": 2,
    }
    yield ProviderEmbedder("tiny", **(settings | options))


async def embed(url, texts, **options):
    with embedder_at(url, **options) as embedder:
        try:
            return await embedder.embed_documents(texts)
        finally:
            await embedder.aclose()


async def test_texts_are_sent_in_batches_and_vectors_put_in_order():
    with serving(fine) as (url, requests):
        found = await embed(url, ["a", "bb", "ccc"], batch_size=2)
    assert [body["input"] for _, _, body in requests] == [["a", "bb"], ["ccc"]]
    assert requests[0][0] == "/v1/embeddings"
    assert {name.lower(): value for name, value in requests[0][1].items()}["authorization"] == "Bearer sk-test"
    assert np.allclose(np.linalg.norm(found, axis=1), 1)
    assert found[2, 0] > found[1, 0] > found[0, 0]


async def test_queries_and_passages_have_their_prefixes_and_empty_texts_are_no_error():
    with serving(fine) as (url, requests), embedder_at(url, prefixes=Prefixes("query: ", ""), api_key=None) as embedder:
        await embedder.embed_query("what")
        await embedder.embed_documents([""])
        await embedder.aclose()
    assert [body["input"] for _, _, body in requests] == [["query: what"], [" "]]
    assert "authorization" not in {name.lower() for name in requests[0][1]}


async def test_dimensions_are_asked_for_only_where_the_model_has_others():
    with serving(fine) as (url, requests):
        with embedder_at(url) as plain:
            await plain.embed_query("x")
            await plain.aclose()
        shortened = ProviderEmbedder(
            "text-embedding-3-small", base_url=url, api_key=None, dimensions=3, prefixes=Prefixes()
        )
        await shortened.embed_query("x")
        await shortened.aclose()
    assert "dimensions" not in requests[0][2]
    assert requests[1][2]["dimensions"] == 3


async def test_what_may_pass_is_tried_again():
    with serving(failing(503), failing(429, Retry_After="0.2"), fine) as (url, requests):
        assert (await embed(url, ["a"])).shape == (1, 3)
    assert len(requests) == 3


async def test_retry_after_is_honoured():
    with serving(failing(429, Retry_After="0.5"), fine) as (url, _):
        started = time.monotonic()
        await embed(url, ["a"])
    assert time.monotonic() - started >= 0.5


@pytest.mark.parametrize(
    ("step", "error", "number"),
    [
        (failing(429, Retry_After="0"), RateLimited, 2),
        (failing(500, Retry_After="0"), Overloaded, 2),
        (failing(401), AuthenticationFailed, 1),
        (failing(400), Refused, 1),
        (failing(302, Location="http://127.0.0.1:1/"), Refused, 1),
    ],
)
async def test_faults_are_told_apart_and_requests_are_counted(step, error, number):
    with serving(step) as (url, requests), pytest.raises(error) as raised:
        await embed(url, ["a"], attempts=2)
    assert len(requests) == number
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "answer",
    [
        b"no json",
        {"data": []},
        {"data": [{"index": 0, "embedding": [1.0, 2.0]}]},
        {"data": [{"embedding": [1.0, 2.0, 3.0]}]},
        {"data": [{"index": 0, "embedding": "AAAA"}]},
        b'{"data": [{"index": 0, "embedding": [NaN, 1, 1]}]}',
        {"error": "none"},
    ],
)
async def test_an_answer_that_is_no_list_of_vectors_is_malformed(answer):
    with serving(saying(answer)) as (url, requests), pytest.raises(Malformed):
        await embed(url, ["a"], attempts=1)
    assert len(requests) == 1


async def test_a_server_that_is_silent_or_away_is_named():
    def silent(body):
        time.sleep(0.6)
        return fine(body)

    with serving(silent) as (url, _), pytest.raises(TimedOut):
        await embed(url, ["a"], attempts=1, timeout_seconds=0.2)
    with pytest.raises(Overloaded, match="ConnectError"):
        await embed(url, ["a"], attempts=1)


def test_the_fingerprint_holds_what_vectors_depend_on():
    def fingerprint(prefixes):
        with embedder_at("http://127.0.0.1:1", prefixes=prefixes) as embedder:
            return embedder.fingerprint

    assert fingerprint(Prefixes()) == "openai-tiny-3"
    assert fingerprint(Prefixes("q: ", "")) == "openai-tiny-3-'q: '-''"
