"""Pauses of threads by operators. They are rows, so that they survive a restart of the process."""

from datetime import datetime
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries

_SQL = queries("operators")

MAX_PAUSE_S = 3600.0
"""Longest pause, so that a forgotten one does not stop a customer for ever."""
MAX_PAUSES = 100
"""Paused threads in the cluster. Every host reads all of them each second, and their pending rows
stay at the head of the sweep, which needs room for others.
"""


class ActorPauseStore:
    """Stores pauses. Every method is idempotent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pause(self, thread_id: UUID, seconds: float) -> datetime | None:
        """Pauses a thread and returns the end of the pause; ``None`` if the thread is unknown or
        too many are paused.
        """
        async with self._database.system_transaction() as connection:
            await connection.execute(_SQL["delete_expired_pauses"])
            until: datetime | None = await connection.fetchval(
                _SQL["pause"], thread_id, min(seconds, MAX_PAUSE_S), MAX_PAUSES
            )
        return until

    async def resume(self, thread_id: UUID) -> None:
        """Ends the pause of a thread."""
        async with self._database.as_system() as connection:
            await connection.execute(_SQL["resume"], thread_id)

    async def list_pauses(self) -> dict[UUID, float]:
        """Returns the remaining seconds of all pauses in the cluster, by thread."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["pauses"])
        return {row["thread_id"]: row["left_s"] for row in rows}
