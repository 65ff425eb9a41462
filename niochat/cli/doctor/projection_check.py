"""Finds projections of the read model that have stopped."""

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries

_SQL = queries("projections")


async def find_stopped_projections(database: Database) -> list[str]:
    """Return a sentence for each projection that cannot read an event. Raises
    ``UnavailableError``.
    """
    async with database.as_system() as connection:
        rows = await connection.fetch(_SQL["list_stopped"])
    return [
        f"the projection {row['name']} of {row['slug']} has stood still since"
        f" {row['failed_since']:%d/%m %H:%M} UTC before event {row['failed_version']} of the"
        f" conversation {row['failed_conversation']} ({row['failed_reason']}): its reports show"
        f" what was before; a newer release may read the event, then it goes on by itself"
        for row in rows
    ]
