"""Teams: agents who share a queue."""

from typing import Any
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NotFoundError, OperationRefusedError
from niochat.domain.permissions import (
    TENANT_ROLE_GRANTS,
    PermissionReach,
    parse_grants,
    require_covering,
)
from niochat.domain.presence import DEFAULT_ASSIGNMENT_MODE, AssignmentMode
from niochat.identity.users import ChangedBy
from niochat.ports.audit import AuditEntry

_SQL = queries("teams")

MAX_TEAMS = 200
"""Teams of one tenant."""


class TeamRepository:
    """Of one tenant at a time, with that tenant's role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, tenant_id: UUID) -> list[dict[str, Any]]:
        """``slug``, ``name``, ``assignment``, ``members`` and how many are ``waiting``."""
        async with self._database.as_tenant(tenant_id) as connection:
            return [dict(row) for row in await connection.fetch(_SQL["list"], tenant_id)]

    async def put(
        self,
        tenant_id: UUID,
        slug: str,
        name: str,
        assignment: AssignmentMode | None,
        by: ChangedBy,
    ) -> None:
        """Make it or change it; without ``assignment`` that stays, and is
        ``DEFAULT_ASSIGNMENT_MODE`` of a new
        one. Raises ``Refused`` when there are enough, ``PermissionDeniedError`` where a member may
        more than ``by``.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            await _require_authority_over_members(connection, tenant_id, slug, by)
            row = await connection.fetchrow(_SQL["find"], tenant_id, slug)
            way = assignment or (row["assignment"] if row is not None else DEFAULT_ASSIGNMENT_MODE)
            new = {"name": name, "assignment": str(way)}
            if not await connection.fetchval(
                _SQL["upsert"], tenant_id, slug, *new.values(), MAX_TEAMS
            ):
                raise OperationRefusedError(
                    f"The limit of {MAX_TEAMS} teams is reached. Delete a team first.",
                    code="too_many_teams",
                )
            old = None if row is None else dict(row)
            await record_change(
                connection,
                AuditEntry(
                    tenant_id,
                    by.actor,
                    "teams.put",
                    f"team:{slug}",
                    old,
                    new,
                ),
            )

    async def delete(self, tenant_id: UUID, slug: str, by: ChangedBy) -> None:
        """Raises ``NotFoundError``, ``Refused`` where conversations ever went to it: they name it;
        ``PermissionDeniedError`` where a member may more than ``by``.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            await _require_authority_over_members(connection, tenant_id, slug, by)
            used = await connection.fetchval(_SQL["is_used"], tenant_id, slug)
            if used is None:
                raise NotFoundError("The team does not exist.")
            if used:
                raise OperationRefusedError(
                    "Conversations refer to this team. Rename it instead of deleting it.",
                    code="team_in_use",
                )
            await connection.execute(_SQL["remove_members"], tenant_id, slug)
            await connection.execute(_SQL["delete"], tenant_id, slug)
            await record_change(
                connection, AuditEntry(tenant_id, by.actor, "teams.delete", f"team:{slug}")
            )


async def _require_authority_over_members(
    connection: Connection, tenant_id: UUID, slug: str, by: ChangedBy
) -> None:
    """A team goes as far as the strongest of its members: it takes their conversations along."""
    for row in await connection.fetch(_SQL["list_member_roles"], tenant_id, slug):
        grants = TENANT_ROLE_GRANTS.get(row["role"])
        if grants is None:
            grants = parse_grants(row["permissions"] or ())
        require_covering(by.reach, PermissionReach(grants, frozenset({slug})))
