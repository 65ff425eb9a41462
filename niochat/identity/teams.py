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
"""Maximum number of teams of a tenant."""


class TeamRepository:
    """Manages the teams of a tenant over tenant connections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, tenant_id: UUID) -> list[dict[str, Any]]:
        """List teams with ``slug``, ``name``, ``assignment``, ``members`` and the number of
        ``waiting`` conversations.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            return [dict(row) for row in await connection.fetch(_SQL["list"], tenant_id)]

    async def put(
        self,
        tenant_id: UUID,
        slug: str,
        name: str,
        assignment: AssignmentMode | None,
        changed_by: ChangedBy,
    ) -> None:
        """Create or change a team.

        If ``assignment`` is None, the mode is not changed; a new team gets
        ``DEFAULT_ASSIGNMENT_MODE``. Raises ``OperationRefusedError`` for too many teams,
        ``PermissionDeniedError`` if the caller's reach does not cover every member.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            await _require_authority_over_members(connection, tenant_id, slug, changed_by)
            row = await connection.fetchrow(_SQL["find"], tenant_id, slug)
            mode = assignment or (row["assignment"] if row is not None else DEFAULT_ASSIGNMENT_MODE)
            new = {"name": name, "assignment": str(mode)}
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
                    changed_by.actor,
                    "teams.put",
                    f"team:{slug}",
                    old,
                    new,
                ),
            )

    async def delete(self, tenant_id: UUID, slug: str, changed_by: ChangedBy) -> None:
        """Delete a team.

        Raises ``NotFoundError``, ``OperationRefusedError`` if conversations refer to the team,
        ``PermissionDeniedError`` if the caller's reach does not cover every member.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            await _require_authority_over_members(connection, tenant_id, slug, changed_by)
            is_used = await connection.fetchval(_SQL["is_used"], tenant_id, slug)
            if is_used is None:
                raise NotFoundError("The team does not exist.")
            if is_used:
                raise OperationRefusedError(
                    "Conversations refer to this team. Rename it instead of deleting it.",
                    code="team_in_use",
                )
            await connection.execute(_SQL["remove_members"], tenant_id, slug)
            await connection.execute(_SQL["delete"], tenant_id, slug)
            await record_change(
                connection, AuditEntry(tenant_id, changed_by.actor, "teams.delete", f"team:{slug}")
            )


async def _require_authority_over_members(
    connection: Connection, tenant_id: UUID, slug: str, changed_by: ChangedBy
) -> None:
    """Require that the caller's reach covers every member, because a change affects them all."""
    for row in await connection.fetch(_SQL["list_member_roles"], tenant_id, slug):
        grants = TENANT_ROLE_GRANTS.get(row["role"])
        if grants is None:
            grants = parse_grants(row["permissions"] or ())
        require_covering(changed_by.reach, PermissionReach(grants, frozenset({slug})))
