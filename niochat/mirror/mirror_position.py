"""The position of a tenant's mirror: claims, versions, and what a batch settles.

A claim lets one process work for a while and is no transaction, so that a slow project holds back
nobody. Whoever has lost its claim changes no position any more; rows that it still sends have a
lower version than those of the process that took over, and the project leaves them out.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import ConflictError
from niochat.mirror.mirror_batch import MirrorBatch
from niochat.mirror.row_sender import SendResult

_SQL = queries("mirror")

CLAIM_S = 90.0
"""How long a claim lasts without being renewed: a batch takes less, or its process is dead."""


class MirrorClaim:
    """The claim of one tenant. ``row`` is its row of ``mirror_positions``."""

    def __init__(self, database: Database, tenant_id: UUID, row: Any) -> None:
        self._database = database
        self.tenant_id = tenant_id
        self.row = row

    @property
    def version(self) -> int:
        """The version of the rows of the current batch."""
        return int(self.row["version"])

    async def renew(self) -> None:
        """Begin another batch. Raises ``ConflictError`` when another process has the claim."""
        async with self._database.as_tenant(self.tenant_id) as connection:
            row = await connection.fetchrow(_SQL["renew"], self.tenant_id, CLAIM_S, self.version)
        if row is None:
            raise ConflictError("another process mirrors this tenant by now")
        self.row = row

    async def keep(self) -> None:
        """Extend the claim while a batch is being sent. Raises ``ConflictError`` as ``renew``."""
        async with self._database.as_tenant(self.tenant_id) as connection:
            done = await connection.execute(_SQL["keep"], self.tenant_id, CLAIM_S, self.version)
        if done.endswith(" 0"):
            raise ConflictError("another process mirrors this tenant by now")

    async def release(self) -> None:
        """Let others work."""
        async with self._database.as_tenant(self.tenant_id) as connection:
            await connection.execute(_SQL["release"], self.tenant_id, self.version)

    async def finish(self) -> None:
        """Let others work after a visit without a failure."""
        async with self._database.as_tenant(self.tenant_id) as connection:
            await connection.execute(_SQL["finish"], self.tenant_id, self.version)

    async def save_failure(self, code: str, detail: str, retry_in_s: float) -> None:
        """Store why the batch was not sent, and release the claim."""
        async with self._database.as_tenant(self.tenant_id) as connection:
            await connection.execute(
                _SQL["save_failure"], self.tenant_id, self.version, code, detail[:500], retry_in_s
            )

    async def settle(self, connection: Connection, batch: MirrorBatch) -> None:
        """Store that the rows of a batch were sent, in the caller's transaction."""
        place = (self.tenant_id, self.version)
        if batch.log is not None:
            await connection.execute(_SQL["save_log_position"], *place, *batch.log)
        if batch.audit is not None:
            await connection.execute(_SQL["save_audit_position"], *place, *batch.audit)
        if batch.change_ids:
            await connection.execute(_SQL["delete_changes"], self.tenant_id, batch.change_ids)

    async def settle_rows(self, connection: Connection, result: SendResult) -> None:
        """Store what was sent and what was refused. Raises ``ConflictError`` when another process
        has the claim: nothing of the caller's transaction may stay then.
        """
        done = await connection.execute(
            _SQL["save_sent"], self.tenant_id, self.version, result.sent
        )
        if done.endswith(" 0"):
            raise ConflictError("another process mirrors this tenant by now")
        for source, refs in result.stored.items():
            await connection.execute(_SQL["delete_dead_letters"], self.tenant_id, source, refs)
        for each in result.refused:
            await connection.execute(
                _SQL["save_dead_letter"],
                self.tenant_id,
                each.source.name,
                each.ref,
                each.code,
                each.reason,
            )


async def claim(database: Database, tenant_id: UUID) -> MirrorClaim | None:
    """Claim a tenant; ``None`` if another process has it."""
    async with database.as_tenant(tenant_id) as connection:
        row = await connection.fetchrow(_SQL["claim"], tenant_id, CLAIM_S)
    return None if row is None else MirrorClaim(database, tenant_id, row)


async def send_again(
    connection: Connection, tenant_id: UUID, source: str, refs: Sequence[str]
) -> None:
    """Have rows of a source sent again, with their state of then."""
    await connection.execute(_SQL["add_changes"], tenant_id, source, list(refs))
