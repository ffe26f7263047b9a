"""Whether the migrations make the tables that the models describe."""

from collections.abc import Sequence
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Table
from sqlalchemy.schema import SchemaItem

from servicekit.database import MIGRATIONS, Base, Database, upgrade


async def assert_models_match_migrations(url: str, locations: Sequence[Path] = ()) -> None:
    """Migrate an empty database and compare it with the models; AssertionError names the differences.

    The models compared are the imported ones of servicekit and of the packages that the locations belong to.
    """
    await upgrade(url, locations)
    packages = {location.parent.name for location in (MIGRATIONS, *locations)}
    database = Database(url)
    try:
        async with database.engine.connect() as connection:
            differences = await connection.run_sync(_compare, _tables_of(packages))
    finally:
        await database.dispose()
    assert not differences, f"models and migrations differ: {differences}"  # noqa: S101 - the purpose of this function


def _tables_of(packages: set[str]) -> set[str]:
    classes = [mapper.class_ for mapper in Base.registry.mappers]
    return {str(cls.__tablename__) for cls in classes if cls.__module__.partition(".")[0] in packages}


def _compare(connection: Connection, tables: set[str]) -> list[object]:
    def belongs(item: SchemaItem, name: str | None, _: str, reflected: bool, __: SchemaItem | None) -> bool:
        return reflected or not isinstance(item, Table) or name in tables

    context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": belongs})
    return list(compare_metadata(context, Base.metadata))
