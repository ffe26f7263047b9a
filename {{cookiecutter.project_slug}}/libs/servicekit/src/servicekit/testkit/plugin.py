"""The pytest plugin of this repository, switched on in `pyproject.toml`.

Every test may only reach this machine (`sockets`), and async tests run on asyncio. A service overrides these
fixtures in its `conftest.py` and gets the rest:

    settings_class       its ServiceSettings subclass
    catalog              its JobCatalog
    migration_locations  its `migrations` folders
    app                  its application, built on `kit`

Then there are

    settings             of this test alone: `data_dir` is the test's folder, no variable of the environment is read;
                         change a few with `@pytest.mark.settings(jobs__lease_seconds=1)`, or override the
                         fixture `settings_overrides` when a value comes from another fixture
    database             a migrated SQLite database of this test alone, copied from one made once per run
    kit                  the platform's parts on that database, not running; queued jobs wait for `job_runner`
    client, other_client, anonymous_client
                         HTTP clients of the running app: of tenant `acme` and of tenant `globex` with all
                         scopes, and one without a key
    make_client          the same for any tenant and scopes
    job_runner           runs queued jobs, here and now: `await job_runner.run_all(resources)`
    mint                 makes an API key for a tenant and scopes
    redis, redis_url     an asyncio Redis client on an in-process fake; the address of one that other processes can use
    stack                the whole project in containers (mark the test `docker`)
    log_to_file          log as a service does: `read = log_to_file(level="debug")`
    spans                the spans of this test, in memory
    postgres_url         an empty PostgreSQL database of this test alone (mark the test `postgres`)

and to import: `settings.make_settings`, `schema.assert_models_match_migrations`, `jobs.make_context`,
`handlers.serve_handler`.
"""

import pytest
import structlog

from servicekit.testkit import sockets
from servicekit.testkit.garbage import GarbageBetweenTests

pytest_plugins = (
    "servicekit.testkit.databases",
    "servicekit.testkit.applications",
    "servicekit.testkit.brokers",
    "servicekit.testkit.jobs",
    "servicekit.testkit.postgres",
    "servicekit.testkit.stack",
    "servicekit.testkit.telemetry",
)


def pytest_configure(config: pytest.Config) -> None:
    """Block the network before anything is imported by tests."""
    config.addinivalue_line("markers", "settings(**overrides): settings of this test, as `group__name=value`")
    config.pluginmanager.register(GarbageBetweenTests(), "garbage-between-tests")
    sockets.block()
    _configure_logs()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on asyncio."""
    return "asyncio"


def _configure_logs() -> None:
    """Log plainly: structlog's own way of showing exceptions, with all variables, takes seconds for each."""
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level, renderer])
