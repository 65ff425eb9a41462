"""Roles: the built-in ones of every tenant, and those that a tenant created."""

from typing import Any
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NotFoundError, OperationRefusedError
from niochat.domain.permissions import (
    TENANT_ROLE_GRANTS,
    Grants,
    PermissionReach,
    format_grants,
    parse_grants,
    require_covering,
)
from niochat.identity.users import ChangedBy
from niochat.ports.audit import AuditEntry

_SQL = queries("roles")

MAX_ROLES = 100
"""Maximum number of roles that a tenant may create."""


class RoleRepository:
    """Manages the roles of a tenant over tenant connections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, tenant_id: UUID) -> list[dict[str, Any]]:
        """List roles with ``name``, ``permissions`` and ``built_in``; built-in roles come first."""
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["list"], tenant_id)
        built_in = [
            {"name": name, "permissions": format_grants(grants), "built_in": True}
            for name, grants in TENANT_ROLE_GRANTS.items()
        ]
        return [*built_in, *({**dict(row), "built_in": False} for row in rows)]

    async def put(self, tenant_id: UUID, name: str, grants: Grants, changed_by: ChangedBy) -> None:
        """Create a role or change its grants, with effect from the next request.

        Raises ``PermissionDeniedError`` if the caller's reach does not cover the old and the new
        grants, ``OperationRefusedError`` for the caller's own role, a built-in role or too many
        roles.
        """
        if name == changed_by.role:
            raise OperationRefusedError("You cannot change your own role.", code="own_role")
        _refuse_built_in(name)
        async with self._database.as_tenant(tenant_id) as connection:
            permissions = format_grants(grants)
            before, teams = await _lock_role(connection, tenant_id, name, changed_by)
            require_covering(changed_by.reach, PermissionReach(grants, teams))
            if not await connection.fetchval(
                _SQL["upsert"], tenant_id, name, permissions, MAX_ROLES
            ):
                raise OperationRefusedError(
                    f"The limit of {MAX_ROLES} roles is reached. Delete a role first.",
                    code="too_many_roles",
                )
            await record_change(
                connection,
                AuditEntry(
                    tenant_id,
                    changed_by.actor,
                    "roles.put",
                    f"role:{name}",
                    None if before is None else {"permissions": before},
                    {"permissions": permissions},
                ),
            )

    async def delete(self, tenant_id: UUID, name: str, changed_by: ChangedBy) -> None:
        """Delete a role.

        Raises ``NotFoundError``, ``PermissionDeniedError`` if the caller's reach does not cover
        it, ``OperationRefusedError`` while users have the role or for a built-in role.
        """
        _refuse_built_in(name)
        async with self._database.as_tenant(tenant_id) as connection:
            before, _ = await _lock_role(connection, tenant_id, name, changed_by)
            holders = await connection.fetchval(_SQL["count_holders"], tenant_id, name)
            if holders:
                raise OperationRefusedError(
                    f"{holders} users have this role. Give them another role first.",
                    code="role_in_use",
                )
            if await connection.fetchval(_SQL["delete"], tenant_id, name) is None:
                raise NotFoundError("The role does not exist.")
            old_value = {"permissions": before}
            await record_change(
                connection,
                AuditEntry(tenant_id, changed_by.actor, "roles.delete", f"role:{name}", old_value),
            )


async def _lock_role(
    connection: Connection, tenant_id: UUID, name: str, changed_by: ChangedBy
) -> tuple[list[str] | None, frozenset[str]]:
    """Lock a role until the transaction ends; return its permissions and its holders' teams.

    The permissions are None if the role does not exist. Raises ``PermissionDeniedError`` if the
    caller's reach does not cover the role.
    """
    row = await connection.fetchrow(_SQL["lock"], tenant_id, name)
    if row is None:
        return None, frozenset()
    teams = frozenset(row["teams"])
    require_covering(changed_by.reach, PermissionReach(parse_grants(row["permissions"]), teams))
    return row["permissions"], teams


def _refuse_built_in(name: str) -> None:
    if name in TENANT_ROLE_GRANTS or name == "superuser":
        raise OperationRefusedError(
            "Built-in roles cannot be changed. Create a role with another name.",
            code="built_in_role",
        )
