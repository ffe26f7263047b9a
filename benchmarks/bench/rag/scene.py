"""The service between a client and a provider on the wire that streams a known answer at a fixed rate."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from openai import AsyncOpenAI

from bench.processes import Command
from bench.rag.installation import HEADERS, KEY, NAME, Installation, install
from bench.rag.pdfs import Fact, write_manual
from bench.rag.streams import Heard, listen
from bench.rag.worker import Worker

PORT = 21820
PAGES = 60
SEED = 12
REPEATED = 3
DIRECT = "the mock, asked directly"
SDK, EVENTS = "chat completions, by the `openai` SDK", "/v1/ask, by its events"
RAW = "chat completions, by a client that costs little"
Ask = Callable[[], Awaitable[Heard]]


@dataclass(frozen=True, slots=True)
class Scene:
    """The service with a document, the mock behind it, and a question whose answer the mock knows."""

    wire_url: str
    service_url: str
    service_process: int
    question: str

    @asynccontextmanager
    async def asked(self, name: str, route: str) -> AsyncIterator[Ask]:
        """Yield what asks once."""
        base, headers = (f"{self.service_url}/v1", HEADERS) if name == NAME else (self.wire_url, dict[str, str]())
        if route == SDK:
            async with AsyncOpenAI(base_url=base, api_key=KEY, max_retries=0) as client:
                yield lambda: _by_sdk(client, self.question)
        elif name == NAME and route == EVENTS:
            yield lambda: listen(f"{base}/ask", {"question": self.question, "stream": True}, headers)
        else:
            body = {"model": "rag", "messages": [{"role": "user", "content": self.question}], "stream": True}
            yield lambda: listen(f"{base}/chat/completions", body, headers)


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


def _wire_command(installation: Installation, pause: float, fact: Fact) -> Command:
    words = f"{fact.sentence} [1] ".split(" ")
    spaced = [f"{word} " for word in words if word] * REPEATED
    return installation.command("-m", "bench.rag.inside.wire", str(pause), *spaced)
