"""The guard on raw routes and as a FastAPI dependency: credential, scopes, limit."""

import hashlib
from typing import Annotated

import pytest
from fastapi import APIRouter, Security

from servicekit.auth.guard import require
from servicekit.auth.memory import MemoryApiKeyStore
from servicekit.auth.ports import ApiKeyRecord
from servicekit.auth.principal import Principal
from servicekit.context import current_request
from servicekit.http.routes import RawRoute

READER = {"x-api-key": "pk_k1_s"}
Reader = Annotated[Principal, Security(require("x:read"))]
Writer = Annotated[Principal, Security(require("x:write", limit="2/minute"))]


@pytest.fixture
def app(make_app, http):
    router = APIRouter()

    @router.get("/read")
    async def read(principal: Reader) -> str:
        context = current_request()
        assert context is not None
        assert context.principal == principal
        return principal.tenant

    @router.post("/write")
    async def write(principal: Writer) -> str:
        return principal.tenant

    holder = []

    async def hot(scope, receive, send) -> None:
        await holder[0](scope)
        await http.constant()(scope, receive, send)

    app = make_app(router=router, raw=[RawRoute("/hot", "POST", hot)], limits__default="3/minute")
    kit = app.state.kit
    secret = hashlib.sha256(b"s").hexdigest()
    kit.authenticator._keys = MemoryApiKeyStore(
        ApiKeyRecord("k1", secret, Principal("acme", "k1", frozenset({"x:read"}))),
        ApiKeyRecord("k2", secret, Principal("globex", "k2", frozenset({"x:write", "x:read"}))),
    )
    holder.append(kit.guard("x:read"))
    return app


@pytest.mark.parametrize(("method", "path"), [("GET", "/read"), ("POST", "/hot")])
async def test_lets_the_right_key_pass_and_tells_what_is_left(method: str, path: str, app, http, output) -> None:
    answer = await http.call(app, method, path, headers=READER)

    assert answer.status == 200
    assert answer.headers["ratelimit-policy"] == '"default";q=3;w=60'
    assert answer.headers["ratelimit"].startswith('"default";r=2;t=')
    assert (output.requests[0]["tenant"], output.requests[0]["subject"]) == ("acme", "k1")


@pytest.mark.parametrize(("method", "path"), [("GET", "/read"), ("POST", "/hot")])
@pytest.mark.parametrize(
    ("headers", "code"), [({}, "credential_missing"), ({"x-api-key": "pk_k1_wrong"}, "credential_invalid")]
)
async def test_refuses_missing_and_wrong_keys(method: str, path: str, headers, code: str, app, http) -> None:
    answer = await http.call(app, method, path, headers=headers)

    assert (answer.status, answer.json()["code"]) == (401, code)
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_refuses_a_key_without_the_scope(app, http) -> None:
    answer = await http.call(app, "POST", "/write", headers=READER)

    assert (answer.status, answer.json()["code"]) == (403, "scope_missing")
    assert "x:write" in str(answer.json()["detail"])


async def test_the_default_limit_is_per_tenant_over_all_routes(app, http) -> None:
    statuses = [
        (await http.call(app, method, path, headers=READER)).status
        for method, path in [("GET", "/read"), ("POST", "/hot"), ("GET", "/read"), ("POST", "/hot"), ("GET", "/read")]
    ]
    refused = await http.call(app, "POST", "/hot", headers=READER)
    other = await http.call(app, "GET", "/read", headers={"authorization": "Bearer pk_k2_s"})

    assert statuses == [200, 200, 200, 429, 429]
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit"].startswith('"default";r=0;t=' + refused.headers["retry-after"])
    assert other.status == 200


async def test_a_route_may_have_a_limit_of_its_own(app, http) -> None:
    writer = {"x-api-key": "pk_k2_s"}

    answers = [await http.call(app, "POST", "/write", headers=writer) for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"x:write";q=2;w=60'
    assert (await http.call(app, "GET", "/read", headers=writer)).status == 200
