"""Error reports to Sentry: off unless a DSN is set, and without anything that a client sent."""

from typing import cast

import sentry_sdk
from sentry_sdk.types import Event, Hint

from servicekit.context import current_request
from servicekit.settings import TelemetrySettings
from servicekit.telemetry.redaction import redact

_DROPPED = ("request", "user", "breadcrumbs", "extra", "modules", "server_name")


def configure_errors(settings: TelemetrySettings, *, environment: str, release: str) -> None:
    """Start reporting if there is somewhere to report to."""
    if settings.sentry_dsn is None:
        return
    sentry_sdk.init(
        dsn=settings.sentry_dsn.get_secret_value(),
        environment=environment,
        release=release,
        default_integrations=False,  # they patch what they find, and cost almost half of the throughput
        auto_enabling_integrations=False,
        send_default_pii=False,
        include_local_variables=False,
        max_breadcrumbs=0,
        before_send=scrub,
    )


def report_error(error: BaseException) -> None:
    """Report an unexpected exception. Does nothing when reporting is off."""
    if not sentry_sdk.is_initialized():
        return
    with sentry_sdk.new_scope() as scope:
        context = current_request()
        if context is not None:
            scope.set_tag("request_id", context.request_id)
            scope.set_tag("trace_id", context.trace_id)
        scope.capture_exception(error)


def flush_errors(seconds: float = 2) -> None:
    """Send what is left."""
    sentry_sdk.flush(timeout=seconds)


def scrub(event: Event, _hint: Hint) -> Event:
    """Drop what a client sent, and mask what looks like a secret in the rest."""
    for name in _DROPPED:
        cast("dict[str, object]", event).pop(name, None)
    return cast("Event", redact(event))
