"""The OpenAPI document is committed, so that a change of the interface is seen in review."""

import json
from pathlib import Path

from prediction.openapi import document
from prediction.scopes import SCOPES

COMMITTED = Path(__file__).parents[3] / "openapi.json"


def test_the_committed_document_is_the_present_one() -> None:
    assert COMMITTED.read_text() == document(), "run `make openapi` and commit the file"


def test_the_document_names_no_model_and_no_tenant() -> None:
    assert not {path for path in json.loads(document())["paths"] if "iris" in path}


async def test_the_served_document_is_the_committed_one(client) -> None:
    served, committed = (await client.get("/openapi.json")).json(), json.loads(COMMITTED.read_text())
    served["info"]["version"] = committed["info"]["version"]
    assert served == committed


async def test_every_operation_documents_its_refusals() -> None:
    for path, operations in json.loads(document())["paths"].items():
        for method, operation in operations.items():
            if "security" in operation:
                assert {"401", "429"} <= set(operation["responses"]), f"{method} {path}"


def test_a_key_can_have_the_scopes_that_the_routes_ask_for_and_no_others() -> None:
    paths = json.loads(document())["paths"].values()
    operations = [operation for path in paths for operation in path.values()]
    asked = {scope for each in operations for way in each.get("security", ()) for scope in way.get("ApiKey", ())}
    assert list(SCOPES) == sorted(asked)
