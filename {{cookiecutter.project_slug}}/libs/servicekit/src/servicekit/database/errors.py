"""How it shows that the database does not answer."""

import socket

import asyncpg
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from servicekit.problems import Unavailable

UNREACHABLE: tuple[type[Exception], ...] = (
    ConnectionError,
    socket.gaierror,
    TimeoutError,
    OperationalError,
    InterfaceError,
    PoolTimeout,
)
"""What an unhandled one of these means in a request: a part that the service needs does not answer at the moment."""
_NOT_NOW = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,  # it is starting up or shutting down
    asyncpg.TooManyConnectionsError,
)


class DatabaseUnavailable(Unavailable):
    """The database does not answer."""

    code = "database_unavailable"
    hint = "Try again in a moment."

    def __init__(self) -> None:
        super().__init__("The database does not answer.", retry_after=2)


async def connect_postgresql(*arguments: object, **options: object) -> asyncpg.Connection:
    """Open a connection; raise `OSError` whenever there is none to be had, also when PostgreSQL says so itself."""
    try:
        return await asyncpg.connect(*arguments, **options)
    except _NOT_NOW as error:
        raise ConnectionRefusedError(str(error)) from error
