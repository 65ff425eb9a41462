"""Indexes messages in blocks for the full-text search, outside the message path."""

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
"""Age at which messages are indexed; a search scans younger ones one by one. No transaction takes
that long, and WhatsApp allows edits for 15 minutes only, so indexed messages do not change.
"""


class SearchIndexer:
    """Indexes messages. Any number of processes may run it; each block is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def index_next_blocks(self) -> int:
        """Indexes one block of each tenant that has a complete one; returns the number of blocks.
        A failure of one tenant is logged and retried with the next call.
        """
        indexed = 0
        async with self._database.as_system() as connection:
            tenants = [row["tenant_id"] for row in await connection.fetch(_SQL["tenants"])]
        for tenant_id in tenants:
            try:
                async with self._database.system_transaction() as connection:
                    seconds = MIN_MESSAGE_AGE.total_seconds()
                    new = await connection.fetchval(_SQL["index_block"], tenant_id, seconds)
                    indexed += bool(new)
            except NiochatError as error:
                _log.warning("message_indexing_failed", tenant=str(tenant_id), code=error.code)
        return indexed

    async def run(self) -> None:
        """Index every few seconds, until cancelled."""
        await run_periodically("message_indexing_failed", INDEX_INTERVAL_S, self._index_all)

    async def _index_all(self) -> None:
        while await self.index_next_blocks():
            pass
