"""Reads PostgreSQL's clock, for processes that issue tokens which other processes check."""

import time

from niochat.adapters.clock import DatabaseClock
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries

_SQL = queries("database_health")


async def sync_clock(database: Database, clock: DatabaseClock) -> None:
    """Set ``clock`` to the time of the database server. Raises ``UnavailableError``."""
    async with database.as_system() as connection:
        requested_at = time.monotonic()
        clock.synchronize(await connection.fetchval(_SQL["current_time"]), requested_at)
