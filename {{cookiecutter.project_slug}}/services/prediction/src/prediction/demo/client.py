"""The demonstration's view of the service: HTTP and nothing else."""

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import httpx2

from prediction.demo.data import Row
from servicekit.narrator import DemoFailed

Json = dict[str, Any]
Progress = Callable[[float, str], None]

FINISHED = frozenset({"succeeded", "failed", "cancelled", "dead_letter"})
_POLL_SECONDS = 0.5


class Service:
    """A running prediction service."""

    def __init__(self, url: str, key: str, *, transport: httpx2.BaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        self._http = httpx2.Client(
            base_url=self.url, headers={"X-API-Key": key}, timeout=httpx2.Timeout(60.0), transport=transport
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

    def exists(self, path: str) -> bool:
        """Tell whether there is such a document."""
        return self._http.get(path).status_code != httpx2.codes.NOT_FOUND

    def upload(self, name: str, content: bytes) -> Json:
        """Upload a CSV file as a data set."""
        return self._document(self._http.post("/v1/datasets", files={"file": (name, content, "text/csv")}))

    def predict(self, model: str, rows: Sequence[Row]) -> Json:
        """Return the predictions of some rows."""
        return self.post(f"/v1/models/{model}/predict", {"rows": list(rows)})

    def answering(self, model: str, row: Row) -> str | None:
        """Return the version that answers a row, or None while the model is not served yet."""
        answer = self._http.post(f"/v1/models/{model}/predict", json={"rows": [row]})
        return None if answer.status_code == httpx2.codes.NOT_FOUND else str(self._document(answer)["version"])

    def follow(self, job_id: str, progress: Progress, *, timeout: float = 300.0) -> Json:
        """Wait for a job to succeed and return its result."""
        deadline = time.monotonic() + timeout
        while True:
            job = self.get(f"/v1/jobs/{job_id}")
            progress(job["progress"]["fraction"], job["progress"]["message"] or job["state"])
            if job["state"] in FINISHED:
                break
            if time.monotonic() > deadline:
                raise DemoFailed(f"job {job_id} ({job['kind']}) did not end within {timeout:.0f} s")
            time.sleep(_POLL_SECONDS)
        if job["state"] != "succeeded":
            raise DemoFailed(f"job {job_id} ({job['kind']}) ended as {job['state']}: {job['error']}")
        result: Json = job["result"]
        return result

    def _document(self, answer: httpx2.Response) -> Json:
        if answer.is_success:
            document: Json = answer.json()
            return document
        raise DemoFailed(
            f"{answer.request.method} {answer.request.url.path} answered {answer.status_code}: {answer.text}"
        )
