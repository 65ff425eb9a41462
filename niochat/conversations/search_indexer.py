"""Gathering what was said into blocks that a search looks through, behind the path."""

from datetime import timedelta

import structlog

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NiochatError
from niochat.runtime.periodic_loop import run_periodically

_SQL = queries("message_search")
_log = structlog.get_logger(__name__)

INDEX_INTERVAL_S = 10.0
MIN_MESSAGE_AGE = timedelta(minutes=20)
"""Younger messages are looked at one by one. No transaction of ours is that long, and WhatsApp lets
nobody edit a message that is older than a quarter of an hour."""


class SearchIndexer:
    """Can be run by any number of processes; each block is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def index_next_blocks(self) -> int:
        """One block of each tenant that has one; how many there were. What fails for one tenant is
        told, and tried again with the next call.
        """
        made = 0
        async with self._database.as_system() as connection:
            tenants = [row["tenant_id"] for row in await connection.fetch(_SQL["tenants"])]
        for tenant_id in tenants:
            try:
                async with self._database.system_transaction() as connection:
                    seconds = MIN_MESSAGE_AGE.total_seconds()
                    made += bool(await connection.fetchval(_SQL["index_block"], tenant_id, seconds))
            except NiochatError as error:
                _log.warning("message_indexing_failed", tenant=str(tenant_id), code=error.code)
        return made

    async def run(self) -> None:
        """Index every few seconds, until cancelled."""
        await run_periodically("message_indexing_failed", INDEX_INTERVAL_S, self._index_all)

    async def _index_all(self) -> None:
        while await self.index_next_blocks():
            pass
