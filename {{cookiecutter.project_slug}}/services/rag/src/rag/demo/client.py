"""The demonstration's view of the service."""

import time
from collections.abc import Sequence
from typing import TypeAlias

from servicekit.demo import DemoService, Json, Progress
from servicekit.narrator import DemoFailed

Upload: TypeAlias = tuple[str, bytes]

READ = frozenset({"ready", "failed"})
_POLL_SECONDS = 0.3


class Service(DemoService):
    """A running rag service."""

    timeout = 120.0

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
