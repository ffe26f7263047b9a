from typing import Annotated

import pytest
from fastapi import APIRouter, Security
from pydantic import BaseModel

from servicekit.auth.guard import require
from servicekit.auth.principal import Principal
from servicekit.http.routes import RawRoute
from servicekit.problems import Conflict, problem_responses


class Thing(BaseModel):
    name: str


class Taken(Conflict):
    code = "name_taken"


class Locked(Conflict):
    code = "thing_locked"


@pytest.fixture
def document(make_app, http):
    router = APIRouter()

    @router.post("/things/{thing_id}", responses=problem_responses(Taken, Locked))
    async def post(thing_id: int, thing: Thing, principal: Annotated[Principal, Security(require("x:write"))]) -> Thing:
        return thing

    @router.get("/me")
    async def me(principal: Annotated[Principal, Security(require())]) -> str:
        return principal.tenant

    @router.get("/open")
    async def public() -> str:
        return ""

    outer = APIRouter(prefix="/outer")
    outer.include_router(router)
    operation = {"summary": "Hot", "requestBody": {"content": {}}, "responses": {"200": {"description": "OK"}}}
    raw = [
        RawRoute("/hot/{name}", "POST", http.constant(), operation, scopes=("x:read",)),
        RawRoute("/hidden", "GET", http.constant()),
    ]
    return make_app(router=outer, raw=raw).openapi()


def test_guarded_operations_name_their_security_and_scopes(document) -> None:
    paths = document["paths"]

    assert paths["/outer/things/{thing_id}"]["post"]["security"] == [{"ApiKey": ["x:write"]}, {"Bearer": ["x:write"]}]
    assert paths["/outer/me"]["get"]["security"] == [{"ApiKey": []}, {"Bearer": []}]
    assert paths["/hot/{name}"]["post"]["security"] == [{"ApiKey": ["x:read"]}, {"Bearer": ["x:read"]}]
    assert "security" not in paths["/outer/open"]["get"]
    assert "security" not in paths["/readyz"]["get"]
    assert set(document["components"]["securitySchemes"]) == {"ApiKey", "Bearer"}


def test_operations_document_the_errors_that_can_happen(document) -> None:
    paths = document["paths"]

    def statuses(path: str, method: str) -> set[str]:
        return set(paths[path][method]["responses"])

    assert statuses("/outer/things/{thing_id}", "post") == {
        "200", "400", "401", "403", "404", "409", "413", "415", "422", "429", "503",
    }  # fmt: skip
    assert statuses("/outer/me", "get") == {"200", "400", "401", "429", "503"}
    assert statuses("/outer/open", "get") == {"200", "400", "503"}
    assert statuses("/hot/{name}", "post") == {
        "200", "400", "401", "403", "404", "413", "415", "422", "429", "503",
    }  # fmt: skip
    assert statuses("/readyz", "get") == {"200", "400", "503"}
    assert "/hidden" not in paths


def test_errors_are_problem_documents_with_their_codes(document) -> None:
    responses = document["paths"]["/outer/things/{thing_id}"]["post"]["responses"]

    for status in ("400", "401", "404", "409", "422", "503"):
        schema = responses[status]["content"]["application/problem+json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Problem"}
    assert responses["409"]["description"] == "Conflict: `name_taken`, `thing_locked`"
    schemas = document["components"]["schemas"]
    assert schemas["Problem"]["required"][-1] == "request_id"
    assert "HTTPValidationError" not in schemas


def test_the_document_is_made_once(make_app) -> None:
    app = make_app()

    assert app.openapi() is app.openapi()
