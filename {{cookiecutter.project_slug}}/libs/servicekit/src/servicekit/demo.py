"""A demonstration's view of the service that it shows: HTTP and nothing else."""

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeAlias

import httpx2

from servicekit.narrator import DemoFailed

Json: TypeAlias = dict[str, Any]
Progress: TypeAlias = Callable[[float, str], None]


class DemoService:
    """A running service, closed at the end of a `with` block. Every answer but a success is a `DemoFailed`."""

    timeout = 60.0
    """Seconds for one answer."""

    def __init__(self, url: str, key: str, *, transport: httpx2.BaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        self._http = httpx2.Client(
            base_url=self.url, headers={"X-API-Key": key}, timeout=httpx2.Timeout(self.timeout), transport=transport
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def require_ready(self) -> None:
        """Fail with a hint when there is no service, or one that is not ready."""
        try:
            answer = self._http.get("/readyz")
        except httpx2.HTTPError as error:
            raise DemoFailed(f"nothing answers at {self.url}; start the service with `make dev`") from error
        if answer.status_code != httpx2.codes.OK:
            raise DemoFailed(f"{self.url} is not ready: {answer.text}")

    def get(self, path: str) -> Json:
        """Return a document."""
        return self._document(self._http.get(path))

    def post(self, path: str, body: Json | None = None) -> Json:
        """Send a document and return the answer."""
        return self._document(self._http.post(path, json=body if body is not None else {}))

    def _document(self, answer: httpx2.Response) -> Json:
        if answer.is_success:
            document: Json = answer.json()
            return document
        raise DemoFailed(
            f"{answer.request.method} {answer.request.url.path} answered {answer.status_code}: {answer.text}"
        )
