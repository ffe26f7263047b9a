import asyncio
import re

import pytest

from servicekit.http.health import Health


class Part:
    def __init__(self) -> None:
        self.calls = 0
        self.error: Exception | None = None
        self.restriction: str | None = None

    async def check(self) -> str | None:
        self.calls += 1
        if self.error:
            raise self.error
        return self.restriction


async def test_names_the_failing_part_and_recovers_without_telling_secrets(make_app, http) -> None:
    app = make_app()
    database, redis = Part(), Part()
    app.state.kit.health.add("database", database.check)
    app.state.kit.health.add("redis", redis.check)
    redis.error = ConnectionError("redis://:canary@host")

    failing = await http.call(app, "GET", "/readyz")
    redis.error = None
    well = await http.call(app, "GET", "/readyz")

    assert (failing.status, failing.json()) == (
        503, {"status": "not_ready", "checks": {"database": "ok", "redis": "failing: ConnectionError"}},
    )  # fmt: skip
    assert (well.status, well.json()["status"]) == (200, "ready")


async def test_lives_while_a_part_fails(make_app, http) -> None:
    app = make_app()
    part = Part()
    part.error = OSError()
    app.state.kit.health.add("database", part.check)

    assert [(await http.call(app, "GET", path)).status for path in ("/livez", "/healthz", "/version")] == [200] * 3


async def test_a_restricted_part_is_told_and_does_not_stop_the_process() -> None:
    health, part = Health(), Part()
    part.restriction = "two models are old"
    health.add("models", part.check)

    readiness = await health.readiness()

    assert (readiness.ready, readiness.checks) == (True, {"models": "degraded: two models are old"})


async def test_a_part_that_hangs_has_failed() -> None:
    health = Health(check_seconds=0.02)
    health.add("slow", asyncio.Event().wait)

    assert (await health.readiness()).checks == {"slow": "failing: TimeoutError"}


async def test_many_probes_are_one_check_a_second() -> None:
    health, part = Health(cache_seconds=0.05), Part()
    health.add("database", part.check)

    await asyncio.gather(*(health.readiness() for _ in range(10)))
    assert part.calls == 1
    await asyncio.sleep(0.06)
    await health.readiness()
    assert part.calls == 2


async def test_a_draining_process_is_not_ready_and_answers(make_app, http) -> None:
    app = make_app()
    app.state.kit.health.draining = True

    ready = await http.call(app, "GET", "/readyz")

    assert (ready.status, ready.json()["status"]) == (503, "draining")
    assert (await http.call(app, "GET", "/livez")).status == 200


async def test_tells_version_and_metrics(make_app, http) -> None:
    app = make_app()

    assert (await http.call(app, "GET", "/version")).json() == {"service": "service", "version": "1.2.3"}
    metrics = await http.call(app, "GET", "/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    assert b"http_requests_in_progress" in metrics.body


@pytest.mark.parametrize(
    ("overrides", "status"),
    [
        ({}, 200),
        ({"http__docs": False}, 404),
        ({"environment": "production"}, 404),
        ({"environment": "production", "http__docs": True}, 200),
    ],
)
async def test_the_documentation_is_served_where_the_settings_say_so(overrides, status: int, make_app, http) -> None:
    if "environment" in overrides:
        overrides |= {"database__url": "sqlite+aiosqlite:///x", "redis_url": "redis://r", "auth__development_key": None}
    app = make_app(**overrides)

    docs, document = [await http.call(app, "GET", path) for path in ("/docs", "/openapi.json")]

    assert (docs.status, document.status) == (status, status)
    if status == 200:
        assert docs.headers["content-security-policy"].startswith("default-src 'self' data: ")
        needed = re.findall(r'(?:src|href)="([^"]+)"', docs.body.decode())
        assert len(needed) == 3
        assert [(await http.call(app, "GET", path)).status for path in needed] == [200] * 3
