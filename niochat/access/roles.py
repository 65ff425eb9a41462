"""Roles: those that every tenant has, and those it made itself."""

from typing import Any
from uuid import UUID

from niochat.access.users import By
from niochat.adapters.postgres.audit import record
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.audit import Entry
from niochat.domain.errors import NotFound, Refused
from niochat.domain.permissions import (
    BUILT_IN,
    Grants,
    Reach,
    grants_of,
    need_covering,
    permissions_of,
)

_SQL = queries("roles")

MOST = 100
"""Roles of one tenant's own."""


class Roles:
    """Of one tenant at a time, with that tenant's role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, tenant_id: UUID) -> list[dict[str, Any]]:
        """``name``, ``permissions``, and whether it is ``built_in``; those first."""
        async with self._database.tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["list"], tenant_id)
        built_in = [
            {"name": name, "permissions": permissions_of(grants), "built_in": True}
            for name, grants in BUILT_IN.items()
        ]
        return [*built_in, *({**dict(row), "built_in": False} for row in rows)]

    async def put(self, tenant_id: UUID, name: str, grants: Grants, by: By) -> None:
        """Make it, or let it mean something else from the next request on. Raises ``Forbidden``
        where it means more than ``by`` may, or did so far; ``Refused`` for ``by``'s own, a
        built-in one or too many.
        """
        if name == by.role:
            raise Refused("You cannot change your own role.", code="own_role")
        _not_built_in(name)
        async with self._database.tenant(tenant_id) as connection:
            permissions = permissions_of(grants)
            before, teams = await _taken(connection, tenant_id, name, by)
            need_covering(by.reach, Reach(grants, teams))
            if not await connection.fetchval(_SQL["put"], tenant_id, name, permissions, MOST):
                raise Refused(f"The limit of {MOST} roles is reached. Delete a role first.", code="too_many_roles")
            await record(connection, Entry(
                tenant_id, by.who, "roles.put", f"role:{name}",
                None if before is None else {"permissions": before}, {"permissions": permissions},
            ))  # fmt: skip

    async def delete(self, tenant_id: UUID, name: str, by: By) -> None:
        """Raises ``NotFound``, ``Forbidden`` where it means more than ``by`` may, ``Refused`` while
        somebody has it or for a built-in one.
        """
        _not_built_in(name)
        async with self._database.tenant(tenant_id) as connection:
            before, _ = await _taken(connection, tenant_id, name, by)
            holders = await connection.fetchval(_SQL["holders"], tenant_id, name)
            if holders:
                raise Refused(
                    f"{holders} users have this role. Give them another role first.", code="role_in_use"
                )
            if await connection.fetchval(_SQL["delete"], tenant_id, name) is None:
                raise NotFound("The role does not exist.")
            held = {"permissions": before}
            await record(connection, Entry(tenant_id, by.who, "roles.delete", f"role:{name}", held))


async def _taken(
    connection: Connection, tenant_id: UUID, name: str, by: By
) -> tuple[list[str] | None, frozenset[str]]:
    """What it means so far, None where there is none, and its holders' teams; nobody else changes
    it until the transaction ends.
    """
    row = await connection.fetchrow(_SQL["taken"], tenant_id, name)
    if row is None:
        return None, frozenset()
    teams = frozenset(row["teams"])
    need_covering(by.reach, Reach(grants_of(row["permissions"]), teams))
    return row["permissions"], teams


def _not_built_in(name: str) -> None:
    if name in BUILT_IN or name == "superuser":
        raise Refused("Built-in roles cannot be changed. Create a role with another name.", code="built_in_role")
