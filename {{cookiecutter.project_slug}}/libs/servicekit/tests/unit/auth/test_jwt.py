"""Tokens signed here, keys served by a loopback server."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from servicekit.auth.authenticator import Authenticator, InvalidCredential
from servicekit.auth.jwt import (
    IssuerUnavailable,
    JwtVerifier,
    RemoteKeys,
    TokenExpired,
    TokenMisdirected,
    TokenRules,
    TokenWithoutTenant,
)
from servicekit.auth.memory import MemoryApiKeyStore
from servicekit.auth.principal import Principal

RULES = TokenRules("https://issuer.test", "orders", ("RS256", "ES256"), "tenant", "scope")


class Issuer:
    """Publishes public keys and counts who asks."""

    def __init__(self) -> None:
        self.keys: list[dict[str, object]] = []
        self.calls = 0
        self.status = 200
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.calls += 1
                body = json.dumps({"keys": issuer.keys}).encode()
                self.send_response(issuer.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/jwks.json"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def publish(self, key_id: str, key: RSAPrivateKey | EllipticCurvePrivateKey) -> None:
        algorithm = jwt.algorithms.RSAAlgorithm if isinstance(key, RSAPrivateKey) else jwt.algorithms.ECAlgorithm
        self.keys.append({**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": key_id, "use": "sig"})

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def rsa_key() -> RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def ec_key() -> EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def issuer(rsa_key, ec_key) -> Iterator[Issuer]:
    issuer = Issuer()
    issuer.publish("r1", rsa_key)
    issuer.publish("e1", ec_key)
    yield issuer
    issuer.close()


@pytest.fixture
async def verifier(issuer):
    verifier = JwtVerifier(RemoteKeys(issuer.url), RULES)
    yield verifier
    await verifier.aclose()


def claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    base = {
        "iss": RULES.issuer, "aud": RULES.audience, "sub": "alice", "exp": now + 300, "tenant": "acme",
        "scope": "orders:write orders:read",
    }  # fmt: skip
    return {name: value for name, value in (base | changes).items() if value is not None}


def sign(key: object, algorithm: str = "RS256", key_id: str | None = "r1", **changes: object) -> str:
    return jwt.encode(claims(**changes), key, algorithm, headers={"kid": key_id} if key_id else {})


@pytest.mark.parametrize("kind", ["rsa", "ec"])
async def test_reads_the_principal_of_a_good_token(kind: str, verifier, rsa_key, ec_key) -> None:
    token = sign(rsa_key) if kind == "rsa" else sign(ec_key, "ES256", "e1")

    principal, expires_at = await verifier.verify(token)

    assert principal == Principal("acme", "alice", frozenset({"orders:write", "orders:read"}))
    assert 200 < expires_at - time.time() <= 300


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"exp": 1}, TokenExpired, "token_expired"),
        ({"aud": "other"}, TokenMisdirected, "token_misdirected"),
        ({"iss": "https://evil.test"}, TokenMisdirected, "token_misdirected"),
        ({"tenant": None}, TokenWithoutTenant, "token_without_tenant"),
        ({"tenant": ""}, TokenWithoutTenant, "token_without_tenant"),
        ({"tenant": ["acme"]}, TokenWithoutTenant, "token_without_tenant"),
        ({"exp": None}, InvalidCredential, "credential_invalid"),
        ({"sub": None}, InvalidCredential, "credential_invalid"),
        ({"aud": None}, InvalidCredential, "credential_invalid"),
        ({"nbf": int(time.time()) + 3600}, InvalidCredential, "credential_invalid"),
    ],
)
async def test_refuses_wrong_claims_with_a_stable_code(changes, error, code: str, verifier, rsa_key) -> None:
    with pytest.raises(error) as refusal:
        await verifier.verify(sign(rsa_key, **changes))

    assert (refusal.value.status, refusal.value.code) == (401, code)


@pytest.mark.parametrize("scope", [None, 7, "", []])
async def test_a_token_without_scopes_may_do_nothing(scope: object, verifier, rsa_key) -> None:
    principal, _ = await verifier.verify(sign(rsa_key, scope=scope))

    assert principal.scopes == frozenset()


async def test_claim_names_are_settings_and_scopes_may_be_a_list(issuer, rsa_key) -> None:
    rules = TokenRules(RULES.issuer, RULES.audience, ("RS256",), "org_id", "permissions")
    verifier = JwtVerifier(RemoteKeys(issuer.url), rules)

    principal, _ = await verifier.verify(sign(rsa_key, tenant=None, org_id="globex", permissions=["a", "b"]))
    await verifier.aclose()

    assert (principal.tenant, principal.scopes) == ("globex", frozenset({"a", "b"}))


async def test_refuses_forged_tokens(verifier, rsa_key, ec_key) -> None:
    stranger = rsa.generate_private_key(65537, 2048)
    public = rsa_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": "r1"}).encode()).rstrip(b"=").decode()
    good = sign(rsa_key)
    payload = good.split(".")[1]
    confused = jwt.encode(claims(), base64.b64encode(public) + b"-" * 32, "HS256", headers={"kid": "r1"})
    forged = [
        sign(stranger),  # another key under a known id
        jwt.encode(claims(), None, "none", headers={"kid": "r1"}),
        confused,  # the public key as a shared secret
        f"{header}.{payload}.{good.split('.')[2]}",
        sign(ec_key, "ES256", "r1"),  # the algorithm does not fit the key
        good[:-4] + "AAAA",
        sign(rsa_key, "RS512"),  # not in the list of algorithms
        sign(rsa_key, key_id=None),
        "not.a.token",
        "",
    ]

    for token in forged:
        with pytest.raises(InvalidCredential):
            await verifier.verify(token)


async def test_fetches_the_keys_once_and_again_for_an_unknown_one(issuer, verifier, rsa_key, monkeypatch) -> None:
    for _ in range(3):
        await verifier.verify(sign(rsa_key))
    assert issuer.calls == 1
    new = rsa.generate_private_key(65537, 2048)
    issuer.publish("r2", new)

    for _ in range(5):  # too soon after the first fetch
        with pytest.raises(InvalidCredential):
            await verifier.verify(sign(new, key_id="r2"))
    assert issuer.calls == 1

    monkeypatch.setattr("servicekit.auth.jwt.REFRESH_SECONDS", 0)
    await verifier.verify(sign(new, key_id="r2"))
    assert issuer.calls == 2


async def test_known_keys_stay_in_use_while_the_issuer_is_away(issuer, verifier, rsa_key, monkeypatch) -> None:
    await verifier.verify(sign(rsa_key))
    monkeypatch.setattr("servicekit.auth.jwt.REFRESH_SECONDS", 0)
    monkeypatch.setattr("servicekit.auth.jwt.KEYS_SECONDS", 0)
    issuer.status = 500

    await verifier.verify(sign(rsa_key))

    assert issuer.calls == 2


@pytest.mark.parametrize("broken", ["status", "keys"])
async def test_says_503_when_no_keys_are_known_and_recovers(
    broken: str, issuer, verifier, rsa_key, monkeypatch
) -> None:
    monkeypatch.setattr("servicekit.auth.jwt.REFRESH_SECONDS", 0)
    keys = issuer.keys
    if broken == "status":
        issuer.status = 500
    else:
        issuer.keys = [{"kty": "unheard-of"}]
    with pytest.raises(IssuerUnavailable) as refusal:
        await verifier.verify(sign(rsa_key))
    assert refusal.value.status == 503

    issuer.status, issuer.keys = 200, keys

    await verifier.verify(sign(rsa_key))


async def test_the_authenticator_believes_a_token_no_longer_than_it_is_valid(issuer, verifier, rsa_key) -> None:
    authenticator = Authenticator(MemoryApiKeyStore(), tokens=verifier, cache_seconds=30)
    token = sign(rsa_key, exp=int(time.time()) + 20).encode()

    principal = await authenticator.authenticate({b"authorization": b"Bearer " + token})

    assert principal.tenant == "acme"
    ((_, believed_until),) = authenticator._cache.values()
    assert believed_until - time.monotonic() <= 20
