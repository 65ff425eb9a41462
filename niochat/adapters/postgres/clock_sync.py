"""What PostgreSQL's clock says, for processes that give out what others judge."""

import asyncio
import time

import structlog

from niochat.adapters.clock import DatabaseClock
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NiochatError

_SQL = queries("database_health")
_log = structlog.get_logger(__name__)

SYNC_INTERVAL_S = 60.0
RETRY_S = 1.0
"""While it was never told."""


async def sync_clock(database: Database, clock: DatabaseClock) -> None:
    """Ask once. Raises ``UnavailableError``."""
    async with database.as_system() as connection:
        asked = time.monotonic()
        clock.synchronize(await connection.fetchval(_SQL["current_time"]), asked)


async def run_clock_sync(database: Database, clock: DatabaseClock) -> None:
    """Each minute, until it is cancelled; while nobody answers it counts on."""
    pause = RETRY_S
    while True:
        try:
            await sync_clock(database, clock)
            pause = SYNC_INTERVAL_S
        except NiochatError as error:
            _log.warning("time_not_told", code=error.code)
        except Exception as error:  # noqa: BLE001 - the loop must outlive any error
            _log.error("time_not_told", exc_info=error)
        await asyncio.sleep(pause)
