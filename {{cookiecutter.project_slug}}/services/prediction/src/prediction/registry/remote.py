"""A running service as the command line sees it: the public routes, nothing else."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

from prediction.settings import PredictionSettings

POLL_SECONDS = 0.5
Document = dict[str, Any]


class RemoteRefused(Exception):
    """The service has answered with a problem, or a job has failed."""

    def __init__(self, code: str, detail: str, hint: str | None = None) -> None:
        super().__init__(f"{detail} {hint or ''}".strip())
        self.code = code


class RemoteService:
    """A client of the prediction API, closed at the end of a `with` block."""

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

    def upload(self, path: Path) -> Document:
        """Upload a data set; the same content is there once."""
        with path.open("rb") as file:
            return self._send("POST", "/v1/datasets", files={"file": (path.name, file)})

    def train(self, model: str, body: Mapping[str, Any]) -> Document:
        """Start a training and return its job."""
        return self._send("POST", f"/v1/models/{model}/trainings", json=body)

    def promote(self, model: str, body: Mapping[str, Any]) -> Document:
        """Promote a version and return the model."""
        return self._send("POST", f"/v1/models/{model}/promote", json=body)

    def rollback(self, model: str, body: Mapping[str, Any]) -> Document:
        """Roll back and return the model."""
        return self._send("POST", f"/v1/models/{model}/rollback", json=body)

    def wait(self, job: Document, progress: Callable[[float, str], None]) -> Document:
        """Follow a job to its end and return its result; RemoteRefused when it does not succeed."""
        while job["finished_at"] is None:
            progress(job["progress"]["fraction"], job["progress"]["message"] or job["state"])
            time.sleep(POLL_SECONDS)
            job = self._send("GET", f"/v1/jobs/{job['id']}")
        if job["state"] != "succeeded":
            error = job["error"] or {"code": job["state"], "detail": f"The job is {job['state']}.", "hint": None}
            raise RemoteRefused(error["code"], error["detail"], error["hint"])
        result: Document = job["result"]
        return result

    def _send(self, method: str, path: str, **content: Any) -> Document:  # noqa: ANN401 - passed on to httpx2
        try:
            answer = self._http.request(method, path, **content)
        except httpx2.HTTPError as error:
            raise RemoteRefused("unreachable", f"{self.url} does not answer: {error}") from error
        document: Document = answer.json()
        if answer.is_error:
            faults = "; ".join(f"{fault['name']}: {fault['message']}" for fault in document.get("errors", []))
            detail = f"{document['detail']} {faults}".strip()
            raise RemoteRefused(document["code"], detail, document.get("hint"))
        return document


def find_service(settings: PredictionSettings, url: str | None, key: str | None) -> RemoteService | None:
    """Return the service that runs at the address, or None when nothing answers there or there is no key to use."""
    if key is None:
        secret = settings.prediction_key or settings.auth.development_key
        key = secret.get_secret_value() if secret else None
    if key is None:
        return None
    service = RemoteService(url or settings.prediction_url, key)
    if service.answers():
        return service
    service.__exit__(None, None, None)
    return None
