import pytest
import sentry_sdk
from sentry_sdk.types import Event

from servicekit.settings import TelemetrySettings
from servicekit.telemetry import report_error
from servicekit.telemetry.errors import configure_errors, scrub


def test_nothing_is_started_without_an_address() -> None:
    configure_errors(TelemetrySettings(), environment="test", release="x@1")
    report_error(ValueError())

    assert not sentry_sdk.is_initialized()


@pytest.mark.parametrize("name", ["request", "user", "breadcrumbs", "extra", "modules", "server_name"])
def test_what_a_client_sent_is_dropped(name: str) -> None:
    event: Event = {"event_id": "1", name: {"data": "canary"}}  # type: ignore[misc]  # the names are parameters

    assert scrub(event, {}) == {"event_id": "1"}


def test_secrets_in_messages_are_masked() -> None:
    event: Event = {"exception": {"values": [{"value": "Bearer canary", "password": "canary"}]}}

    assert "canary" not in str(scrub(event, {}))
