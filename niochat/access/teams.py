"""Teams: agents who share a queue."""

from typing import Any
from uuid import UUID

from niochat.adapters.postgres.audit import record
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.audit import Entry, Who
from niochat.domain.errors import NotFound, Refused
from niochat.domain.presence import NEW_TEAM, Assignment

_SQL = queries("teams")

MOST = 200
"""Teams of one tenant."""


class Teams:
    """Of one tenant at a time, with that tenant's role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, tenant_id: UUID) -> list[dict[str, Any]]:
        """``slug``, ``name``, ``assignment``, ``members`` and how many are ``waiting``."""
        async with self._database.tenant(tenant_id) as connection:
            return [dict(row) for row in await connection.fetch(_SQL["list"], tenant_id)]

    async def put(
        self, tenant_id: UUID, slug: str, name: str, assignment: Assignment | None, who: Who
    ) -> None:
        """Make it or change it; without ``assignment`` that stays, and is ``NEW_TEAM`` of a new
        one. Raises ``Refused`` when there are enough.
        """
        async with self._database.tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["one"], tenant_id, slug)
            way = assignment or (row["assignment"] if row is not None else NEW_TEAM)
            new = {"name": name, "assignment": str(way)}
            if not await connection.fetchval(_SQL["put"], tenant_id, slug, *new.values(), MOST):
                raise Refused(f"{MOST} teams are enough: delete one first", code="too_many_teams")
            old = None if row is None else dict(row)
            await record(connection, Entry(tenant_id, who, "teams.put", f"team:{slug}", old, new))

    async def delete(self, tenant_id: UUID, slug: str, who: Who) -> None:
        """Raises ``NotFound``, ``Refused`` where conversations ever went to it: they name it."""
        async with self._database.tenant(tenant_id) as connection:
            used = await connection.fetchval(_SQL["used"], tenant_id, slug)
            if used is None:
                raise NotFound("there is no such team")
            if used:
                raise Refused("conversations name this team: rename it", code="team_in_use")
            await connection.execute(_SQL["leave"], tenant_id, slug)
            await connection.execute(_SQL["delete"], tenant_id, slug)
            await record(connection, Entry(tenant_id, who, "teams.delete", f"team:{slug}"))
