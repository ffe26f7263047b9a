"""Column types that behave the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import TypeAlias

from sqlalchemy import JSON, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

Json: TypeAlias = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

JsonDocument = JSON().with_variant(JSONB(), "postgresql")
"""A JSON value; binary on PostgreSQL, so that it can be indexed. None is stored as the JSON value `null`."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: always aware, always UTC. A naive datetime is refused, because nobody knows which moment it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC; SQLite keeps no zone, so the zone is dropped there after the conversion."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment needs a time zone: {value!r}")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)
