"""The demonstration's view of the service."""

import time
from collections.abc import Sequence

import httpx2

from prediction.demo.data import Row
from servicekit.demo import DemoService, Json, Progress
from servicekit.narrator import DemoFailed

FINISHED = frozenset({"succeeded", "failed", "cancelled", "dead_letter"})
_POLL_SECONDS = 0.5


class Service(DemoService):
    """A running prediction service."""

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
