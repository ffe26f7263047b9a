"""The kit that settings ask for: each setting reaches the part it is for."""

from pathlib import Path

import pytest
from prometheus_client import generate_latest

from servicekit.auth.authenticator import InvalidCredential
from servicekit.context import SCOPE_KEY, RequestContext
from servicekit.jobs import JobCatalog
from servicekit.kit import Kit, build_kit
from servicekit.limits.limiter import LimiterUnavailable
from servicekit.settings import ServiceSettings
from servicekit.testkit.settings import make_settings


@pytest.fixture
def build(tmp_path: Path):
    def build(**overrides: object) -> Kit:
        return build_kit(
            make_settings(ServiceSettings, tmp_path, **overrides), catalog=JobCatalog("test"), version="1.2"
        )

    return build


async def test_runs_and_closes_with_defaults(build) -> None:
    kit = build()

    async with kit.running():
        readiness = await kit.health.readiness()

    assert readiness.checks == {"database": "ok", "storage": "ok"}
    assert kit.redis is None


async def test_a_redis_that_is_not_there_is_named_by_readiness(build) -> None:
    kit = build(redis_url="redis://127.0.0.1:1/0")

    async with kit.running():
        readiness = await kit.health.readiness()

    assert readiness.checks["redis"] == "failing: ConnectionError"


@pytest.mark.parametrize("policy", ["local", "refuse"])
async def test_the_policy_without_redis_is_a_setting(policy: str, build) -> None:
    kit = build(redis_url="redis://127.0.0.1:1/0", limits__on_redis_failure=policy, auth__development_key="dev-key")
    scope = guarded_scope(b"dev-key")

    async with kit.running():
        if policy == "refuse":
            with pytest.raises(LimiterUnavailable):
                await kit.guard("x")(scope)
        else:
            await kit.guard("x")(scope)

    failures = f'rate_limit_storage_failures_total{{policy="{policy}"}} 1.0'
    assert failures in generate_latest(kit.metrics).decode()


async def test_the_default_limit_is_a_setting(build) -> None:
    kit = build(limits__default="7/hour", auth__development_key="dev-key")
    scope = guarded_scope(b"dev-key")

    async with kit.running():
        await kit.guard("x")(scope)

    assert scope["servicekit.context"].rate_limit_headers[0] == (b"ratelimit-policy", b'"default";q=7;w=3600')


async def test_a_guard_is_made_once(build) -> None:
    kit = build()

    assert kit.guard("x") is kit.guard("x")
    assert kit.guard("x", limit="1/hour") is not kit.guard("x")


async def test_without_an_issuer_a_token_is_no_credential(build) -> None:
    kit = build()

    async with kit.running():
        with pytest.raises(InvalidCredential):
            await kit.authenticator.authenticate({b"authorization": b"Bearer a.b.c"})


async def test_all_settings_of_tokens_reach_the_verifier(build) -> None:
    kit = build(
        auth__jwt_issuer="https://i", auth__jwt_audience="a", auth__jwks_url="http://127.0.0.1:1/jwks",
        auth__jwt_algorithms="ES256", auth__jwt_tenant_claim="org", auth__jwt_scope_claim="scp",
        auth__key_cache_seconds=7,
    )  # fmt: skip
    rules = kit.authenticator._tokens._rules

    assert (rules.issuer, rules.audience, rules.algorithms) == ("https://i", "a", ("ES256",))
    assert (rules.tenant_claim, rules.scope_claim) == ("org", "scp")
    assert kit.authenticator._cache_seconds == 7
    async with kit.running():
        pass


async def test_the_registry_tells_about_the_process(build) -> None:
    text = generate_latest(build().metrics).decode()

    for name in ("process_resident_memory_bytes", "python_gc_collections_total", "log_lines_dropped 0.0"):
        assert name in text
    assert 'service_info{name="service",version="1.2"} 1.0' in text


def guarded_scope(key: bytes) -> dict[str, object]:
    return {"type": "http", SCOPE_KEY: RequestContext("r1", {b"x-api-key": key})}
