import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from servicekit.auth.principal import Principal
from servicekit.context import RequestContext, enter_request, leave_request
from servicekit.settings import LogSettings
from servicekit.telemetry.logs import configure_logs
from servicekit.telemetry.writer import LineWriter

Configure = Callable[..., Callable[[], str]]


@pytest.fixture
def configure(tmp_path: Path) -> Iterator[Configure]:
    """Configure logs into a file and give a function that reads it; undo it afterwards."""
    root = logging.getLogger()
    before = (root.handlers, root.level, structlog.get_config())
    path = tmp_path / "log"

    def configure(**settings: str) -> Callable[[], str]:
        file = path.open("wb")
        writer = LineWriter(file.fileno())
        configure_logs(LogSettings.model_validate(settings), writer, service="orders", version="1")

        def read() -> str:
            writer.close()
            file.close()
            return path.read_text()

        return read

    yield configure
    root.handlers, root.level = before[0], before[1]
    structlog.configure(**before[2])


def test_a_line_is_json_with_the_request_it_belongs_to(configure: Configure) -> None:
    read = configure()
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


def test_the_standard_library_logs_alike(configure: Configure) -> None:
    read = configure()
    logging.getLogger("library").warning("lost %s", "it", extra={"attempt": 2})

    line = json.loads(read())
    assert (line["event"], line["level"], line["logger"], line["attempt"]) == ("lost it", "warning", "library", 2)


def test_secrets_are_masked_by_name_by_looks_and_in_tracebacks(configure: Configure) -> None:
    read = configure()
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
def test_the_level_is_a_setting(level: str, lines: int, configure: Configure) -> None:
    read = configure(level=level)
    log = structlog.get_logger("app")
    for name in ("debug", "info", "warning", "error"):
        getattr(log, name)("x")

    assert len(read().splitlines()) == lines


def test_the_console_format_is_for_eyes(configure: Configure) -> None:
    read = configure(format="console")
    structlog.get_logger("app").info("dataset.stored", rows=3)

    text = read()
    assert "dataset.stored" in text
    assert "rows=3" in text
    assert not text.startswith("{")


def test_chatty_libraries_are_quiet_and_uvicorn_writes_no_second_access_log(configure: Configure) -> None:
    read = configure()
    for name in ("httpx2", "alembic", "uvicorn.access"):
        logging.getLogger(name).info("chat")
    logging.getLogger("uvicorn.error").info("Started")

    assert [json.loads(line)["event"] for line in read().splitlines()] == ["Started"]


def test_a_line_that_cannot_be_rendered_breaks_nothing(configure: Configure, capsys) -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

    read = configure()
    logging.getLogger("library").info("%s", Broken())
    logging.getLogger("library").info("fine")

    assert json.loads(read())["event"] == "fine"
