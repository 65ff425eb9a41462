"""Keys of integrations: named, limited to some permissions, revocable, shown once. Each is good
while the user who answers for it is here, and never does more than they may.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import InvalidInputError, NotFoundError, OperationRefusedError
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

_SQL = queries("api_keys")

API_KEY_PREFIX = "nk_"
"""Tells a key from an access token, and a leaked one from any other text."""


@dataclass(frozen=True, slots=True)
class IssuedApiKey:
    """The only time that ``key`` is seen."""

    id: UUID
    key: str
    created_at: datetime


class ApiKeyRepository:
    """Of one tenant at a time, with that tenant's role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self, tenant_id: UUID, name: str, grants: Grants, by: ChangedBy, expires_at: datetime | None
    ) -> IssuedApiKey:
        """A key that may what ``grants`` say. Whoever answers for the key that makes one answers
        for that too, and it ends no later. Raises ``PermissionDeniedError`` for more than its maker
        may, ``Refused`` when a living key has the name.
        """
        require_covering(by.reach, PermissionReach(grants))
        key = API_KEY_PREFIX + secrets.token_urlsafe(32)
        digest = sha256(key.encode()).digest()
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(
                _SQL["create"],
                tenant_id,
                name,
                digest,
                key[:8],
                format_grants(grants),
                by.id,
                expires_at,
            )
            if row is not None:
                held = {"permissions": format_grants(grants)}
                await record_change(
                    connection,
                    AuditEntry(tenant_id, by.actor, "keys.make", f"key:{row['id']}", None, held),
                )
        if row is None:
            raise OperationRefusedError(
                "A valid key already has this name. Revoke it, or choose another name.",
                code="name_taken",
            )
        return IssuedApiKey(row["id"], key, row["created_at"])

    async def list(self, tenant_id: UUID, before: UUID | None, limit: int) -> list[dict[str, Any]]:
        """Keys that were not revoked, the newest first; ``stopped``: nobody answers for it now."""
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["list"], tenant_id, before, limit)
        async with self._database.as_auth() as connection:
            owners = [row["owner_id"] for row in rows]
            answering = {
                row["id"] for row in await connection.fetch(_SQL["list_active_owners"], owners)
            }
        return [{**dict(row), "stopped": row["owner_id"] not in answering} for row in rows]

    async def revoke(self, tenant_id: UUID, key_id: UUID, by: ChangedBy) -> None:
        """It is good no more, nor are keys that it made, unless somebody else answers for them.
        Raises ``NotFoundError``, ``PermissionDeniedError`` where it may more than ``by``.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            await _lock_manageable_key(connection, tenant_id, key_id, by)
            for row in await connection.fetch(_SQL["revoke"], tenant_id, key_id):
                entry = AuditEntry(tenant_id, by.actor, "keys.revoke", f"key:{row['id']}")
                await record_change(connection, entry)

    async def transfer(self, tenant_id: UUID, key_id: UUID, to: UUID, by: ChangedBy) -> None:
        """The user ``to`` answers for it from now on. Raises ``NotFoundError``,
        ``InvalidInputError``
        (``no_user``) for who is not active here, ``PermissionDeniedError`` where it may more than
        ``by``, ``Refused`` (``weaker``) where it may more than ``to``.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            held = await _lock_manageable_key(connection, tenant_id, key_id, by)
            user = await connection.fetchrow(_SQL["find_new_owner"], tenant_id, to)
            if user is None:
                raise InvalidInputError(
                    "No active user has this id. GET /api/v1/users lists all users.", code="no_user"
                )
            may = TENANT_ROLE_GRANTS.get(user["role"])
            if may is None:
                may = parse_grants(user["permissions"] or ())
            if not PermissionReach(may).covers(held):
                raise OperationRefusedError(
                    "The key has permissions that the new owner does not have.", code="weaker"
                )
            before = await connection.fetchval(_SQL["transfer"], tenant_id, key_id, to)
            told = [None if each is None else {"owner": str(each)} for each in (before, to)]
            entry = AuditEntry(tenant_id, by.actor, "keys.transfer", f"key:{key_id}", *told)
            await record_change(connection, entry)


async def _lock_manageable_key(
    connection: Connection, tenant_id: UUID, key_id: UUID, by: ChangedBy
) -> PermissionReach:
    """A living key, held until the transaction ends, if ``by`` may as much."""
    permissions = await connection.fetchval(_SQL["lock_permissions"], tenant_id, key_id)
    if permissions is None:
        raise NotFoundError("The API key does not exist.")
    reach = PermissionReach(parse_grants(permissions))
    require_covering(by.reach, reach)
    return reach
