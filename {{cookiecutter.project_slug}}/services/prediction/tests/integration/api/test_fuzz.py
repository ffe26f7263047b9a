"""Schemathesis with all its checks over the whole OpenAPI document, with and without a key."""

import json
import sys
from pathlib import Path

import anyio
import httpx2
import pytest

HTTP_METHODS = {"get", "put", "post", "delete", "patch"}
# What a request to one model may hold, its own schema says and not the public document. For the plain route that
# schema is put in place below; but JSON Schema cannot tell which tensors fit a model, nor which bytes are a table.
CONFIGURATION = """
[[operations]]
include-path-regex = "/infer$|/scorings$|/datasets$"
checks.positive_data_acceptance.enabled = false
"""


@pytest.mark.timeout(400)
@pytest.mark.settings(limits__default="1000000/minute")
@pytest.mark.parametrize("authenticated", [True, False])
async def test_no_request_finds_a_fault(server_url: str, mint, work_folder: Path, *, authenticated: bool) -> None:
    key = {"X-API-Key": await mint()}
    async with httpx2.AsyncClient(base_url=server_url, headers=key) as client:
        document = (await client.get("/openapi.json")).json()
        model = (await client.get("/v1/models/iris/schema")).json()
    _speak_of_iris(document, model["request"])
    (work_folder / "openapi.json").write_text(json.dumps(document))
    (work_folder / "schemathesis.toml").write_text(CONFIGURATION)
    headers = [f"--header={name}:{value}" for name, value in key.items()] if authenticated else []
    options = ["--max-examples=12"] if authenticated else ["--max-examples=3", "--phases=coverage,fuzzing"]
    run = await anyio.run_process(
        [
            *(
                sys.executable,
                "-m",
                "schemathesis.cli",
                "run",
                "openapi.json",
                f"--url={server_url}",
                *headers,
                *options,
            ),
            *("--seed=7", "--generation-database=none", "--no-color", "--continue-on-failure"),
        ],
        cwd=work_folder,
        check=False,
    )
    assert run.returncode == 0, run.stdout.decode()[-30000:] + run.stderr.decode()[-2000:]


def _speak_of_iris(document: dict, request: dict) -> None:
    """Let paths name the model that is there, and the predict route take what that model takes."""
    for path, operations in document["paths"].items():
        if not path.startswith(("/v1/models/{name}", "/v2/models/{name}")):
            continue
        for method, operation in operations.items():
            for parameter in operation.get("parameters", []) if method in HTTP_METHODS else []:
                if parameter["in"] == "path":
                    parameter["schema"] = {"enum": {"name": ["iris"], "version": ["1"]}[parameter["name"]]}
    del request["$schema"]
    predict = document["paths"]["/v1/models/{name}/predict"]["post"]
    predict["requestBody"]["content"]["application/json"]["schema"] = request
