"""Logs, metrics, traces and error reports."""

from servicekit.telemetry.errors import report_error
from servicekit.telemetry.setup import configure_telemetry, flush_telemetry
from servicekit.telemetry.tracing import continued, inject

__all__ = ["configure_telemetry", "continued", "flush_telemetry", "inject", "report_error"]
