"""The service's models are the scripted ones."""

import pytest


@pytest.fixture
def settings_overrides(request: pytest.FixtureRequest, scripted_models: dict[str, object]) -> dict[str, object]:
    marker = request.node.get_closest_marker("settings")
    return scripted_models | (marker.kwargs if marker else {})
