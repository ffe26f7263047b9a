import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from servicekit.database import Database, migrate, revise, upgrade
from servicekit.database.engine import sqlite_url
from servicekit.jobs import Job
from servicekit.testkit.schema import assert_models_match_migrations

FIRST = """
import sqlalchemy as sa
from alembic import op
revision = "bakery_0001"
down_revision = None
branch_labels = ("bakery",)
depends_on = None
def upgrade():
    op.create_table("breads", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.String(10)))
def downgrade():
    op.drop_table("breads")
"""


@pytest.fixture
def bakery(tmp_path: Path) -> Path:
    """The migrations folder of a service, in a folder whose name a careless configuration would stumble over."""
    versions = tmp_path / "100% pure" / "bakery" / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "bakery_0001.py").write_text(FIRST)
    return versions.parent


async def tables(url: str) -> set[str]:
    database = Database(url)
    async with database.engine.connect() as connection:
        names = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
    await database.dispose()
    return names


async def test_models_equal_migrations(either_url: str) -> None:
    assert Job.__table__ is not None
    await assert_models_match_migrations(either_url)


async def test_the_platform_and_a_service_are_migrated_together(either_url: str, bakery: Path) -> None:
    await upgrade(either_url, [bakery])
    await upgrade(either_url, [bakery])
    assert {"jobs", "api_keys", "breads"} <= await tables(either_url)


async def test_a_failing_migration_leaves_the_schema_as_it_was(either_url: str, bakery: Path) -> None:
    broken = FIRST.replace("bakery_0001", "bakery_0002").replace("= None\nbranch", '= "bakery_0001"\nbranch')
    broken = broken.replace('branch_labels = ("bakery",)', "branch_labels = None").replace('"breads"', '"rolls"')
    broken = broken.replace("def downgrade", "    raise RuntimeError('no flour')\ndef downgrade")
    (bakery / "versions" / "bakery_0002.py").write_text(broken)
    with pytest.raises(RuntimeError, match="no flour"):
        await upgrade(either_url, [bakery])
    assert not {"jobs", "breads", "rolls"} & await tables(either_url)


async def test_changing_a_sqlite_table_keeps_the_rows_that_point_to_it(tmp_path: Path, bakery: Path) -> None:
    url = sqlite_url(tmp_path / "a.db")
    await upgrade(url, [bakery])
    database = Database(url)
    async with database.engine.begin() as connection:
        await connection.execute(text("INSERT INTO breads VALUES (1, 'rye')"))
        await connection.execute(
            text("CREATE TABLE slices (bread INTEGER REFERENCES breads(id) ON DELETE CASCADE, n INTEGER)")
        )
        await connection.execute(text("INSERT INTO slices VALUES (1, 1)"))
    await database.dispose()
    change = FIRST.replace("bakery_0001", "bakery_0002").replace("= None\nbranch", '= "bakery_0001"\nbranch')
    change = change.replace('branch_labels = ("bakery",)', "branch_labels = None")
    start = change.index("    op.create_table")
    change = change[:start] + (
        '    with op.batch_alter_table("breads") as batch:\n'
        '        batch.alter_column("name", nullable=False)\n'
        "def downgrade():\n    pass\n"
    )
    (bakery / "versions" / "bakery_0002.py").write_text(change)
    await upgrade(url, [bakery])
    database = Database(url)
    async with database.engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM slices"))).scalar() == 1
    await database.dispose()


def test_three_processes_that_migrate_at_once_all_succeed(either_url: str, bakery: Path) -> None:
    code = "import sys, pathlib, servicekit.database as d; d.migrate(sys.argv[1], [pathlib.Path(sys.argv[2])])"
    command = [sys.executable, "-c", code, either_url, str(bakery)]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    errors = [process.communicate(timeout=100)[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors


def test_a_new_revision_is_written_from_the_difference_to_the_models(tmp_path: Path, bakery: Path) -> None:
    url = sqlite_url(tmp_path / "a.db")
    migrate(url, [bakery])
    revise(url, [bakery], message="forget the breads", branch="bakery")
    written = next(path for path in (bakery / "versions").glob("*.py") if path.name != "bakery_0001.py").read_text()
    assert written.startswith('"""forget the breads."""')
    assert "down_revision = 'bakery_0001'" in written
    assert 'op.drop_table("breads")' in written or "op.drop_table('breads')" in written
