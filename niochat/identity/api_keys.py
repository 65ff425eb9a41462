"""API keys of integrations: named, limited to some permissions, revocable, and shown once.

Each key has an owner, a user. It works while the owner is active, and never has permissions that
the owner does not have.
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
"""Distinguishes a key from an access token, and lets scanners recognise a leaked key."""


@dataclass(frozen=True, slots=True)
class IssuedApiKey:
    """A new key. ``key`` is returned only here; the database has its digest."""

    id: UUID
    key: str
    created_at: datetime


class ApiKeyRepository:
    """Manages the API keys of a tenant over tenant connections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self,
        tenant_id: UUID,
        name: str,
        grants: Grants,
        changed_by: ChangedBy,
        expires_at: datetime | None,
    ) -> IssuedApiKey:
        """Create a key with ``grants``.

        A key that was created by another key gets that key's owner, and expires no later. Raises
        ``PermissionDeniedError`` for grants that the creator does not have,
        ``OperationRefusedError`` (``name_taken``) when an active key has this name.
        """
        require_covering(changed_by.reach, PermissionReach(grants))
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
                changed_by.id,
                expires_at,
            )
            if row is not None:
                after = {"permissions": format_grants(grants)}
                await record_change(
                    connection,
                    AuditEntry(
                        tenant_id, changed_by.actor, "keys.make", f"key:{row['id']}", None, after
                    ),
                )
        if row is None:
            raise OperationRefusedError(
                "A valid key already has this name. Revoke it, or choose another name.",
                code="name_taken",
            )
        return IssuedApiKey(row["id"], key, row["created_at"])

    async def list(self, tenant_id: UUID, before: UUID | None, limit: int) -> list[dict[str, Any]]:
        """List keys that are not revoked, newest first.

        ``before`` is the id of the last key of the previous page. ``stopped`` says that the key's
        owner is not active any more.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["list"], tenant_id, before, limit)
        async with self._database.as_auth() as connection:
            owners = [row["owner_id"] for row in rows]
            active_owners = {
                row["id"] for row in await connection.fetch(_SQL["list_active_owners"], owners)
            }
        return [{**dict(row), "stopped": row["owner_id"] not in active_owners} for row in rows]

    async def revoke(self, tenant_id: UUID, key_id: UUID, changed_by: ChangedBy) -> None:
        """Revoke a key, and the keys that it created unless they were transferred.

        Raises ``NotFoundError``, ``PermissionDeniedError`` if the key has permissions that the
        caller does not have.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            await _lock_manageable_key(connection, tenant_id, key_id, changed_by)
            for row in await connection.fetch(_SQL["revoke"], tenant_id, key_id):
                entry = AuditEntry(tenant_id, changed_by.actor, "keys.revoke", f"key:{row['id']}")
                await record_change(connection, entry)

    async def transfer(
        self, tenant_id: UUID, key_id: UUID, new_owner: UUID, changed_by: ChangedBy
    ) -> None:
        """Make the user ``new_owner`` the owner of a key.

        Raises ``NotFoundError``, ``InvalidInputError`` (``no_user``) if the user is not active in
        this tenant, ``PermissionDeniedError`` if the key has permissions that the caller does not
        have, ``OperationRefusedError`` (``weaker``) if the new owner does not have them.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            key_reach = await _lock_manageable_key(connection, tenant_id, key_id, changed_by)
            user = await connection.fetchrow(_SQL["find_new_owner"], tenant_id, new_owner)
            if user is None:
                raise InvalidInputError(
                    "No active user has this id. GET /api/v1/users lists all users.", code="no_user"
                )
            grants = TENANT_ROLE_GRANTS.get(user["role"])
            if grants is None:
                grants = parse_grants(user["permissions"] or ())
            if not PermissionReach(grants).covers(key_reach):
                raise OperationRefusedError(
                    "The key has permissions that the new owner does not have.", code="weaker"
                )
            before = await connection.fetchval(_SQL["transfer"], tenant_id, key_id, new_owner)
            change = [
                None if each is None else {"owner": str(each)} for each in (before, new_owner)
            ]
            entry = AuditEntry(
                tenant_id, changed_by.actor, "keys.transfer", f"key:{key_id}", *change
            )
            await record_change(connection, entry)


async def _lock_manageable_key(
    connection: Connection, tenant_id: UUID, key_id: UUID, changed_by: ChangedBy
) -> PermissionReach:
    """Lock an active key until the transaction ends, and return its reach.

    Raises ``NotFoundError``, ``PermissionDeniedError`` if the caller's reach does not cover it.
    """
    permissions = await connection.fetchval(_SQL["lock_permissions"], tenant_id, key_id)
    if permissions is None:
        raise NotFoundError("The API key does not exist.")
    reach = PermissionReach(parse_grants(permissions))
    require_covering(changed_by.reach, reach)
    return reach
