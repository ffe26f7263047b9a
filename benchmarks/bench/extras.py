"""What is beside the requests: a file scored in bulk, a check for drift, generating a project, and the demo's start."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from bench import environments, ours
from bench.measurement import Cases, run_to_end
from bench.ours import Installation, Variant
from bench.processes import Command, Server, exchange

BULK_ROWS = 100_000
DEMO_ADDRESS = ("127.0.0.1", 21799)
GIVE_UP_SECONDS = 600.0
EMBEDDED = Variant("with its worker inside", {"ENVIRONMENT": "development", "JOBS__BROKER_URL": "memory://"})


def measure_extras(installation: Installation, cases: Cases, port: int) -> Iterator[tuple[str, str]]:
    """Yield what was measured, by name."""
    settings = {**EMBEDDED.settings, "HTTP__PORT": str(port)}
    command = installation.command(("-m", "prediction", "serve"), Variant(EMBEDDED.name, settings))
    server = Server(command, port, installation.log.with_name("ours-jobs.log"))
    try:
        server.wait_until_ready("/readyz")
        service = Client(server.address, installation.key)
        yield f"batch scoring of a CSV file of {BULK_ROWS:,} rows, upload to result (forest)", bulk(service, cases)
        yield "check for drift over the logged predictions of 30 features (logistic regression)", drift(service)
    finally:
        server.stop()
    yield "generating the default project", bake(installation)
    yield "`make demo` after installation, to its first prediction", demo(installation)


class Client:
    """Calls the service and waits for its jobs."""

    def __init__(self, address: tuple[str, int], key: str) -> None:
        self._address = address
        self._key = key

    def call(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> bytes:
        """Return the body of a successful answer."""
        headers = {"X-API-Key": self._key, "Content-Type": kind}
        status, answer = exchange(self._address, method, path, body, headers)
        if status >= 300:
            raise RuntimeError(f"{method} {path} was answered {status}: {answer[:500]!r}")
        return answer

    def result(self, job: bytes) -> dict[str, object]:
        """Wait until a job is done; return its document."""
        path = f"/v1/jobs/{json.loads(job)['id']}"
        end = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < end:
            document: dict[str, object] = json.loads(self.call("GET", path))
            if document["state"] == "succeeded":
                return document
            if document["state"] not in ("queued", "running"):
                raise RuntimeError(f"the job ended as {document['state']}: {document['error']}")
            time.sleep(0.1)
        raise TimeoutError(f"{path} took more than {GIVE_UP_SECONDS:.0f} s")


def bulk(service: Client, cases: Cases) -> str:
    """Score a file and fetch the answer."""
    body, kind = multipart(csv_of(cases, BULK_ROWS))
    begin = time.perf_counter()
    job = json.loads(service.call("POST", "/v1/models/forest/scorings", body, kind))
    service.result(json.dumps(job).encode())
    answer = service.call("GET", f"/v1/scorings/{job['id']}/result")
    seconds = time.perf_counter() - begin
    lines = answer.count(b"\n")
    if lines not in (BULK_ROWS, BULK_ROWS + 1):
        raise RuntimeError(f"{lines} lines came back for {BULK_ROWS} rows")
    return f"{BULK_ROWS / seconds:,.0f} rows/s ({seconds:.1f} s)"


def csv_of(cases: Cases, rows: int) -> bytes:
    """Return a file that repeats the cases."""
    lines = [",".join(map(str, row)) for row in cases.rows]
    repeated = (lines * (rows // len(lines) + 1))[:rows]
    return "\n".join([",".join(cases.features), *repeated, ""]).encode()


def multipart(content: bytes) -> tuple[bytes, str]:
    """Return a form with one file, and its content type."""
    boundary = secrets.token_hex(16)
    about = 'Content-Disposition: form-data; name="file"; filename="rows.csv"\r\nContent-Type: text/csv'
    return (
        f"--{boundary}\r\n{about}\r\n\r\n".encode() + content + f"\r\n--{boundary}--\r\n".encode(),
        f"multipart/form-data; boundary={boundary}",
    )


def drift(service: Client) -> str:
    """Compare the predictions that the measurement left behind with the model's reference."""
    begin = time.perf_counter()
    service.result(service.call("POST", "/v1/models/logistic/drift", b"{}"))
    seconds = time.perf_counter() - begin
    history = json.loads(service.call("GET", "/v1/models/logistic/drift?limit=1"))
    rows = history["latest"]["rows"]
    return f"{rows / seconds:,.0f} rows/s ({rows:,} rows in {seconds:.1f} s)"


def bake(installation: Installation) -> str:
    """Generate the default project, from a clone: the template refuses to work with anything foreign in it."""
    template, folder = installation.folder / "template", installation.folder / "baked"
    clone = ("git", "clone", "--quiet", "--depth", "1", f"file://{ours.ROOT}", str(template))
    run_to_end(Command(clone, installation.folder), installation.log)
    arguments = ("-m", "cookiecutter", str(template), "--default-config", "--no-input", "--output-dir", str(folder))
    begin = time.perf_counter()
    run_to_end(Command((str(installation.python), *arguments), installation.folder), installation.log)
    return f"{time.perf_counter() - begin:.1f} s"


def demo(installation: Installation) -> str:
    """Install a generated project, then start its demo and watch its metrics for the first predicted row."""
    project = next((installation.folder / "baked").iterdir())
    environment = installation.folder / "demo-venv"
    setup = Command(("make", "setup", f"VENV={environment}"), project)
    run_to_end(setup, installation.log)
    begin = time.perf_counter()
    with installation.log.with_name("demo.log").open("wb") as output:
        process = subprocess.Popen(
            ("sh", str(ours.ROOT / "tools" / "demo.sh"), str(project), str(environment), "1"),
            env={**environments.clean(), "PREDICTION_PORT": str(DEMO_ADDRESS[1])},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(lambda: has_predicted(DEMO_ADDRESS), process)
        return f"{time.perf_counter() - begin:.1f} s"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        shutil.rmtree(environment, ignore_errors=True)


def wait_for(happened: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    """Return when it happened; raise when the process ends or too much time passes before."""
    end = time.monotonic() + GIVE_UP_SECONDS
    while not happened():
        if process.poll() is not None:
            raise RuntimeError(f"ended with code {process.returncode} before its first prediction")
        if time.monotonic() > end:
            raise TimeoutError(f"no prediction after {GIVE_UP_SECONDS:.0f} s")
        time.sleep(0.1)


def has_predicted(address: tuple[str, int]) -> bool:
    """Whether the service there has answered a row."""
    try:
        status, metrics = exchange(address, "GET", "/metrics")
    except OSError:
        return False
    return status == 200 and predicted_rows(metrics.decode()) > 0


def predicted_rows(metrics: str) -> float:
    """Sum the samples of the counter of answered rows."""
    samples = (line.rsplit(" ", 1) for line in metrics.splitlines() if line.startswith("predictions_total"))
    return sum(float(value) for _, value in samples)


def read_facts(path: Path) -> Mapping[str, str]:
    """Return the facts of an earlier run, for a run that measures requests alone."""
    return json.loads(path.read_text())["facts"] if path.exists() else {}
