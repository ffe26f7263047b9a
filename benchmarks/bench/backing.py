"""The servers that the service leans on when everything is on: Redis, PostgreSQL and a collector of traces.

They run beside the load generator, on the core that the measured process does not have.
"""

import getpass
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.measurement import run_to_end
from bench.processes import Command, Server

ORDINARY_USER = "nobody"  # PostgreSQL refuses to run as root


@dataclass(frozen=True, slots=True)
class Backing:
    """Where they listen; what this machine does not have is None."""

    redis: Server | None
    postgres: Server | None
    collector: Server

    @property
    def redis_url(self) -> str | None:
        """The address that the service is given."""
        return f"redis://127.0.0.1:{self.redis.port}/0" if self.redis else None

    @property
    def database_url(self) -> str | None:
        """The address that the service is given; None means SQLite."""
        return f"postgresql+asyncpg://bench@127.0.0.1:{self.postgres.port}/postgres" if self.postgres else None


@contextmanager
def backing_running(build: Path, python: Path, port: int, cpu: int | None) -> Iterator[Backing]:
    """Start what there is of them, on three ports from `port`."""
    with ExitStack() as stack:
        redis = start_redis(build, port)
        if redis:
            stack.callback(redis.stop)
        postgres = start_postgres(build, port + 1)
        if postgres:
            stack.callback(postgres.stop)
        sink = Command((str(python), "-m", "bench.collector", str(port + 2)), Path(__file__).parent.parent)
        collector = Server(sink, port + 2, build / "logs" / "collector.log")
        stack.callback(collector.stop)
        collector.wait_until_ready("/")
        for server in (redis, postgres, collector):
            if server:
                server.pin(cpu)
        yield Backing(redis, postgres, collector)


def start_redis(build: Path, port: int) -> Server | None:
    """Start a Redis that keeps nothing on disk, or return None when it is not installed."""
    program = shutil.which("redis-server")
    if program is None:
        return None
    options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
    server = Server(Command((program, *options), build), port, build / "logs" / "redis.log")
    return server.wait_until_listening()


def start_postgres(build: Path, port: int) -> Server | None:
    """Start a PostgreSQL with its default settings (it does wait for the disk), or return None when not installed."""
    initdb, postgres = find_program("initdb"), find_program("postgres")
    if initdb is None or postgres is None:
        return None
    folder = Path("/tmp") / f"bench-postgres-{getpass.getuser()}-{port}"  # noqa: S108 - another user must reach it
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    user = None
    if os.geteuid() == 0:
        user = ORDINARY_USER
        shutil.chown(folder, user)
    log = build / "logs" / "postgres.log"
    data = str(folder / "data")
    run_to_end(Command((initdb, "-D", data, "-U", "bench", "--auth=trust", "--encoding=UTF8"), folder, user=user), log)
    options = ("-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-k", str(folder))
    server = Server(Command((postgres, *options), folder, user=user), port, log)
    return server.wait_until_listening()


def find_program(name: str) -> str | None:
    """Find a program of PostgreSQL; Debian keeps them off the path."""
    found = shutil.which(name)
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return found or (str(installed[-1]) if installed else None)
