"""A running service as its commands see it: the public routes, nothing else."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar

import httpx2

POLL_SECONDS = 0.5
Json: TypeAlias = dict[str, Any]
Progress: TypeAlias = Callable[[float, str], None]
R = TypeVar("R", bound="RemoteService")


class RemoteRefused(Exception):
    """The service has answered with a problem, or a job has failed."""

    def __init__(self, code: str, detail: str, hint: str | None = None, *, status: int | None = None) -> None:
        super().__init__(f"{detail} {hint or ''}".strip())
        self.code = code
        self.status = status


class RemoteService:
    """A client, closed at the end of a `with` block. A service's own one adds a method for each thing to ask for."""

    def __init__(self, url: str, key: str, *, transport: httpx2.BaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        timeout = httpx2.Timeout(300.0, connect=2.0)
        self._http = httpx2.Client(
            base_url=self.url, headers={"X-API-Key": key}, timeout=timeout, transport=transport, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def answers(self) -> bool:
        """Return whether the service is there."""
        try:
            return self._http.get("/livez", timeout=2.0).is_success
        except httpx2.HTTPError:
            return False

    def wait(self, job: Json, progress: Progress) -> Json:
        """Follow a job to its end and return its result; RemoteRefused when it does not succeed."""
        while job["finished_at"] is None:
            progress(job["progress"]["fraction"], job["progress"]["message"] or job["state"])
            time.sleep(POLL_SECONDS)
            job = self.send("GET", f"/v1/jobs/{job['id']}")
        if job["state"] != "succeeded":
            error = job["error"] or {"code": job["state"], "detail": f"The job is {job['state']}.", "hint": None}
            raise RemoteRefused(error["code"], error["detail"], error["hint"])
        result: Json = job["result"]
        return result

    def send(self, method: str, path: str, **content: Any) -> Json:  # noqa: ANN401 - passed on to httpx2
        """Return the answer to a request; RemoteRefused when it is a problem, or there is none."""
        try:
            answer = self._http.request(method, path, **content)
        except httpx2.HTTPError as error:
            raise RemoteRefused("unreachable", f"{self.url} does not answer: {error}") from error
        document: Json = answer.json()
        if answer.is_error:
            faults = "; ".join(f"{fault['name']}: {fault['message']}" for fault in document.get("errors", []))
            detail = f"{document['detail']} {faults}".strip()
            raise RemoteRefused(document["code"], detail, document.get("hint"), status=answer.status_code)
        return document


def if_running(service: R) -> R | None:
    """Return the service, or None, closed, when nothing answers at its address."""
    if service.answers():
        return service
    service.__exit__(None, None, None)
    return None
