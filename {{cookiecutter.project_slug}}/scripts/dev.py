"""Run every service of this project on this machine, without Docker, until Ctrl-C.

One process per service (its background worker lives inside). If one ends, all are ended, and the reason is said.
"""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from ports import holder, is_free
from project import Service, banner, discover, settings, write_dotenv

READY_SECONDS = 120  # longest start that is waited for
STOP_SECONDS = 10  # longest stop that is waited for, before processes are killed


class RefusedError(Exception):
    """Nothing can be run; the message says why and what to do."""


def say(text: str) -> None:
    """Print a line of this program's own, at once."""
    print(text, flush=True)  # noqa: T201 - this is what the program is for


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Refuse to run beside another `make dev` of the same project."""
    folder = Path(settings(root).get("DATA_DIR") or root / "var")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "dev.lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise RefusedError(
                f"`make dev` runs already (process {lock.read() or '?'}): stop that one first."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def check_ports(services: Sequence[Service]) -> None:
    """Refuse to start where somebody else listens."""
    for service in services:
        if not is_free(service.port):
            who = holder(service.port) or "another process"
            move = f"make dev {service.name.upper()}_PORT={service.port + 100}"
            raise RefusedError(
                f"Port {service.port} of {service.name} is taken by {who}: stop it, or use another: {move}"
            )


def environment(service: Service, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a service's processes: readable logs and no wait for a load balancer, unless set."""
    defaults = {"LOG__FORMAT": "console", "HTTP__DRAIN_SECONDS": "0", "PYTHONUNBUFFERED": "1"}
    chosen = {name: variables.get(name, value) for name, value in defaults.items()}
    return {**os.environ, **chosen, "HTTP__PORT": str(service.port)}


def prepare(service: Service, variables: Mapping[str, str]) -> None:
    """Migrate, seed, and whatever else the service asks for before it starts."""
    for step in service.prepare:
        started = time.monotonic()
        say(f"{service.name}: {step} …")
        command = [sys.executable, "-m", service.name, step]
        done = subprocess.run(command, env=environment(service, variables), check=False)  # noqa: S603 - own packages
        if done.returncode:
            raise RefusedError(f"{service.name}: {step} failed (exit code {done.returncode}); the reason is above.")
        say(f"{service.name}: {step} done in {time.monotonic() - started:.1f} s")


class Running:
    """The processes that were started, each with its output copied here line by line."""

    def __init__(self) -> None:
        self._processes: dict[str, subprocess.Popen[str]] = {}

    def start(self, service: Service, variables: Mapping[str, str]) -> None:
        """Start a service in a session of its own, so that Ctrl-C reaches this program alone."""
        process = subprocess.Popen(  # noqa: S603 - names of our own packages
            [sys.executable, "-m", service.name, service.command],
            env=environment(service, variables), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
        )  # fmt: skip
        self._processes[service.name] = process
        threading.Thread(target=self._copy, args=(service.name, process), daemon=True).start()

    @staticmethod
    def _copy(name: str, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            say(f"{name} | {line.rstrip()}")

    def refuse_dead(self) -> None:
        """Raise when a process has ended."""
        for name, process in self._processes.items():
            code = process.poll()
            if code is not None:
                reason = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
                raise RefusedError(f"{name} {reason}; everything else is stopped too.")

    def stop(self) -> None:
        """Ask every process to end, wait, and kill what is left."""
        for process in self._processes.values():
            _signal(process, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for name, process in self._processes.items():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                say(f"{name} did not stop within {STOP_SECONDS} s and is killed.")
            _signal(process, signal.SIGKILL)  # and whatever it started and left behind
            process.wait()


def _signal(process: subprocess.Popen[str], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def wait_until_ready(service: Service, running: Running) -> None:
    """Return when the service answers that it is ready; show what it waits for."""
    started = time.monotonic()
    shown = ""
    while time.monotonic() - started < READY_SECONDS:
        running.refuse_dead()
        state = readiness(service)
        if state == "ready":
            say(f"{service.name}: ready after {time.monotonic() - started:.1f} s")
            return
        if state != shown:
            say(f"{service.name}: {state} …")
            shown = state
        time.sleep(0.2)
    raise RefusedError(f"{service.name} was not ready within {READY_SECONDS} s ({shown}).")


def readiness(service: Service) -> str:
    """Return `ready`, or what stands in the way."""
    try:
        with urllib.request.urlopen(f"{service.url}/readyz", timeout=3):  # noqa: S310 - a loopback address
            return "ready"
    except urllib.error.HTTPError as answer:
        return f"not ready: {answer.read(500).decode(errors='replace')}"
    except OSError:
        return "starting"


def run(root: Path) -> None:
    """Prepare, start, announce, and watch until something ends."""
    services = discover(root)
    if not services:
        raise RefusedError("There is no service below services/ to run.")
    check_ports(services)
    if write_dotenv(root):
        say("Wrote .env with fresh secrets.")
    variables = settings(root)
    running = Running()
    try:
        for service in services:
            prepare(service, variables)
            running.start(service, variables)
        for service in services:
            wait_until_ready(service, running)
        key = variables.get("AUTH__DEVELOPMENT_KEY", "")
        say("\n".join(["", "Everything runs. Ctrl-C stops it.", "", *banner(services, key), ""]))
        while True:
            running.refuse_dead()
            time.sleep(0.3)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        running.stop()


def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    """Let every way of asking for the end be Ctrl-C."""
    raise KeyboardInterrupt


def main() -> int:
    """Run until Ctrl-C; return the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        with alone(Path.cwd()):
            run(Path.cwd())
    except RefusedError as reason:
        print(reason, file=sys.stderr, flush=True)  # noqa: T201 - this is what the program is for
        return 1
    except KeyboardInterrupt:
        say("Stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
