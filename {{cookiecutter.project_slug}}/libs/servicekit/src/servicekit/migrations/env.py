"""Alembic runs this file; `servicekit.database.migrations` hands it an open connection inside a transaction."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    transactional_ddl=True,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()
