import asyncio
import hashlib

import pytest

from servicekit.auth.authenticator import (
    DEVELOPMENT,
    Authenticator,
    InvalidCredential,
    KeysUnavailable,
    MissingCredential,
)
from servicekit.auth.memory import MemoryApiKeyStore
from servicekit.auth.ports import ApiKeyRecord
from servicekit.auth.principal import Principal

ACME = Principal("acme", "k1", frozenset({"a:read"}))
SECRET = "s3_cr-et"
KEY = f"pk_k1_{SECRET}".encode()


class CountingStore(MemoryApiKeyStore):
    calls = 0
    works = True

    async def find(self, key_id: str) -> ApiKeyRecord | None:
        self.calls += 1
        await asyncio.sleep(0)
        if not self.works:
            raise ConnectionError("postgresql://user:canary@db")
        return await super().find(key_id)


@pytest.fixture
def store() -> CountingStore:
    return CountingStore(ApiKeyRecord("k1", hashlib.sha256(SECRET.encode()).hexdigest(), ACME))


@pytest.mark.parametrize(
    "headers",
    [
        {b"x-api-key": KEY},
        {b"authorization": b"Bearer " + KEY},
        {b"authorization": b"bearer  " + KEY + b" "},
        {b"x-api-key": KEY, b"authorization": b"Basic abc"},
    ],
)
async def test_knows_a_key_in_either_header(headers: dict[bytes, bytes], store) -> None:
    assert await Authenticator(store).authenticate(headers) == ACME


@pytest.mark.parametrize(
    "headers", [{}, {b"x-api-key": b""}, {b"authorization": b"Basic YTpi"}, {b"authorization": b"Bearer "}]
)
async def test_asks_for_a_credential_when_there_is_none(headers: dict[bytes, bytes], store) -> None:
    with pytest.raises(MissingCredential) as refusal:
        await Authenticator(store).authenticate(headers)

    assert refusal.value.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "key",
    [b"pk_k1_wrong", b"pk_k2_" + SECRET.encode(), b"pk_k1_", b"pk__x", b"pk_k1", b"nonsense", b"\xff\xfe", b"a.b.c"],
)
async def test_refuses_what_is_no_key_of_the_store(key: bytes, store) -> None:
    with pytest.raises(InvalidCredential) as refusal:
        await Authenticator(store).authenticate({b"x-api-key": key})

    assert refusal.value.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


async def test_looks_a_good_key_up_once_while_it_is_remembered(store) -> None:
    authenticator = Authenticator(store, cache_seconds=30)

    await asyncio.gather(*(authenticator.authenticate({b"x-api-key": KEY}) for _ in range(20)))

    assert store.calls == 1


async def test_a_revoked_key_is_forgotten_after_the_cache_time(store) -> None:
    authenticator = Authenticator(store, cache_seconds=0.05)
    await authenticator.authenticate({b"x-api-key": KEY})
    store.revoke("k1")

    assert await authenticator.authenticate({b"x-api-key": KEY}) == ACME
    await asyncio.sleep(0.06)
    with pytest.raises(InvalidCredential):
        await authenticator.authenticate({b"x-api-key": KEY})


async def test_without_cache_time_every_request_is_looked_up(store) -> None:
    authenticator = Authenticator(store, cache_seconds=0)
    for _ in range(3):
        await authenticator.authenticate({b"x-api-key": KEY})

    assert store.calls == 3


async def test_a_refused_key_works_as_soon_as_it_exists(store) -> None:
    authenticator = Authenticator(store)
    store.revoke("k1")
    with pytest.raises(InvalidCredential):
        await authenticator.authenticate({b"x-api-key": KEY})

    store.add(ApiKeyRecord("k1", hashlib.sha256(SECRET.encode()).hexdigest(), ACME))

    assert await authenticator.authenticate({b"x-api-key": KEY}) == ACME


async def test_says_503_when_the_store_does_not_answer_and_recovers(store) -> None:
    authenticator = Authenticator(store)
    store.works = False
    with pytest.raises(KeysUnavailable) as refusal:
        await authenticator.authenticate({b"x-api-key": KEY})
    assert refusal.value.status == 503
    assert "canary" not in refusal.value.detail

    store.works = True

    assert await authenticator.authenticate({b"x-api-key": KEY}) == ACME


async def test_the_development_key_may_do_everything(store) -> None:
    authenticator = Authenticator(store, development_key="dev-key")

    principal = await authenticator.authenticate({b"x-api-key": b"dev-key"})

    assert principal == DEVELOPMENT
    assert principal.may("anything:at-all")
    assert store.calls == 0


async def test_the_cache_of_credentials_is_bounded(store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("servicekit.auth.authenticator.CACHE_SIZE", 3)
    authenticator = Authenticator(store)
    for number in range(9):
        digest = hashlib.sha256(b"x").hexdigest()
        store.add(ApiKeyRecord(f"n{number}", digest, ACME))
        await authenticator.authenticate({b"x-api-key": b"pk_n%d_x" % number})

    assert len(authenticator._cache) == 3
