"""Fixtures: a scripted provider, and a gateway on it for each protocol."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import langchain_anthropic  # noqa: F401 - imported here, so that no call under test waits for it
import langchain_openai  # noqa: F401 - the same
import pytest
from fakeredis import FakeAsyncRedis

from llmkit.testkit.replies import Protocol
from llmkit.testkit.wire import Wire

sys.path.append(str(Path(__file__).parent))  # so that tests import `bench`

from wire_bench import Bench, MakeBench


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with Wire() as running:
        yield running


@pytest.fixture(params=["openai", "anthropic"])
def protocol(request: pytest.FixtureRequest) -> Protocol:
    return request.param


@pytest.fixture
async def make_bench(wire: Wire, protocol: Protocol) -> AsyncIterator[MakeBench]:
    made: list[Bench] = []

    def make(redis: FakeAsyncRedis | None = None, **overrides: object) -> Bench:
        bench = Bench(wire, protocol, redis, overrides)
        made.append(bench)
        return bench

    yield make
    for bench in made:
        await bench.gateway.aclose()


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench()
