import json
import logging

import pytest
import structlog

from servicekit.auth.principal import Principal
from servicekit.context import RequestContext, enter_request, leave_request
from servicekit.testkit.telemetry import LogToFile


def test_a_line_is_json_with_the_request_it_belongs_to(log_to_file: LogToFile) -> None:
    read = log_to_file()
    context = RequestContext("r1", {})
    context.trace_id, context.span_id = "t1", "s1"
    context.principal = Principal("acme", "k1", frozenset())

    token = enter_request(context)
    structlog.get_logger("app").info("dataset.stored", rows=3)
    leave_request(token)

    line = json.loads(read())
    assert line.pop("timestamp")[-1] == "Z"
    assert line == {
        "event": "dataset.stored", "level": "info", "rows": 3, "request_id": "r1", "trace_id": "t1", "span_id": "s1",
        "tenant": "acme", "service": "orders", "version": "1",
    }  # fmt: skip


def test_the_standard_library_logs_alike(log_to_file: LogToFile) -> None:
    read = log_to_file()
    logging.getLogger("library").warning("lost %s", "it", extra={"attempt": 2})

    line = json.loads(read())
    assert (line["event"], line["level"], line["logger"], line["attempt"]) == ("lost it", "warning", "library", 2)


def test_secrets_are_masked_by_name_by_looks_and_in_tracebacks(log_to_file: LogToFile) -> None:
    read = log_to_file()
    log = structlog.get_logger("app")
    log.info("connecting to postgresql://u:canary@h", api_key="canary", nested={"token": "canary"})
    logging.getLogger("library").info("Bearer canary")
    try:
        raise ValueError("redis://:canary@h")
    except ValueError:
        log.exception("failed")

    text = read()
    assert "canary" not in text
    assert "ValueError" in text
    assert len(text.splitlines()) == 3


@pytest.mark.parametrize(("level", "lines"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_is_a_setting(level: str, lines: int, log_to_file: LogToFile) -> None:
    read = log_to_file(level=level)
    log = structlog.get_logger("app")
    for name in ("debug", "info", "warning", "error"):
        getattr(log, name)("x")

    assert len(read().splitlines()) == lines


def test_the_console_format_is_for_eyes(log_to_file: LogToFile) -> None:
    read = log_to_file(format="console")
    structlog.get_logger("app").info("dataset.stored", rows=3)

    text = read()
    assert "dataset.stored" in text
    assert "rows=3" in text
    assert not text.startswith("{")


def test_chatty_libraries_are_quiet_and_uvicorn_writes_no_second_access_log(log_to_file: LogToFile) -> None:
    read = log_to_file()
    for name in ("httpx2", "alembic", "uvicorn.access"):
        logging.getLogger(name).info("chat")
    logging.getLogger("uvicorn.error").info("Started")

    assert [json.loads(line)["event"] for line in read().splitlines()] == ["Started"]


def test_a_line_that_cannot_be_rendered_breaks_nothing(log_to_file: LogToFile, capsys) -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

    read = log_to_file()
    logging.getLogger("library").info("%s", Broken())
    logging.getLogger("library").info("fine")

    assert json.loads(read())["event"] == "fine"
