"""Turns telemetry on, once per process."""

import sys

from servicekit.settings import ServiceSettings
from servicekit.telemetry.errors import configure_errors, flush_errors
from servicekit.telemetry.logs import configure_logs
from servicekit.telemetry.tracing import configure_tracing, flush_tracing
from servicekit.telemetry.writer import LineWriter

_writers: list[LineWriter] = []


def configure_telemetry(settings: ServiceSettings, service: str, version: str) -> None:
    """Set up logs, traces and error reports as the settings say. Every process calls this once, first."""
    configure_logs(settings.log, log_writer(), service=service, version=version)
    configure_errors(settings.telemetry, environment=settings.environment, release=f"{service}@{version}")
    configure_tracing(settings.telemetry, service=service, version=version, environment=settings.environment)


def log_writer() -> LineWriter:
    """The process's one writer to standard output."""
    if not _writers:
        _writers.append(LineWriter(sys.__stdout__.fileno() if sys.__stdout__ else 1))
    return _writers[0]


def flush_telemetry() -> None:
    """Send what is left, waiting two seconds at most for each receiver."""
    flush_tracing()
    flush_errors()
