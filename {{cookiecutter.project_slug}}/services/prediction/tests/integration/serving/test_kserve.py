"""The Open Inference Protocol: same models, same checks, same numbers as the plain route."""

import pytest

from prediction.registry.ports import Alias

FLOWER = {"sepal length (cm)": 5.1, "sepal width (cm)": 3.5, "petal length (cm)": 1.4}
OTHER = {"sepal length (cm)": 6.0, "sepal width (cm)": 3.0, "petal length (cm)": 5.9}
FLAT = {"area": 80, "rooms": 3, "city": "Berlin", "balcony": False, "listed": "2026-05-01"}
TYPES = {"area": "FP64", "rooms": "INT64", "city": "BYTES", "balcony": "BOOL", "listed": "BYTES"}


@pytest.fixture(autouse=True)
def released(release, flowers, flats) -> None:
    release("flowers", flowers, seed=1)
    release("flats", flats)


def tensors(*rows: dict[str, object], types: dict[str, str] | None = None) -> list[dict[str, object]]:
    return [
        {
            "name": name,
            "shape": [len(rows)],
            "datatype": (types or {}).get(name, "FP64"),
            "data": [r[name] for r in rows],
        }
        for name in rows[0]
    ]


async def test_the_server_describes_itself(anonymous_client) -> None:
    assert (await anonymous_client.get("/v2")).json() == {"name": "prediction", "version": "test", "extensions": []}
    assert (await anonymous_client.get("/v2/health/live")).json() == {"live": True}
    assert (await anonymous_client.get("/v2/health/ready")).json() == {"ready": True}


async def test_is_not_ready_when_a_part_fails(anonymous_client, services) -> None:
    async def broken() -> None:
        raise OSError

    services.kit.health.add("broken", broken)
    response = await anonymous_client.get("/v2/health/ready")
    assert response.status_code == 503
    assert "readyz" in response.json()["error"]


async def test_metadata_tells_inputs_and_outputs(client) -> None:
    flats = (await client.get("/v2/models/flats")).json()
    assert {each["name"]: each["datatype"] for each in flats["inputs"]} == TYPES
    assert flats["outputs"] == [{"name": "value", "datatype": "FP64", "shape": [-1]}]
    flowers = (await client.get("/v2/models/flowers/versions/1")).json()
    assert flowers["versions"] == ["1"]
    assert flowers["outputs"] == [
        {"name": "label", "datatype": "BYTES", "shape": [-1]},
        {"name": "probabilities", "datatype": "FP64", "shape": [-1, 3]},
    ]


async def test_readiness_of_models(client) -> None:
    assert (await client.get("/v2/models/flats/ready")).json() == {"name": "flats", "ready": True}
    assert (await client.get("/v2/models/flats/versions/1/ready")).status_code == 200
    assert (await client.get("/v2/models/flats/versions/2/ready")).status_code == 404
    assert (await client.get("/v2/models/others/ready")).status_code == 404


async def test_infers_the_numbers_of_the_plain_route(client) -> None:
    plain = (await client.post("/v1/models/flowers/predict", json={"rows": [FLOWER, OTHER]})).json()
    answer = (await client.post("/v2/models/flowers/infer", json={"inputs": tensors(FLOWER, OTHER)})).json()
    label, probabilities = answer["outputs"]
    assert label["data"] == [each["label"] for each in plain["predictions"]]
    assert probabilities["shape"] == [2, 3]
    assert probabilities["data"] == [p for each in plain["predictions"] for p in each["probabilities"].values()]
    assert probabilities["parameters"] == {"classes": ["setosa", "versicolor", "virginica"]}
    assert (answer["model_name"], answer["model_version"]) == ("flowers", "1")


async def test_takes_one_matrix_of_all_features(client) -> None:
    rows = [list(FLOWER.values()), list(OTHER.values())]
    for data in (rows, [value for row in rows for value in row]):
        matrix = {"name": "x", "shape": [2, 3], "datatype": "FP32", "data": data}
        answer = (await client.post("/v2/models/flowers/infer", json={"inputs": [matrix]})).json()
        separate = (await client.post("/v2/models/flowers/infer", json={"inputs": tensors(FLOWER, OTHER)})).json()
        assert answer["outputs"] == separate["outputs"]


async def test_every_datatype_and_missing_values(client) -> None:
    plain = (await client.post("/v1/models/flats/predict", json={"rows": [FLAT | {"balcony": None}]})).json()
    body = {"id": "my-1", "inputs": tensors(FLAT | {"balcony": None}, types=TYPES)}
    answer = (await client.post("/v2/models/flats/infer", json=body)).json()
    assert answer["id"] == "my-1"
    assert answer["outputs"][0]["data"] == [plain["predictions"][0]["value"]]


async def test_only_the_wanted_outputs(client) -> None:
    body = {"inputs": tensors(FLOWER), "outputs": [{"name": "probabilities"}]}
    answer = (await client.post("/v2/models/flowers/infer", json=body)).json()
    assert [output["name"] for output in answer["outputs"]] == ["probabilities"]
    body["outputs"] = [{"name": "colour"}]
    refused = await client.post("/v2/models/flowers/infer", json=body)
    assert "outputs.colour: is not an output" in refused.json()["error"]


async def test_a_version_is_really_selected(client, release, flowers, services) -> None:
    release("flowers", flowers, seed=2, role=Alias.CHALLENGER)
    await client.put("/v1/models/flowers/traffic", json={"canary_percent": 0, "shadow": True})
    await services.models.refresh()
    inputs = {"inputs": tensors(FLOWER)}
    by_version = {
        version: (await client.post(f"/v2/models/flowers/versions/{version}/infer", json=inputs)).json()
        for version in ("1", "2")
    }
    assert [by_version[version]["model_version"] for version in ("1", "2")] == ["1", "2"]
    assert by_version["1"]["outputs"] != by_version["2"]["outputs"]
    assert by_version["2"]["parameters"]["variant"] == "challenger"
    missing = await client.post("/v2/models/flowers/versions/3/infer", json=inputs)
    assert (missing.status_code, "Served are: 1, 2" in missing.json()["error"]) == (404, True)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([{"name": "x", "shape": [2], "datatype": "FP64", "data": [1]}], "has 1 elements, its shape [2] has 2"),
        (tensors(FLOWER) + tensors(FLOWER)[:1], "name an input twice"),
        ([*tensors(FLOWER)[:2], tensors(OTHER, OTHER)[2]], "must all have the same number of rows"),
        (tensors(FLOWER)[:2], "rows[0].petal length (cm): is missing"),
        (tensors(FLOWER | {"petal length (cm)": "x"}), "must be a number, not text"),
        (tensors(FLOWER, types={"petal length (cm)": "BYTES"}), "must have the datatype FP64, not BYTES"),
        ([{"name": "petal length (cm)", "shape": [1, 2], "datatype": "FP64", "data": [1, 2]}], "one value per row"),
        (tensors(FLOWER | {"hue": 1}), "rows[0].hue: is not a field of this model"),
        ([{"name": "x", "shape": [0], "datatype": "FP64", "data": []}], "at least one row"),
        ([], "inputs: List should have at least 1 item"),
    ],
)
async def test_errors_have_the_protocols_form(client, inputs, message) -> None:
    response = await client.post("/v2/models/flowers/infer", json={"inputs": inputs})
    assert response.status_code == 422
    assert list(response.json()) == ["error"]
    assert message in response.json()["error"]


async def test_refusals_of_the_guard_have_it_too(anonymous_client) -> None:
    response = await anonymous_client.post("/v2/models/flowers/infer", json={"inputs": tensors(FLOWER)})
    assert (response.status_code, list(response.json())) == (401, ["error"])
