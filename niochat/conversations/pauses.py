"""Conversations that an operator stopped for a while: rows, so that they outlive the process."""

from datetime import datetime
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries

_SQL = queries("operators")

MAX_PAUSE_S = 3600.0
"""The longest pause: who forgets one has stopped a customer, not for ever."""
MAX_PAUSES = 100
"""Paused threads of the cluster. Every host reads them all each second, and their rows stay at the
head of the sweep, which must have room for others.
"""


class PauseStore:
    """Every method is safe to repeat."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pause(self, thread_id: UUID, seconds: float) -> datetime | None:
        """No steps until the returned time; ``None``: unknown, or too many are paused."""
        async with self._database.system_transaction() as connection:
            await connection.execute(_SQL["delete_expired_pauses"])
            until: datetime | None = await connection.fetchval(
                _SQL["pause"], thread_id, min(seconds, MAX_PAUSE_S), MAX_PAUSES
            )
        return until

    async def resume(self, thread_id: UUID) -> None:
        """It may go on."""
        async with self._database.as_system() as connection:
            await connection.execute(_SQL["resume"], thread_id)

    async def list_pauses(self) -> dict[UUID, float]:
        """Seconds left by thread, of all hosts."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["pauses"])
        return {row["thread_id"]: row["left_s"] for row in rows}
