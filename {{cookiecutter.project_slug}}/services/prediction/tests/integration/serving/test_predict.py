"""The predict route over HTTP: guard, answers, refusals, records."""

import json

import pytest
from sqlalchemy import select

from prediction.predictionlog.models import Prediction
from prediction.registry.ports import Alias

PREDICT = "/v1/models/flowers/predict"
FLOWER = {"sepal length (cm)": 5.1, "sepal width (cm)": 3.5, "petal length (cm)": 1.4}
FLAT = {"area": 80, "rooms": 3, "city": "Berlin", "balcony": False, "listed": "2026-05-01"}


@pytest.fixture(autouse=True)
def released(release, flowers, flats) -> None:
    release("flowers", flowers, seed=1)
    release("flats", flats)


async def test_answers_and_names_the_version(client) -> None:
    response = await client.post(PREDICT, json={"rows": [FLOWER, FLOWER]})
    body = response.json()
    assert response.status_code == 200
    assert (body["model"], body["version"], body["variant"]) == ("flowers", "1", "champion")
    first, second = body["predictions"]
    assert second["id"] == f"{first['id']}-1"
    assert first["probabilities"][first["label"]] == first["probability"] == max(first["probabilities"].values())


async def test_every_answer_reaches_the_database(client, services, database) -> None:
    response = await client.post(PREDICT, json={"rows": [FLOWER, FLOWER], "key": "customer 7"})
    ids = {prediction["id"] for prediction in response.json()["predictions"]}
    assert await services.log.flush(5)
    async with database.reading() as session:
        rows = (await session.scalars(select(Prediction))).all()
    assert {row.id for row in rows} == ids
    assert {(row.tenant, row.model, row.version, row.variant, row.key) for row in rows} == {
        ("acme", "flowers", "1", "champion", "customer 7")
    }
    assert json.loads(rows[0].features) == FLOWER


async def test_refusals_are_problems_that_name_row_and_field(client) -> None:
    response = await client.post(PREDICT, json={"rows": [FLOWER, FLOWER | {"sepal width (cm)": None, "color": "red"}]})
    problem = response.json()
    assert (response.status_code, problem["code"]) == (422, "invalid_request")
    assert response.headers["content-type"] == "application/problem+json"
    assert [(error["name"], error["pointer"]) for error in problem["errors"]] == [
        ("rows[1].sepal width (cm)", "#/rows/1/sepal width (cm)"),
        ("rows[1].color", "#/rows/1/color"),
    ]
    assert problem["request_id"] == response.headers["x-request-id"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
async def test_numbers_that_are_not_finite_are_named(client, number) -> None:
    body = json.dumps({"rows": [FLOWER]}).replace("1.4", number)
    response = await client.post(PREDICT, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    assert response.json()["errors"][0]["message"] == f"must be a finite number, not {number}"


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed_json"),
        (b"", "application/json", 400, "malformed_json"),
        (b"\xff", "application/json", 400, "malformed_json"),
        (b"a=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"[]", "application/json; charset=utf-8", 422, "invalid_request"),
        (b'{"rows":"' + b"x" * 2_000_000 + b'"}', "application/json", 413, "payload_too_large"),
    ],
)
async def test_other_bodies_are_refused(client, content, content_type, status, code) -> None:
    response = await client.post(PREDICT, content=content, headers={"Content-Type": content_type})
    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_a_body_may_come_in_pieces(client) -> None:
    text = json.dumps({"rows": [FLOWER]}).encode()

    async def pieces():
        for at in range(0, len(text), 7):
            yield text[at : at + 7]

    response = await client.post(PREDICT, content=pieces(), headers={"Content-Type": "application/json"})
    assert response.status_code == 200


async def test_needs_a_key_with_the_scope(anonymous_client, make_client) -> None:
    assert (await anonymous_client.post(PREDICT, json={"rows": [FLOWER]})).status_code == 401
    reader = await make_client("acme", {"prediction:read"})
    assert (await reader.post(PREDICT, json={"rows": [FLOWER]})).status_code == 403


async def test_models_belong_to_their_tenant(client, other_client, release, flats, services) -> None:
    assert (await other_client.post(PREDICT, json={"rows": [FLOWER]})).json()["code"] == "model_not_found"
    release("flowers", flats, tenant="globex")
    await services.models.refresh()
    other = await other_client.post(PREDICT, json={"rows": [FLAT]})
    assert (other.status_code, (await client.post(PREDICT, json={"rows": [FLOWER]})).status_code) == (200, 200)


async def test_a_model_without_champion_says_how_to_get_one(client, release, flowers, registry) -> None:
    release("later", flowers, role=Alias.CHALLENGER)
    response = await client.post("/v1/models/later/predict", json={"rows": [FLOWER]})
    assert (response.status_code, response.json()["code"]) == (409, "no_champion")
    assert "promote" in response.json()["hint"]


async def test_serves_on_while_the_registry_is_away_and_says_so(client, registry, services) -> None:
    assert (await client.post(PREDICT, json={"rows": [FLOWER]})).status_code == 200
    registry.reachable = False
    await services.models.refresh()
    assert (await client.post(PREDICT, json={"rows": [FLOWER]})).status_code == 200
    ready = await client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["checks"]["models"] == "degraded: the registry is away"
    assert "prediction_degraded 1.0" in (await client.get("/metrics")).text


async def test_counts_by_model_version_and_variant(client) -> None:
    await client.post(PREDICT, json={"rows": [FLOWER] * 3})
    metrics = (await client.get("/metrics")).text
    assert 'predictions_total{model="flowers",variant="champion",version="1"} 3.0' in metrics
    assert "prediction_models_loaded 2.0" in metrics
    assert 'prediction_loads_total{result="loaded"} 2.0' in metrics
    assert "acme" not in metrics


async def test_the_schema_route_describes_and_exemplifies_a_request(client) -> None:
    import jsonschema

    for model in ("flowers", "flats"):
        described = (await client.get(f"/v1/models/{model}/schema")).json()
        jsonschema.validate(described["example"], described["request"])
        assert (await client.post(f"/v1/models/{model}/predict", json=described["example"])).status_code == 200
    schema = described["request"]["properties"]["rows"]["items"]["properties"]
    assert schema["city"] == {"enum": ["Berlin", "Köln", "München"]}
    assert schema["rooms"]["type"] == "integer"
    assert schema["balcony"] == {"anyOf": [{"type": "boolean"}, {"type": "null"}]}


async def test_the_schema_of_an_unknown_model_is_not_found(client) -> None:
    assert (await client.get("/v1/models/others/schema")).status_code == 404
