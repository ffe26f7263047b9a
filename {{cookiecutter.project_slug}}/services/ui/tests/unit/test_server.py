"""The routes that every service has, and the headers that keep a page to itself."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from ui.server import POLICY, ROUTES, SecurityHeaders


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=ROUTES, middleware=[Middleware(SecurityHeaders)]))


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/readyz", {"status": "ready", "checks": {}}),
        ("/livez", {"status": "alive"}),
        ("/healthz", {"status": "alive"}),
        ("/version", {"service": "ui", "version": "0.1.0"}),
    ],
)
def test_says_how_it_is(client: TestClient, path: str, answer: dict[str, object]) -> None:
    response = client.get(path)
    assert response.json() == answer
    assert response.headers["content-security-policy"] == POLICY


def test_errors_have_the_headers_too(client: TestClient) -> None:
    response = client.get("/nowhere")
    assert response.status_code == 404
    assert response.headers["referrer-policy"] == "same-origin"


def test_nothing_may_be_loaded_from_elsewhere_or_shown_inside_another_page() -> None:
    sources = {rule.split()[0]: rule.split()[1:] for rule in POLICY.split("; ")}
    assert sources["frame-ancestors"] == ["'none'"]
    allowed = {source for values in sources.values() for source in values}
    assert allowed == {"'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:", "ws:", "wss:"}
