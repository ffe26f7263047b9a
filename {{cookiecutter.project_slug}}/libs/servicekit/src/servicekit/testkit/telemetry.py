"""What a service would log and trace."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
import structlog
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from servicekit.settings import LogSettings
from servicekit.telemetry.logs import configure_logs
from servicekit.telemetry.writer import LineWriter

LogToFile: TypeAlias = Callable[..., Callable[[], str]]


@pytest.fixture
def log_to_file(tmp_path: Path) -> Iterator[LogToFile]:
    """Log as a service does, into a file, and give a function that ends it and reads; undone after the test."""
    root = logging.getLogger()
    before = (root.handlers, root.level, structlog.get_config())
    path = tmp_path / "log"

    def log_to_file(**settings: str) -> Callable[[], str]:
        file = path.open("wb")
        writer = LineWriter(file.fileno())
        configure_logs(LogSettings.model_validate(settings), writer, service="orders", version="1")

        def read() -> str:
            writer.close()
            file.close()
            return path.read_text()

        return read

    yield log_to_file
    root.handlers, root.level = before[0], before[1]
    structlog.configure(**before[2])


@pytest.fixture(scope="session")
def span_exporter() -> InMemorySpanExporter:
    """What keeps the spans of this process; its tracer provider can be set only once."""
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


@pytest.fixture
def spans(span_exporter: InMemorySpanExporter) -> Iterator[InMemorySpanExporter]:
    """The spans of this test."""
    span_exporter.clear()
    yield span_exporter
    span_exporter.clear()
