"""How fast passages are found: over HTTP, in the bare stores in process, and beside a minimal LangChain server."""

import json
import shutil
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.loadgen import measure_each
from bench.processes import Server, exchange
from bench.rag.installation import HEADERS, NAME, install
from bench.rag.pipelines import LANGCHAIN, peer_command
from bench.rag.words import questions, write_library
from bench.rag.worker import Worker
from bench.summary import quantile

PORT, PEER_PORT = 21810, 21811
QUESTIONS = 200
SEED = 5
CLIENTS = 16
INGEST_AT_ONCE = 2
MOST_LOCAL = 10_000
"""Chunks of the largest corpus that `qdrant-client`'s local mode is asked about: it scans all of them in Python."""
EDGE = "Qdrant Edge, bare"
LOCAL = "qdrant-client local mode, bare"
STORES = {EDGE: "edge", LOCAL: "local"}


@dataclass(frozen=True, slots=True)
class SearchReading:
    """One round of one contender at one size."""

    contender: str
    chunks: int  # as many as were asked for; the real number differs by a few in a hundred
    clients: int  # 0 for a call in process
    rate: float  # searches a second
    p50: float  # ms
    p99: float  # ms
    failures: int


@dataclass(frozen=True, slots=True)
class Search:
    """What is measured for how long."""

    sizes: Sequence[int]
    rounds: int
    seconds: float  # of one reading


@dataclass(frozen=True, slots=True)
class Stand:
    """Everything that is asked about one corpus."""

    bare: Worker
    stores: Mapping[str, str]
    servers: Mapping[str, tuple[Server, list[bytes]]]


def measure_search(search: Search, python: Path, build: Path) -> Iterator[SearchReading]:
    """Yield readings; at each size all contenders take turns, and who is not asked is frozen."""
    for size in search.sizes:
        print(f"  {size:,} chunks", flush=True)
        with standing(size, python, build) as stand:
            for _ in range(search.rounds):
                yield from _round(stand, size, search.seconds)


@contextmanager
def standing(size: int, python: Path, build: Path) -> Iterator[Stand]:
    """Fill and start everything for one size."""
    library, site = build / "library", build / "run" / "rag-search"
    shutil.rmtree(library, ignore_errors=True)
    write_library(library, size, SEED)
    log = build / "logs" / "rag-search.log"
    installation = install(python, site, log)
    with Worker(installation.command("-m", "bench.rag.inside.ingest"), log) as worker:
        worker.ask(files=[str(path) for path in sorted(library.iterdir())], at_once=INGEST_AT_ONCE)
    texts, asked = site / "texts.jsonl", questions(QUESTIONS, SEED + 1)
    with ExitStack() as stack:
        bare = stack.enter_context(Worker(installation.command("-m", "bench.rag.inside.bare"), log))
        filled = bare.ask(
            database=str(site / "var" / "rag.db"),
            folder=str(site / "bare"),
            texts=str(texts),
            questions=asked,
            local=size <= MOST_LOCAL,
        )
        print(f"    {filled['chunks']:,} chunks in the stores", flush=True)
        bare.freeze()
        ours = installation.serve(PORT)
        stack.callback(ours.stop)
        servers = {NAME: (ours, requests(ours, "/v1/search", asked, HEADERS))}
        if size <= MOST_LOCAL:
            command = peer_command(LANGCHAIN, build, "server.py", str(PEER_PORT), str(texts))
            peer = Server(command, PEER_PORT, build / "logs" / "rag-search-langchain.log")
            stack.callback(peer.stop)
            peer.wait_until_ready("/ready")
            servers[LANGCHAIN] = (peer, requests(peer, "/search", asked))
        for server, _ in servers.values():
            server.freeze()
        stores = {name: store for name, store in STORES.items() if store == "edge" or size <= MOST_LOCAL}
        yield Stand(bare, stores, servers)


def requests(server: Server, path: str, asked: Sequence[str], headers: Mapping[str, str] | None = None) -> list[bytes]:
    """Return the bytes of a search for each question, after making sure that the first is answered."""
    bodies = [json.dumps({"query": question, "limit": 10}).encode() for question in asked]
    fields = {"Host": f"127.0.0.1:{server.port}", "Content-Type": "application/json", **(headers or {})}
    status, answer = exchange(server.address, "POST", path, bodies[0], fields)
    if status != 200:
        raise RuntimeError(f"{path} was answered {status}: {answer[:500]!r}")
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return [f"POST {path} HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in bodies]


def summarise(readings: Iterable[SearchReading]) -> list[SearchReading]:
    """Return the medians of the rounds, and the sum of the failures, in the order of the first readings."""
    groups: defaultdict[tuple[str, int, int], list[SearchReading]] = defaultdict(list)
    for reading in readings:
        groups[reading.contender, reading.chunks, reading.clients].append(reading)
    return [
        SearchReading(
            *key,
            rate=statistics.median(each.rate for each in group),
            p50=statistics.median(each.p50 for each in group),
            p99=statistics.median(each.p99 for each in group),
            failures=sum(each.failures for each in group),
        )
        for key, group in groups.items()
    ]


def _round(stand: Stand, size: int, seconds: float) -> Iterator[SearchReading]:
    stand.bare.thaw()
    for name, store in stand.stores.items():
        milliseconds = stand.bare.ask(store=store, seconds=seconds)["milliseconds"]
        yield _reading(name, size, 0, milliseconds, sum(milliseconds) / 1000, 0)
    stand.bare.freeze()
    for name, (server, asked) in stand.servers.items():
        server.thaw()
        measure_each(server.address, asked, 1, seconds / 3)  # warm-up
        for clients in (1, CLIENTS):
            sample = measure_each(server.address, asked, clients, seconds)
            milliseconds = [1000 * latency for latency in sample.latencies]
            yield _reading(name, size, clients, milliseconds, sample.seconds, sample.failures)
        server.freeze()


def _reading(
    name: str, size: int, clients: int, milliseconds: list[float], seconds: float, failures: int
) -> SearchReading:
    ordered = sorted(milliseconds)
    rate, p50, p99 = len(ordered) / seconds, quantile(ordered, 0.5), quantile(ordered, 0.99)
    return SearchReading(name, size, clients, rate, p50, p99, failures)
