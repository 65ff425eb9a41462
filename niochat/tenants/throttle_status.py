"""Stores which tenants are throttled now, for operators and tenants to see."""

from collections.abc import Sequence
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.tenant.throttling import TenantThrottleStatus, ThrottleReason

_SQL = queries("tenant_fairness")


class ThrottleReporter:
    """Reports throttles of one process. Each report replaces all rows of this process."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._has_rows = False

    async def report(self, throttles: Sequence[TenantThrottleStatus]) -> None:
        """Store the current throttles; no query runs while there are and were none."""
        if not (throttles or self._has_rows):
            return
        async with self._database.system_transaction() as connection:
            await connection.execute(_SQL["delete_reported"], self._name)
            if throttles:
                await connection.execute(
                    _SQL["insert_throttles"],
                    self._name,
                    [each.tenant_id for each in throttles],
                    [each.reason.value for each in throttles],
                    [each.since for each in throttles],
                    [each.waiting for each in throttles],
                )
        self._has_rows = bool(throttles)


async def load_throttles(database: Database, tenant_id: UUID) -> list[TenantThrottleStatus]:
    """Current throttles of a tenant in all processes."""
    async with database.as_tenant(tenant_id) as connection:
        rows = await connection.fetch(_SQL["list_throttles"], tenant_id)
    return [
        TenantThrottleStatus(tenant_id, ThrottleReason(row["reason"]), row["since"], row["waiting"])
        for row in rows
    ]
