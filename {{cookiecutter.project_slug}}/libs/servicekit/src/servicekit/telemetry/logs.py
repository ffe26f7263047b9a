"""Structured logs: JSON or console lines with the request they belong to, without secrets.

Both `structlog.get_logger()` and the standard library's loggers end here.
"""

import logging
import sys
from collections.abc import Mapping, MutableMapping

import structlog
from structlog.typing import EventDict, Processor

from servicekit.context import current_request
from servicekit.settings import LogSettings
from servicekit.telemetry.redaction import redact
from servicekit.telemetry.writer import LineWriter

QUIET = (
    "httpx2", "httpcore2", "urllib3", "aiosqlite", "asyncpg", "openai", "anthropic", "alembic", "opentelemetry",
    "celery.worker.strategy", "celery.app.trace",
)  # fmt: skip
"""What says nothing of this service, too much (values of statements, prompts), or what our own lines say better."""


class WriterHandler(logging.Handler):
    """Hands rendered records to the line writer."""

    def __init__(self, writer: LineWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """Render and hand over one record."""
        try:
            line = self.format(record).encode("utf-8", "backslashreplace") + b"\n"
            self._writer.append(line, urgent=record.levelno >= logging.WARNING)
        except Exception:
            self.handleError(record)


def configure_logs(settings: LogSettings, writer: LineWriter, *, service: str, version: str) -> None:
    """Send all log records of the process to the writer."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request,
        structlog.processors.StackInfoRenderer(),
    ]
    console = settings.format == "console"
    handler = WriterHandler(writer)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                *([] if console else [_Service(service, version)]),
                _redact,
                structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
                if console
                else structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level.upper())
    _quieten(root.level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _quieten(level: int) -> None:
    for name in QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        server = logging.getLogger(name)
        server.handlers = []
        server.propagate = name != "uvicorn.access"  # the edge writes the access log


class _Service:
    """Says which service and version a line is from."""

    def __init__(self, service: str, version: str) -> None:
        self._fields = {"service": service, "version": version}

    def __call__(self, _logger: object, _method: str, event: EventDict) -> EventDict:
        return {**event, **self._fields}


def _add_request(_logger: object, _method: str, event: EventDict) -> EventDict:
    context = current_request()
    if context is not None:
        event["request_id"] = context.request_id
        if context.trace_id:
            event["trace_id"] = context.trace_id
            event["span_id"] = context.span_id
        if context.principal:
            event["tenant"] = context.principal.tenant
    return event


def _redact(_logger: object, _method: str, event: EventDict) -> Mapping[str, object] | MutableMapping[str, object]:
    event.pop("color_message", None)  # uvicorn's message once more, for terminals
    redacted = redact(event)
    assert isinstance(redacted, dict)  # noqa: S101 - a mapping becomes a dict
    return redacted
