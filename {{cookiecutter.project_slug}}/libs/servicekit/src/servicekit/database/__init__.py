"""One database layer for all services: async SQLAlchemy on SQLite (a file, nothing to install) or PostgreSQL.

The public surface:

    Base, UtcDateTime, JsonDocument, Json, uuid7, utc_now   to declare tables
    Database, Session, add_if_new, after_commit             to work with them
    migrate, revise                                         to create and change them
"""

from servicekit.database.base import Base
from servicekit.database.database import AfterCommit, Database, add_if_new, after_commit, database_url
from servicekit.database.ids import uuid7
from servicekit.database.migrations import MIGRATIONS, migrate, revise, upgrade
from servicekit.database.types import Json, JsonDocument, UtcDateTime, utc_now
from servicekit.database.unit_of_work import Session, unit_of_work

__all__ = [
    "MIGRATIONS",
    "AfterCommit",
    "Base",
    "Database",
    "Json",
    "JsonDocument",
    "Session",
    "UtcDateTime",
    "add_if_new",
    "after_commit",
    "database_url",
    "migrate",
    "revise",
    "unit_of_work",
    "upgrade",
    "utc_now",
    "uuid7",
]
