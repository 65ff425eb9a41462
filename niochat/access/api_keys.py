"""Keys of integrations: named, limited to some permissions, revocable, shown once."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from niochat.access.users import By
from niochat.adapters.postgres.audit import record
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.audit import Entry, Who
from niochat.domain.errors import Forbidden, NotFound, Refused
from niochat.domain.permissions import Grants, permissions_of, within

_SQL = queries("api_keys")

PREFIX = "nk_"
"""Tells a key from an access token, and a leaked one from any other text."""


@dataclass(frozen=True, slots=True)
class MadeKey:
    """The only time that ``key`` is seen."""

    id: UUID
    key: str
    created_at: datetime


class ApiKeys:
    """Of one tenant at a time, with that tenant's role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(
        self, tenant_id: UUID, name: str, grants: Grants, by: By, expires_at: datetime | None
    ) -> MadeKey:
        """A key that may what ``grants`` say. Raises ``Forbidden`` for more than its maker may,
        ``Refused`` when a living key has the name.
        """
        if not within(grants, by.grants):
            raise Forbidden("a key may not do more than you: leave out what you may not")
        key = PREFIX + secrets.token_urlsafe(32)
        digest = sha256(key.encode()).digest()
        async with self._database.tenant(tenant_id) as connection:
            row = await connection.fetchrow(
                _SQL["make"], tenant_id, name, digest, key[:8], permissions_of(grants), by.id,
                expires_at,
            )  # fmt: skip
            if row is not None:
                held = {"permissions": permissions_of(grants)}
                await record(connection, Entry(
                    tenant_id, by.who, "keys.make", f"key:{row['id']}", None, held
                ))  # fmt: skip
        if row is None:
            raise Refused("a key with that name lives: revoke it, or take another name",
                          code="name_taken")  # fmt: skip
        return MadeKey(row["id"], key, row["created_at"])

    async def list(self, tenant_id: UUID, before: UUID | None, limit: int) -> list[dict[str, Any]]:
        """Living keys, the newest first."""
        async with self._database.tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["list"], tenant_id, before, limit)
        return [dict(row) for row in rows]

    async def revoke(self, tenant_id: UUID, key_id: UUID, who: Who) -> None:
        """Raises ``NotFound``."""
        async with self._database.tenant(tenant_id) as connection:
            if await connection.fetchval(_SQL["revoke"], tenant_id, key_id) is None:
                raise NotFound("there is no such key")
            await record(connection, Entry(tenant_id, who, "keys.revoke", f"key:{key_id}"))
