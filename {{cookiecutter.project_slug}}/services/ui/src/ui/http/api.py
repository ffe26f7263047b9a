"""A service, asked over HTTP: answers are models, failures are `ServiceError`s."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeAlias, TypeVar

import httpx2
from pydantic import BaseModel, JsonValue, ValidationError

from ui.http.errors import Away, Problem, Refused, Unreadable
from ui.http.events import Event, read_events

M = TypeVar("M", bound=BaseModel)
File: TypeAlias = tuple[str, bytes, str]  # name, content, media type
Query: TypeAlias = Mapping[str, str | int | float | None]

CONNECT_SECONDS = 3
PROBE_SECONDS = 1


class Api:
    """One service. Safe to share between threads, and meant to be: it keeps connections open."""

    def __init__(self, url: str, key: str | None, *, timeout: float, silence: float) -> None:
        """`timeout` bounds an answer, `silence` the pause between two pieces of a stream; both in seconds."""
        self.url = url.rstrip("/")
        headers = {"User-Agent": "ui"} | ({"X-API-Key": key} if key else {})
        self._silence = httpx2.Timeout(silence, connect=CONNECT_SECONDS)
        # The services are addressed directly: a proxy of the environment is for the world outside.
        self._client = httpx2.Client(
            base_url=self.url,
            headers=headers,
            timeout=httpx2.Timeout(timeout, connect=CONNECT_SECONDS),
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def answers(self) -> bool:
        """Whether anybody is there, well or not."""
        try:
            self._client.get("/livez", timeout=PROBE_SECONDS)
        except httpx2.HTTPError:
            return False
        return True

    def get(self, model: type[M], path: str, query: Query | None = None) -> M:
        """Read one thing."""
        return _parse(model, self._send("GET", path, params=_present(query)))

    def send(self, model: type[M], method: str, path: str, body: JsonValue = None) -> M:
        """Ask for a change whose answer matters."""
        return _parse(model, self._send(method, path, json=body))

    def do(self, method: str, path: str, body: JsonValue = None) -> None:
        """Ask for a change whose answer does not matter."""
        self._send(method, path, json=body)

    def upload(self, model: type[M], path: str, files: Sequence[tuple[str, File]], fields: Mapping[str, str]) -> M:
        """Send files as a form."""
        response = self._send("POST", path, files=list(files), data={k: v for k, v in fields.items() if v})
        return _parse(model, response)

    def download(self, path: str, query: Query | None = None) -> bytes:
        """Read a file."""
        return self._send("GET", path, params=_present(query)).content

    @contextmanager
    def stream(self, path: str, body: JsonValue) -> Iterator[Iterator[Event]]:
        """Post, and read the answer as events while it is made. Leaving the block closes the connection."""
        headers = {"Accept": "text/event-stream"}
        with (
            _faults(self.url),
            self._client.stream("POST", path, json=body, headers=headers, timeout=self._silence) as response,
        ):
            if response.is_error:
                response.read()
            _refuse(response)
            yield read_events(response.iter_lines())

    def _send(self, method: str, path: str, **arguments: object) -> httpx2.Response:
        with _faults(self.url):
            response = self._client.request(method, path, **arguments)  # type: ignore[arg-type]  # httpx2 checks them
        _refuse(response)
        return response


def parse_event(model: type[M], event: Event) -> M:
    """Read the data of an event."""
    try:
        return model.model_validate_json(event.data)
    except ValidationError as error:
        raise Unreadable(_first(error)) from None


def parse_problem(event: Event) -> Refused:
    """Read a problem document that came as an event."""
    return Refused(parse_event(Problem, event))


def _present(query: Query | None) -> dict[str, str | int | float]:
    return {name: value for name, value in (query or {}).items() if value not in (None, "")}


def _refuse(response: httpx2.Response) -> None:
    if not response.is_error:
        return
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        detail = f"The service answered with status {response.status_code} and no explanation."
        problem = Problem(status=response.status_code, detail=detail, code=f"status_{response.status_code}")
    if problem.request_id is None:
        problem = problem.model_copy(update={"request_id": response.headers.get("X-Request-ID")})
    raise Refused(problem, response.headers.get("Retry-After"))


def _parse(model: type[M], response: httpx2.Response) -> M:
    try:
        return model.model_validate(json.loads(response.content))
    except ValidationError as error:
        raise Unreadable(_first(error), response.headers.get("X-Request-ID")) from None
    except ValueError:
        raise Unreadable("it is not JSON", response.headers.get("X-Request-ID")) from None


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


@contextmanager
def _faults(url: str) -> Iterator[None]:
    try:
        yield
    except httpx2.ConnectError:
        raise Away(url, "cannot be reached") from None
    except httpx2.TimeoutException:
        raise Away(url, "did not answer in time") from None
    except httpx2.HTTPError:
        raise Away(url, "broke off the connection") from None
