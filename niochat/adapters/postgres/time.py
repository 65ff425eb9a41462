"""What PostgreSQL's clock says, for processes that give out what others judge."""

import asyncio
import time

import structlog

from niochat.adapters.clock import Agreed
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NiochatError

_SQL = queries("health")
_log = structlog.get_logger(__name__)

EVERY_S = 60.0
AGAIN_S = 1.0
"""While it was never told."""


async def agree(database: Database, clock: Agreed) -> None:
    """Ask once. Raises ``UnavailableError``."""
    async with database.path() as connection:
        asked = time.monotonic()
        clock.hear(await connection.fetchval(_SQL["time"]), asked)


async def agree_for_ever(database: Database, clock: Agreed) -> None:
    """Each minute, until it is cancelled; while nobody answers it counts on."""
    pause = AGAIN_S
    while True:
        try:
            await agree(database, clock)
            pause = EVERY_S
        except NiochatError as error:
            _log.warning("time_not_told", code=error.code)
        except Exception as error:  # noqa: BLE001 - the loop must outlive any error
            _log.error("time_not_told", exc_info=error)
        await asyncio.sleep(pause)
