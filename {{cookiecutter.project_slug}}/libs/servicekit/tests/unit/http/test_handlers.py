from typing import Annotated

import pytest
from fastapi import APIRouter, File, Form, HTTPException, Query, UploadFile
from pydantic import BaseModel, Field, FiniteFloat


class Row(BaseModel):
    age: int
    ratio: FiniteFloat = 0


class Rows(BaseModel):
    rows: list[Row]
    labels: dict[str, int] = Field(default_factory=dict)


@pytest.fixture
def app(make_app, http):
    router = APIRouter()

    @router.post("/rows")
    async def post(rows: Rows, limit: Annotated[int, Query(ge=1)] = 1) -> int:
        return limit

    @router.get("/things/{thing_id}")
    async def get(thing_id: int) -> int:
        raise HTTPException(404, "No such thing.")

    @router.delete("/things/{thing_id}")
    async def delete(thing_id: int) -> None:
        raise HTTPException(418, "Tea.")

    @router.post("/upload")
    async def upload(file: Annotated[UploadFile, File()], name: Annotated[str, Form()]) -> str:
        return name

    return make_app(router=router)


async def test_names_every_invalid_value(app, http) -> None:
    body = b'{"rows":[{"age":"x"},{"ratio":1}],"labels":{"a/b":"y"}}'

    answer = await http.call(app, "POST", "/rows", headers=http.json, body=body, query=b"limit=0")

    assert (answer.status, answer.json()["code"]) == (422, "invalid_request")
    assert [(error["name"], error.get("pointer")) for error in answer.json()["errors"]] == [
        ("query.limit", None),
        ("rows[0].age", "#/rows/0/age"),
        ("rows[1].age", "#/rows/1/age"),
        ("labels.a/b", "#/labels/a~1b"),
    ]


async def test_a_missing_body_is_named(app, http) -> None:
    answer = await http.call(app, "POST", "/rows", headers=http.json)

    assert (answer.status, answer.json()["errors"]) == (
        422, [{"name": "body", "message": "Field required", "pointer": "#"}],
    )  # fmt: skip


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/xml", "multipart/form-data; boundary=x"])
async def test_a_body_of_a_type_that_is_not_read_is_415(content_type: str | None, app, http) -> None:
    headers = {"content-type": content_type} if content_type else {}

    answer = await http.call(app, "POST", "/rows", headers=headers, body=b'{"rows":[]}')

    assert (answer.status, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_a_form_route_says_415_to_other_bodies_and_422_to_incomplete_forms(app, http) -> None:
    wrong = await http.call(app, "POST", "/upload", headers={"content-type": "text/csv"}, body=b"a,b")
    form = {"content-type": "multipart/form-data; boundary=x"}
    incomplete = await http.call(
        app,
        "POST",
        "/upload",
        headers=form,
        body=b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\na\r\n--x--\r\n',
    )
    broken = await http.call(app, "POST", "/upload", headers={"content-type": "multipart/form-data"}, body=b"x")

    assert (wrong.status, incomplete.status, broken.status) == (415, 422, 400)
    assert incomplete.json()["errors"][0]["name"] == "file"


async def test_unknown_paths_and_things_are_told_apart(app, http) -> None:
    path = await http.call(app, "GET", "/nothing/here")
    thing = await http.call(app, "GET", "/things/7")

    assert (path.status, path.json()["code"]) == (404, "unknown_path")
    assert (thing.status, thing.json()["code"], thing.json()["detail"]) == (404, "not_found", "No such thing.")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE", "OPTIONS", "BREW", "POST"])
async def test_an_unknown_method_is_405_with_all_allowed_ones(method: str, app, http) -> None:
    answer = await http.call(app, method, "/things/7")

    assert (answer.status, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "DELETE, GET"


async def test_a_raw_and_a_fastapi_route_may_share_a_path(make_app, http) -> None:
    from servicekit.http.routes import RawRoute

    router = APIRouter()

    @router.get("/models/{name}")
    async def get(name: str) -> str:
        return name

    app = make_app(router=router, raw=[RawRoute("/models/{name}", "POST", http.constant())])

    statuses = [(await http.call(app, method, "/models/a")).status for method in ("GET", "POST", "PUT")]
    allow = (await http.call(app, "PUT", "/models/a")).headers["allow"]

    assert statuses == [200, 200, 405]
    assert allow == "GET, POST"


async def test_an_unusual_http_error_keeps_its_status(app, http) -> None:
    answer = await http.call(app, "DELETE", "/things/7")

    assert (answer.status, answer.json()["code"], answer.json()["title"]) == (418, "http_error", "I'm a Teapot")
