"""Fixtures: settings and a migrated database of one test."""

import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from servicekit.database import Database, database_url, migrate
from servicekit.database.engine import sqlite_url
from servicekit.settings import ServiceSettings
from servicekit.testkit.settings import make_settings


@pytest.fixture(scope="session")
def settings_class() -> type[ServiceSettings]:
    """The settings class of the service under test; overridden by services."""
    return ServiceSettings


@pytest.fixture(scope="session")
def migration_locations() -> Sequence[Path]:
    """The `migrations` folders of the service under test; overridden by services."""
    return ()


@pytest.fixture(scope="session")
def database_templates() -> dict[tuple[Path, ...], Path]:
    """The templates made so far: one run may test several services, each with migrations of its own."""
    return {}


@pytest.fixture
def database_template(
    database_templates: dict[tuple[Path, ...], Path],
    migration_locations: Sequence[Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A migrated and empty SQLite file, made once per service."""
    key = tuple(migration_locations)
    if key not in database_templates:
        path = tmp_path_factory.mktemp("database") / "template.db"
        migrate(sqlite_url(path), migration_locations)
        database_templates[key] = path
    return database_templates[key]


@pytest.fixture
def settings_overrides(request: pytest.FixtureRequest) -> dict[str, object]:
    """What this test sets: the marker's arguments. Overridden when a value comes from a fixture."""
    marker = request.node.get_closest_marker("settings")
    return dict(marker.kwargs) if marker else {}


@pytest.fixture
def settings(
    settings_class: type[ServiceSettings],
    settings_overrides: dict[str, object],
    database_template: Path,
    tmp_path: Path,
) -> ServiceSettings:
    """Settings of this test alone, whose database exists already."""
    made = make_settings(settings_class, tmp_path, **settings_overrides)
    if made.database.url is None:
        shutil.copyfile(database_template, tmp_path / f"{made.service_name}.db")
    return made


@pytest.fixture
async def database(settings: ServiceSettings) -> AsyncIterator[Database]:
    """The test's database."""
    opened = Database(database_url(settings))
    yield opened
    await opened.dispose()
