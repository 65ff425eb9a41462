"""Who is being held back, written down where operators look."""

from collections.abc import Sequence
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.tenant.throttling import TenantThrottle, ThrottleReason

_SQL = queries("tenant_fairness")


class ThrottleReporter:
    """Tells in the name of one process; its rows are replaced as a whole."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._told = False

    async def report(self, held: Sequence[TenantThrottle]) -> None:
        """This is all that is held back here now; costs nothing while that is nobody."""
        if not (held or self._told):
            return
        async with self._database.system_transaction() as connection:
            await connection.execute(_SQL["delete_reported"], self._name)
            if held:
                await connection.execute(
                    _SQL["insert_throttles"],
                    self._name,
                    [each.tenant_id for each in held],
                    [each.reason.value for each in held],
                    [each.since for each in held],
                    [each.waiting for each in held],
                )
        self._told = bool(held)


async def load_throttles(database: Database, tenant_id: UUID) -> list[TenantThrottle]:
    """By which limits a tenant is held back now, over all processes."""
    async with database.as_tenant(tenant_id) as connection:
        rows = await connection.fetch(_SQL["list_throttles"], tenant_id)
    return [
        TenantThrottle(tenant_id, ThrottleReason(row["reason"]), row["since"], row["waiting"])
        for row in rows
    ]
