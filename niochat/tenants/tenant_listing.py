"""List of tenants with their status, for superusers."""

from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Database, fetch_one
from niochat.adapters.postgres.queries import queries

_SQL = queries("tenant_listing")


class TenantListing:
    """Reads tenants over auth connections, which see no customer data."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, after: UUID | None, limit: int) -> list[dict[str, Any]]:
        """List tenants in order of creation. ``after`` is the last id of the previous page."""
        async with self._database.as_auth() as connection:
            rows = await connection.fetch(_SQL["list"], after, limit)
        return [dict(row) for row in rows]

    async def find(self, tenant_id: UUID) -> dict[str, Any]:
        """Return one tenant. Raises ``NotFoundError``."""
        async with self._database.as_auth() as connection:
            return await fetch_one(connection, _SQL["find"], tenant_id, what="tenant")
