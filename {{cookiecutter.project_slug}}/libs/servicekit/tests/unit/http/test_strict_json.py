import pytest
from fastapi import APIRouter
from pydantic import BaseModel, JsonValue

from servicekit.http.strict_json import MAX_DEPTH, MalformedJson, check_json, is_json

GOOD = [
    b"{}", b"[]", b"1", b'"x"', b"null", b"-0.5e10",
    b'{"a": {"b": [1, 2.5, true, null, "\\u00e9"]}}',
    b'{"a": "\\\\u0000"}', b'{"a":"\\ud83d\\ude00"}', "\"ü😀\"".encode(), b"[" * MAX_DEPTH + b"]" * MAX_DEPTH,
    b" [1]\n",
]  # fmt: skip
BAD = [
    b"{", b'{"a":}', b"{'a':1}", b"[1,]", b"nul", b"", b" ", b"1 2", b'"a\nb"',
    b"NaN", b"[Infinity]", b'{"a":-Infinity}', b"1e400", b"[-1e999]", b"9" * 5000,
    b'{"a":1,"a":2}', b'{"x":{"b":1,"b":1}}', b'"\\u0000"', b'{"\\u0000":1}', b'["a\\u0000"]',
    b'"\\ud800"', b'["\\udc00x"]', b'{"\\ud800":1}', b'"\xff"', b'{"a":"\xc3"}', "{}".encode("utf-16"),
    b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), b"[" * 100_000, b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
]  # fmt: skip


@pytest.mark.parametrize("body", GOOD)
def test_accepts_json(body: bytes) -> None:
    check_json(body)


@pytest.mark.parametrize("body", BAD, ids=lambda body: repr(body[:20]))
def test_refuses_what_only_python_reads(body: bytes) -> None:
    with pytest.raises(MalformedJson):
        check_json(body)


@pytest.mark.parametrize(
    ("content_type", "json"),
    [
        (b"application/json", True), (b"Application/JSON; charset=utf-8", True), (b"application/problem+json", True),
        (b"", False), (b"text/json", False), (b"application/jsonx", False),
        (b"multipart/form-data; boundary=json", False),
    ],
)  # fmt: skip
def test_knows_json_by_its_media_type(content_type: bytes, json: bool) -> None:
    assert is_json(content_type) is json


class Thing(BaseModel):
    value: JsonValue


@pytest.fixture
def app(make_app):
    router = APIRouter()

    @router.post("/things")
    async def post(thing: Thing) -> Thing:
        return thing

    return make_app(router=router)


@pytest.mark.parametrize("body", [item for item in BAD if item], ids=lambda body: repr(body[:20]))
async def test_a_bad_body_is_a_400_before_the_application_sees_it(body: bytes, app, http) -> None:
    answer = await http.call(app, "POST", "/things", headers=http.json, body=body)

    assert (answer.status, answer.json()["code"]) == (400, "malformed_json")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_good_body_arrives_unchanged_also_in_pieces(app, http) -> None:
    answer = await http.call(app, "POST", "/things", headers=http.json, body=[b'{"val', b'ue":', b"[1]}"])

    assert (answer.status, answer.body) == (200, b'{"value":[1]}')


async def test_a_repeated_content_type_does_not_lead_past_the_check(app, http) -> None:
    headers = [("content-type", "application/json"), ("content-type", "text/plain")]

    answer = await http.call(app, "POST", "/things", headers=headers, body=b'{"value": NaN}')

    assert (answer.status, answer.json()["code"]) == (400, "malformed_json")


async def test_a_client_that_goes_away_is_not_passed_on(app, http) -> None:
    answer = await http.call(app, "POST", "/things", headers=http.json, body=[{"type": "http.disconnect"}])

    assert answer.messages == []
