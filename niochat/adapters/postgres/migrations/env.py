"""Alembic's entry: every revision in one transaction, on the URL that ``migrate`` passes."""

from alembic import context
from sqlalchemy import create_engine


def run() -> None:
    """Apply what is missing."""
    engine = create_engine(context.config.attributes["url"])
    with engine.begin() as connection:
        # Two starters at once: the second waits, then finds nothing to do.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(5581988887777)")
        context.configure(connection=connection, target_metadata=None)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
