"""Deletes the files of export jobs when their time is over, and later the jobs themselves.

Bytes are deleted before rows say so: if the process dies in between, the next run does it again. A
row knows the number of its attempts, and so each file that any of them may have stored.
"""

from collections.abc import Sequence
from typing import Any

from niochat.adapters.file_store import FileStore
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.insights.exports.export_job import ROW_RETENTION, file_key

_SQL = queries("report_exports")

BATCH_SIZE = 100


class ExportPurge:
    """Deletes what is over."""

    def __init__(self, database: Database, files: FileStore) -> None:
        self._database = database
        self._files = files

    async def delete_expired(self) -> None:
        """Delete expired files, and jobs that were removed or are over for long; at most
        ``BATCH_SIZE`` of each. Raises ``UnavailableError``.
        """
        async with self._database.as_system() as connection:
            expired = await connection.fetch(_SQL["list_expired"], BATCH_SIZE)
            removable = await connection.fetch(_SQL["list_removable"], BATCH_SIZE, ROW_RETENTION)
        for row in [*expired, *removable]:
            for attempt in range(1, row["attempts"] + 1):
                await self._files.delete(file_key(row["tenant_id"], row["id"], attempt))
        async with self._database.as_system() as connection:
            await connection.execute(_SQL["mark_expired"], *_keys(expired))
            await connection.execute(_SQL["delete"], *_keys(removable))


def _keys(rows: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    return [row["tenant_id"] for row in rows], [row["id"] for row in rows]
