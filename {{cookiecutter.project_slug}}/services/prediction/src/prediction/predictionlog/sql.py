"""The prediction log's sink on SQLite and PostgreSQL."""

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Final

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection

from prediction.predictionlog.models import Prediction
from prediction.predictionlog.record import PredictionRow
from prediction.predictionlog.sink import RowsRefusedError, SinkUnavailableError
from servicekit.database import Database

_REFUSED_SQLSTATES = ("22", "23")  # PostgreSQL's classes "data exception" and "integrity constraint violation"


_COLUMNS: Final = tuple(field.name for field in fields(PredictionRow))
_values = attrgetter(*_COLUMNS)


class SqlPredictionSink:
    """Writes rows all or none; rows that are there already are left alone, so a repetition does no harm.

    This work is done by the process that serves, once for each prediction. So PostgreSQL gets a whole batch as one
    statement with an array per column, which costs a fifth of a statement per row.
    """

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._store = _store_in_sqlite
        if self._engine.dialect.name == "postgresql":
            self._engine = self._engine.execution_options(isolation_level="AUTOCOMMIT")  # a statement is all or nothing
            self._store = _store_in_postgresql

    async def store(self, rows: Sequence[PredictionRow]) -> None:
        """Keep all rows or none."""
        try:
            async with self._engine.begin() as connection:
                await self._store(connection, rows)
        except SQLAlchemyError as error:
            if _refuses_data(error):
                raise RowsRefusedError(str(error.__cause__ or error)) from error
            raise SinkUnavailableError(str(error.__cause__ or error)) from error
        except (OSError, TimeoutError) as error:
            raise SinkUnavailableError(str(error)) from error


async def _store_in_sqlite(connection: AsyncConnection, rows: Sequence[PredictionRow]) -> None:
    await connection.execute(_INSERT_ROW, [dict(zip(_COLUMNS, _values(row), strict=True)) for row in rows])


async def _store_in_postgresql(connection: AsyncConnection, rows: Sequence[PredictionRow]) -> None:
    await connection.exec_driver_sql(_INSERT_ARRAYS, tuple(zip(*map(_values, rows), strict=True)))


def _insert_row() -> Insert:
    table = Prediction.__table__
    assert isinstance(table, Table)  # noqa: S101 - narrows SQLAlchemy's type
    return sqlite.insert(table).on_conflict_do_nothing()


def _insert_arrays() -> str:
    types = {"at": "timestamptz", "score": "float8"}
    arrays = [f"${number}::{types.get(name, 'text')}[]" for number, name in enumerate(_COLUMNS, start=1)]
    return (
        f"INSERT INTO {Prediction.__tablename__} ({', '.join(_COLUMNS)}) "  # noqa: S608 - names of our own table only
        f"SELECT * FROM unnest({', '.join(arrays)}) ON CONFLICT DO NOTHING"
    )


_INSERT_ROW: Final = _insert_row()
_INSERT_ARRAYS: Final = _insert_arrays()


def _refuses_data(error: SQLAlchemyError) -> bool:
    """Tell whether the rows are at fault. When in doubt they are not: they are tried again, never thrown away."""
    if isinstance(error, DataError | IntegrityError):
        return True
    if isinstance(error, DBAPIError):
        return str(getattr(error.orig, "sqlstate", "")).startswith(_REFUSED_SQLSTATES)
    return isinstance(error, StatementError)
