"""Fixtures: an empty PostgreSQL database per test, on the server of TEST_POSTGRES_URL or on one started here."""

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import make_url

UNPRIVILEGED = ("postgres", "nobody")
"""The programs refuse to run as root; one of these runs them then."""
START_SECONDS = 20
SUPERUSER = "tester"


@dataclass(frozen=True)
class _Server:
    """A running server that nobody else uses."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"postgresql+asyncpg://{SUPERUSER}@127.0.0.1:{self.port}/postgres"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server; skips when there is none and the programs are not installed."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield given
        return
    programs = find_programs()
    if programs is None:
        pytest.skip("PostgreSQL: set TEST_POSTGRES_URL or install the programs initdb and postgres")
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = _start(programs, folder)
    try:
        yield server.url
    finally:
        server.process.terminate()
        server.process.wait(START_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The address of an empty database, dropped after the test."""
    name = f"test_{uuid4().hex[:12]}"
    _execute(postgres_server, f'CREATE DATABASE "{name}"')
    yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    _execute(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)')


def find_programs() -> Path | None:
    """Return the folder of initdb and postgres: from the path, or where Debian puts them."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def _start(programs: Path, folder: Path) -> _Server:
    user = _unprivileged_user()
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"
    initdb = [str(programs / "initdb"), "-D", str(data), "-U", SUPERUSER, "--auth=trust", "--no-sync", "-E", "UTF8"]
    subprocess.run(initdb, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)  # noqa: S603 - a fixed command
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
    process = subprocess.Popen(  # noqa: S603 - a fixed command
        [*_dying_with_us(), str(programs / "postgres"), "-D", str(data), "-p", str(port), *options],
        user=user,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = _Server(port, process)
    _wait(server)
    return server


def _dying_with_us() -> list[str]:
    """Let the server end when the tests are killed, where util-linux is there to arrange it."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "INT"] if setpriv else []


def _unprivileged_user() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED if name in names)


def _wait(server: _Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            _execute(server.url, "SELECT 1")
        except (OSError, asyncpg.PostgresError):
            if time.monotonic() > deadline or server.process.poll() is not None:
                raise
            time.sleep(0.1)
        else:
            return


def _execute(url: str, statement: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(
            make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        )
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())
