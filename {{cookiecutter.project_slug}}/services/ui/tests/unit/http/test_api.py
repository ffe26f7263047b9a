"""A service is asked, and every way of not answering becomes an error that a page can show."""

import socket
import time
from collections.abc import Iterator

import pytest
from fake_service import KEY, FakeService, Request, Response, event, problem
from pydantic import BaseModel

from ui.http.api import Api
from ui.http.errors import Away, Refused, Unreadable
from ui.http.jobs import Jobs


class Thing(BaseModel):
    name: str


@pytest.fixture
def service() -> Iterator[FakeService]:
    with FakeService().running() as running:
        running.add("GET", "/things/{name}", lambda _, name: {"name": name})
        yield running


@pytest.fixture
def api(service: FakeService) -> Iterator[Api]:
    made = Api(service.url + "/", KEY, timeout=2, silence=0.5)
    yield made
    made.close()


def test_reads_a_model_with_the_key(api: Api, service: FakeService) -> None:
    assert api.get(Thing, "/things/kettle", {"a": 1, "empty": "", "none": None}) == Thing(name="kettle")
    (request,) = service.asked("GET", "/things/.*")
    assert request.query == {"a": "1"}
    assert request.headers["x-api-key"] == KEY


def test_a_problem_document_becomes_an_error_with_all_that_helps(api: Api, service: FakeService) -> None:
    errors = [{"name": "rows[0]", "message": "is missing"}]
    service.fail("GET", "/things/x", problem(422, "invalid", "It does not fit.", "Look at the schema.", errors=errors))
    with pytest.raises(Refused, match=r"It does not fit\.") as caught:
        api.get(Thing, "/things/x")
    error = caught.value
    assert (error.code, error.status, error.hint, error.request_id) == ("invalid", 422, "Look at the schema.", "req-42")
    assert [(field.name, field.message) for field in error.fields] == [("rows[0]", "is missing")]


def test_a_wait_that_the_service_asks_for_is_the_advice(api: Api, service: FakeService) -> None:
    limited = Response(429, {"code": "rate_limited", "detail": "Too many."}, headers={"Retry-After": "7"})
    service.fail("GET", "/things/x", limited)
    with pytest.raises(Refused) as caught:
        api.get(Thing, "/things/x")
    assert caught.value.hint == "Try again in 7 seconds."


def test_an_error_without_a_document_is_still_explained(api: Api, service: FakeService) -> None:
    service.fail("GET", "/things/x", Response(502, b"<html>", "text/html", headers={"X-Request-ID": "r-1"}))
    with pytest.raises(Refused, match="status 502 and no explanation") as caught:
        api.get(Thing, "/things/x")
    assert (caught.value.code, caught.value.request_id) == ("status_502", "r-1")


@pytest.mark.parametrize("body", [b"{", b'{"other": 1}', b"[]"])
def test_an_answer_of_another_form_is_unreadable(api: Api, service: FakeService, body: bytes) -> None:
    service.fail("GET", "/things/x", Response(200, body))
    with pytest.raises(Unreadable, match="cannot be read"):
        api.get(Thing, "/things/x")


def test_nobody_there_is_away() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        api = Api(f"http://127.0.0.1:{taken.getsockname()[1]}", None, timeout=1, silence=1)
        with pytest.raises(Away, match="cannot be reached"):
            api.get(Thing, "/things/x")
        assert not api.answers()
        api.close()


def test_a_service_that_is_ill_is_there(api: Api, service: FakeService) -> None:
    service.fail("GET", "/livez", problem(503, "unavailable", "No database."))
    assert api.answers()


def test_silence_in_a_stream_is_away(api: Api, service: FakeService) -> None:
    def chunks() -> Iterator[bytes]:
        yield event("token", {"text": "a"})
        time.sleep(1)
        yield event("token", {"text": "b"})

    service.add("POST", "/talk", lambda _: Response(chunks=chunks(), media_type="text/event-stream"))
    seen = []
    with pytest.raises(Away, match="did not answer in time"), api.stream("/talk", {}) as events:
        seen.extend(one.name for one in iter(lambda: next(events), None))
    assert seen == ["token"]


def test_a_stream_that_is_refused_says_why(api: Api, service: FakeService) -> None:
    service.add("POST", "/talk", lambda _: problem(403, "forbidden", "Not with this key."))
    with pytest.raises(Refused, match="Not with this key"), api.stream("/talk", {}):
        pass


def test_files_and_fields_are_sent_as_a_form(api: Api, service: FakeService) -> None:
    received = []

    def take(request: Request) -> dict[str, str]:
        received.append(request.form())
        return {"name": "taken"}

    service.add("POST", "/files", take)
    files = [("files", ("a.txt", b"one", "text/plain")), ("files", ("ü.md", b"two", "text/markdown"))]
    assert api.upload(Thing, "/files", files, {"tags": "x,y", "empty": ""}) == Thing(name="taken")
    ((got, fields),) = received
    assert [content for _, content in got] == [b"one", b"two"]
    assert fields == {"tags": "x,y"}


def test_a_job_is_cancelled_and_run_again(api: Api, service: FakeService) -> None:
    job = {"id": "1", "kind": "k", "state": "cancelled", "created_at": "2026-01-01T00:00:00Z"}
    service.add("POST", "/v1/jobs/{id}/{verb}", lambda _, id, verb: job)
    jobs = Jobs(api)
    assert jobs.cancel("1").state == "cancelled"
    assert not jobs.retry("1").done
    assert [one.path for one in service.asked("POST", ".*")] == ["/v1/jobs/1/cancel", "/v1/jobs/1/retry"]
