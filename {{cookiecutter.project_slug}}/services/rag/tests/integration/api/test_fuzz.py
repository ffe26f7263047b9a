"""Schemathesis with all its checks over the whole OpenAPI document, with and without a key."""

import json
import sys
from pathlib import Path

import anyio
import httpx2
import pytest

# JSON Schema cannot tell which bytes are a document, which text in a form is a JSON object, nor which sets there are.
CONFIGURATION = """
[[operations]]
include-path-regex = "/v1/documents$|/v1/evaluations$"
checks.positive_data_acceptance.enabled = false
"""


@pytest.mark.timeout(500)
@pytest.mark.settings(limits__default="1000000/minute", conversations__titles=False)
@pytest.mark.parametrize("authenticated", [True, False])
async def test_no_request_finds_a_fault(
    server_url: str, manual: str, mint, tmp_path: Path, *, authenticated: bool
) -> None:
    key = {"X-API-Key": await mint()}
    async with httpx2.AsyncClient(base_url=server_url, headers=key) as client:
        document = (await client.get("/openapi.json")).json()
    _speak_of_the_manual(document, manual)
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "schemathesis.toml").write_text(CONFIGURATION)
    headers = [f"--header={name}:{value}" for name, value in key.items()] if authenticated else []
    options = ["--max-examples=12"] if authenticated else ["--max-examples=3", "--phases=coverage,fuzzing"]
    command = [sys.executable, "-m", "schemathesis.cli", "run", "openapi.json", f"--url={server_url}", *headers]
    always = ["--seed=7", "--generation-database=none", "--no-color", "--continue-on-failure"]
    run = await anyio.run_process([*command, *options, *always], cwd=folder, check=False)
    assert run.returncode == 0, run.stdout.decode()[-30000:] + run.stderr.decode()[-2000:]


def _speak_of_the_manual(document: dict, manual: str) -> None:
    """Let reading paths name the document that is there, so that they are not all 404."""
    for path, operations in document["paths"].items():
        if path.startswith("/v1/documents/{document_id}") and "get" in operations:
            for parameter in operations["get"].get("parameters", []):
                if parameter["in"] == "path" and parameter["name"] == "document_id":
                    parameter["schema"] = {"enum": [manual]}
