"""Errors in OpenAI's shape."""

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError

from rag.openai_api.errors import ModelNotFound, OpenAIRoute, document
from servicekit.problems import FieldError, TooManyRequests, Unavailable, UnprocessableContent

ERRORS = {
    "missing": ModelNotFound("There is no model x."),
    "limited": TooManyRequests("Too many.", retry_after=9),
    "away": OperationalError("SELECT", {}, Exception("gone")),
    "unread": HTTPException(400, "cannot be read"),
}


class Body(BaseModel):
    number: int


@pytest.fixture
def client() -> httpx2.AsyncClient:
    router = APIRouter(route_class=OpenAIRoute)

    @router.get("/fail/{name}")
    async def fail(name: str) -> None:
        raise ERRORS[name]

    @router.post("/take")
    async def take(body: Body) -> int:
        return body.number

    app = FastAPI()
    app.include_router(router)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test")


@pytest.mark.parametrize(
    ("name", "status", "kind", "code"),
    [
        ("missing", 404, "invalid_request_error", "model_not_found"),
        ("limited", 429, "rate_limit_error", "rate_limited"),
        ("away", 503, "server_error", "database_unavailable"),
        ("unread", 400, "invalid_request_error", "bad_request"),
    ],
)
async def test_every_error_of_a_route_has_the_shape(name: str, status: int, kind: str, code: str, client) -> None:
    response = await client.get(f"/fail/{name}")
    error = response.json()["error"]
    assert (response.status_code, error["type"], error["code"]) == (status, kind, code)


async def test_headers_of_an_error_are_kept(client) -> None:
    assert (await client.get("/fail/limited")).headers["retry-after"] == "9"


async def test_invalid_values_are_named(client) -> None:
    response = await client.post("/take", json={"number": "x"})
    error = response.json()["error"]
    assert (response.status_code, error["param"]) == (422, "number")
    assert "number: Input should be a valid integer" in error["message"]


async def test_a_body_of_another_type_is_said_to_be(client) -> None:
    response = await client.post("/take", content="number=1", headers={"Content-Type": "text/plain"})
    assert (response.status_code, response.json()["error"]["code"]) == (415, "unsupported_media_type")


def test_detail_places_and_hint_are_one_message() -> None:
    problem = UnprocessableContent("1 value is not valid.", hint="Look.", errors=[FieldError("n", "is too large")])
    assert document(problem).error.message == "1 value is not valid. n: is too large. Look."
    assert document(Unavailable("Away.")).error.param is None
