"""The list of contacts who want no messages that the provider begins."""

from datetime import datetime
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NotFoundError
from niochat.ports.audit import AuditActor, AuditEntry

_SQL = queries("opt_outs")


class OptOutStore:
    """Reads opt-outs, and undoes one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_opt_outs(
        self, tenant_id: UUID, after: tuple[datetime, UUID] | None, limit: int
    ) -> list[dict[str, Any]]:
        """Returns up to ``limit`` opt-outs, the latest first, after the last one of the page
        before.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["list"], tenant_id, *(after or (None, None)), limit)
        return [dict(row) for row in rows]

    async def undo(self, tenant_id: UUID, contact_id: UUID, actor: AuditActor) -> None:
        """Lets the contact get such messages again, and writes down who said so. Raises
        ``NotFoundError`` if the contact has not opted out.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["undo"], tenant_id, contact_id)
            if row is None:
                raise NotFoundError("The contact has not opted out.")
            before = {
                "opted_out_at": row["opted_out_at"].isoformat(),
                "by": row["opted_out_by"],
                "reason": row["opted_out_reason"],
            }
            await record_change(
                connection,
                AuditEntry(
                    tenant_id, actor, "opt_outs.undo", f"contact:{contact_id}", before, None
                ),
            )
