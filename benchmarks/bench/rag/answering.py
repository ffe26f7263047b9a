"""What the service adds to the time of an answer, and how it shares itself among many."""

import asyncio
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from openai import AsyncOpenAI

from bench.processes import Command
from bench.rag.installation import HEADERS, KEY, NAME, Installation, install
from bench.rag.memory import held_by
from bench.rag.pdfs import Fact, write_manual
from bench.rag.streams import Heard, listen
from bench.rag.worker import Worker
from bench.summary import quantile

PORT = 21820
PAGES = 60
SEED = 12
PAUSE_SECONDS = 0.02
"""Between two words of a single answer: 50 words a second."""
CROWD_PAUSE_SECONDS = 0.2
"""Between two words of each of many answers: 5 words a second, 1,000 a second together."""
REPEATED = 3
DIRECT = "the mock, asked directly"
SDK, EVENTS = "chat completions, by the `openai` SDK", "/v1/ask, by its events"
RAW = "chat completions, by a client that costs little"
Ask = Callable[[], Awaitable[Heard]]


@dataclass(frozen=True, slots=True)
class AnswerFigure:
    """Medians over all answers, in ms."""

    route: str
    contender: str
    answers: int
    first: float  # time to the first text
    total: float


@dataclass(frozen=True, slots=True)
class CrowdFigure:
    """Many streams at once."""

    contender: str
    streams: int
    first_p50: float  # ms
    first_slowest: float
    fastest: float  # ms for the whole answer
    slowest: float
    longest_gap: float  # ms without a new word, in any stream
    mb_a_stream: float  # proportional memory of the server's process beyond what it held after one answer


@dataclass(frozen=True, slots=True)
class Scene:
    """The service with a document, the mock behind it, and a question whose answer the mock knows."""

    wire_url: str
    service_url: str
    service_process: int
    question: str

    def asked(self, name: str, route: str) -> Ask:
        """Return what asks once."""
        base, headers = (f"{self.service_url}/v1", HEADERS) if name == NAME else (self.wire_url, dict[str, str]())
        if route == SDK:
            client = AsyncOpenAI(base_url=base, api_key=KEY, max_retries=0)
            return lambda: _by_sdk(client, self.question)
        if name == NAME and route == EVENTS:
            return lambda: listen(f"{base}/ask", {"question": self.question, "stream": True}, headers)
        body = {"model": "rag", "messages": [{"role": "user", "content": self.question}], "stream": True}
        return lambda: listen(f"{base}/chat/completions", body, headers)


@contextmanager
def scene(pause: float, python: Path, build: Path) -> Iterator[Scene]:
    """Take a document in, start the mock, and the service on it."""
    log, site = build / "logs" / "rag-answers.log", build / "run" / "rag-answers"
    installation = install(python, site, log)
    manual = site / "manual.pdf"
    fact = write_manual(manual, PAGES, SEED)[PAGES // 2]
    with Worker(installation.command("-m", "bench.rag.inside.ingest"), log) as worker:
        worker.ask(files=[str(manual)])
    with ExitStack() as stack:
        wire = stack.enter_context(Worker(_wire_command(installation, pause, fact), log))
        url = wire.read()["url"]
        model = {"LLM__STRONG": "openai:mock-1", "LLM__OPENAI_BASE_URL": url, "MONEY__FREE_PROVIDERS": "openai"}
        server = installation.serve(PORT, model)
        stack.callback(server.stop)
        process = next(iter(server.memory())).split()[0]
        yield Scene(url, f"http://127.0.0.1:{PORT}", int(process), str(fact.case["question"]))


def measure_answers(count: int, rounds: int, python: Path, build: Path) -> list[AnswerFigure]:
    """Ask mock and service in turn; return medians."""
    heard: defaultdict[tuple[str, str], list[Heard]] = defaultdict(list)

    async def ask_all(place: Scene) -> None:
        asks = {(route, name): place.asked(name, route) for route in (SDK, EVENTS) for name in (DIRECT, NAME)}
        for ask in asks.values():
            await ask()  # warm-up
        for _ in range(rounds):
            for _ in range(count):
                for key, ask in asks.items():
                    heard[key].append(await ask())

    with scene(PAUSE_SECONDS, python, build) as place:
        asyncio.run(ask_all(place))
    _check(heard)
    return [_figure(route, name, answers) for (route, name), answers in heard.items()]


def measure_crowd(streams: int, rounds: int, python: Path, build: Path) -> list[CrowdFigure]:
    """Ask many times at once: the mock, then the service; return medians over the rounds."""
    found: defaultdict[str, list[CrowdFigure]] = defaultdict(list)
    with scene(CROWD_PAUSE_SECONDS, python, build) as place:
        for name in (DIRECT, NAME):
            asyncio.run(_once(place.asked(name, RAW)))  # warm-up
        before = _proportional(place.service_process)
        for _ in range(rounds):
            for name in (DIRECT, NAME):
                found[name].append(_crowd(name, place, streams, before))
    return [middle(figures) for figures in found.values()]


def middle(figures: Sequence[CrowdFigure]) -> CrowdFigure:
    """Return the medians of several rounds."""
    names = ("first_p50", "first_slowest", "fastest", "slowest", "longest_gap", "mb_a_stream")
    medians = {name: statistics.median(getattr(each, name) for each in figures) for name in names}
    return CrowdFigure(figures[0].contender, figures[0].streams, **medians)


async def _once(ask: Ask) -> None:
    await ask()


def _crowd(name: str, place: Scene, streams: int, before: float) -> CrowdFigure:
    ask = place.asked(name, RAW)

    async def all_at_once() -> list[Heard]:
        return await asyncio.gather(*(ask() for _ in range(streams)))

    with _Highest(place.service_process) as highest:
        heard = asyncio.run(all_at_once())
    firsts, totals = sorted(each.first for each in heard), sorted(each.total for each in heard)
    return CrowdFigure(
        contender=name,
        streams=streams,
        first_p50=quantile(firsts, 0.5),
        first_slowest=firsts[-1],
        fastest=totals[0],
        slowest=totals[-1],
        longest_gap=max(each.longest_gap for each in heard),
        mb_a_stream=(highest.mb - before) / streams if name == NAME else 0.0,
    )


class _Highest:
    """Looks at a process's proportional memory for the time of a block."""

    def __init__(self, process: int) -> None:
        self.mb = 0.0
        self._process = process
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "_Highest":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.5):
            self.mb = max(self.mb, _proportional(self._process))


def _proportional(process: int) -> float:
    return sum(proportional for _, _, proportional in held_by(process).values())


async def _by_sdk(client: AsyncOpenAI, question: str) -> Heard:
    begin, words, moments = time.perf_counter(), [], []
    stream = await client.chat.completions.create(
        model="rag", messages=[{"role": "user", "content": question}], stream=True
    )
    async for chunk in stream:
        text = chunk.choices[0].delta.content if chunk.choices else None
        if text:
            words.append(text)
            moments.append(1000 * (time.perf_counter() - begin))
    return Heard("".join(words), tuple(moments), 1000 * (time.perf_counter() - begin))


def _check(heard: Mapping[tuple[str, str], Sequence[Heard]]) -> None:
    """Fail unless the service gave the mock's answer: one that it withholds would be measured as something else."""
    texts = {each.text.split(".")[0] for answers in heard.values() for each in answers}
    if len(texts) != 1:
        raise RuntimeError(f"mock and service answered differently: {sorted(texts)}")


def _figure(route: str, name: str, answers: Iterable[Heard]) -> AnswerFigure:
    heard = list(answers)
    first, total = (
        statistics.median(values) for values in zip(*((one.first, one.total) for one in heard), strict=True)
    )
    return AnswerFigure(route, name, len(heard), first, total)


def _wire_command(installation: Installation, pause: float, fact: Fact) -> Command:
    words = f"{fact.sentence} [1] ".split(" ")
    spaced = [f"{word} " for word in words if word] * REPEATED
    return installation.command("-m", "bench.rag.inside.wire", str(pause), *spaced)
