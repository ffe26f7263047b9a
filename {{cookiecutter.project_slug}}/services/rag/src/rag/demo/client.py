"""The demonstration's view of the service: HTTP and nothing else."""

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeAlias

import httpx2

from servicekit.narrator import DemoFailed

Json: TypeAlias = dict[str, Any]
Progress: TypeAlias = Callable[[float, str], None]
Upload: TypeAlias = tuple[str, bytes]

READ = frozenset({"ready", "failed"})
_POLL_SECONDS = 0.3


class Service:
    """A running rag service."""

    def __init__(self, url: str, key: str, *, transport: httpx2.BaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        self._http = httpx2.Client(
            base_url=self.url, headers={"X-API-Key": key}, timeout=httpx2.Timeout(120.0), transport=transport
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

    def post(self, path: str, body: Json) -> Json:
        """Send a document and return the answer."""
        return self._document(self._http.post(path, json=body))

    def delete(self, path: str) -> None:
        """Delete something."""
        answer = self._http.delete(path)
        if not answer.is_success:
            self._document(answer)

    def upload(self, files: Sequence[Upload], tags: str) -> list[Json]:
        """Upload documents and return what became of each."""
        parts = [("files", (name, content)) for name, content in files]
        answer = self._document(self._http.post("/v1/documents", files=parts, data={"tags": tags}))
        if answer["refused"]:
            raise DemoFailed(f"refused: {answer['refused']}")
        items: list[Json] = answer["items"]
        return items

    def follow(self, document_id: str, progress: Progress, *, timeout: float = 180.0) -> Json:
        """Wait until a document has been read, and return it."""
        deadline = time.monotonic() + timeout
        while (document := self.get(f"/v1/documents/{document_id}"))["state"] not in READ:
            progress(document["progress"]["fraction"], document["progress"]["message"] or document["state"])
            if time.monotonic() > deadline:
                raise DemoFailed(f"{document['name']} was not read within {timeout:.0f} s")
            time.sleep(_POLL_SECONDS)
        if document["state"] == "failed":
            raise DemoFailed(f"{document['name']} could not be read: {document['error']}")
        return document

    def follow_job(self, job_id: str, progress: Progress, *, timeout: float = 180.0) -> None:
        """Wait until a job has succeeded."""
        deadline = time.monotonic() + timeout
        while (job := self.get(f"/v1/jobs/{job_id}"))["finished_at"] is None:
            progress(job["progress"]["fraction"], job["progress"]["message"] or job["state"])
            if time.monotonic() > deadline:
                raise DemoFailed(f"job {job_id} ({job['kind']}) did not end within {timeout:.0f} s")
            time.sleep(_POLL_SECONDS)
        if job["state"] != "succeeded":
            raise DemoFailed(f"job {job_id} ({job['kind']}) ended as {job['state']}: {job['error']}")

    def _document(self, answer: httpx2.Response) -> Json:
        if answer.is_success:
            document: Json = answer.json()
            return document
        raise DemoFailed(
            f"{answer.request.method} {answer.request.url.path} answered {answer.status_code}: {answer.text}"
        )
