"""The whole sample service against its own OpenAPI document, with all checks."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def server(start):
    return start(LIMITS__DEFAULT="1000000/minute")


@pytest.mark.parametrize("authenticated", [True, False])
def test_the_service_does_what_its_document_says(authenticated: bool, server, tmp_path: Path) -> None:
    key = ["--header", "X-API-Key: dev-key-of-the-sample"] if authenticated else []

    result = subprocess.run(
        [str(Path(sys.executable).with_name("schemathesis")), "run", f"{server.url}/openapi.json", *key,
         "--checks", "all", "--seed", "7", "--max-examples", "15", "--generation-database", "none"],
        cwd=tmp_path, capture_output=True, text=True, timeout=110,
    )  # fmt: skip

    assert result.returncode == 0, result.stdout[-5000:]
