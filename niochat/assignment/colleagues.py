"""Colleagues: what every member of a tenant sees of its users and teams."""

from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.assignment.agent_presence import PRESENCE_GRACE_S

_SQL = queries("colleagues")

MAX_COLLEAGUES = 2000
"""Maximum number of users in the list."""


class ColleagueDirectory:
    """The active users and the teams of all tenants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, tenant_id: UUID) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """(users, teams) of the tenant, each by name. ``photo`` is the digest of a user's photo."""
        async with self._database.as_tenant(tenant_id) as connection:
            users = await connection.fetch(
                _SQL["list_colleagues"], tenant_id, PRESENCE_GRACE_S, MAX_COLLEAGUES
            )
            teams = await connection.fetch(_SQL["list_teams"], tenant_id)
        return [dict(row) for row in users], [dict(row) for row in teams]
