"""Preferences: one document per user, with the choices for screens and notifications."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import StaleVersionError
from niochat.ports.audit import AuditActor, AuditEntry

_SQL = queries("preferences")


class PreferenceStore:
    """The preferences of the users of all tenants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, tenant_id: UUID, user_id: UUID) -> tuple[Mapping[str, Any], int]:
        """(document, version) of a user; an empty document in version 0 if none was stored."""
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["find"], tenant_id, user_id)
        return ({}, 0) if row is None else (row["document"], row["version"])

    async def replace(
        self,
        tenant_id: UUID,
        user_id: UUID,
        document: Mapping[str, Any],
        versions: frozenset[str] | None,
        actor: AuditActor,
    ) -> int:
        """Replace the document if its version is one of ``versions`` (None: any), and return the
        new version. Raises ``StaleVersionError``.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            await connection.execute(_SQL["lock_user"], user_id)
            row = await connection.fetchrow(_SQL["find"], tenant_id, user_id)
            current = 0 if row is None else row["version"]
            if versions is not None and str(current) not in versions:
                raise StaleVersionError(
                    "The preferences were changed in another window. Load them again, then repeat "
                    "the change."
                )
            version: int = await connection.fetchval(_SQL["put"], tenant_id, user_id, document)
            target = f"user:{user_id}"
            await record_change(
                connection, AuditEntry(tenant_id, actor, "preferences.change", target)
            )
        return version
