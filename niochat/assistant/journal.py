"""Statement 4: what is written to the ERP is journalled first, by what it means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import Refused

_SQL = queries("erp")


@dataclass(frozen=True, slots=True)
class Journaled:
    """A write's row. ``first``: this caller is the one to do it; else ``result`` is used.

    ``started`` without being first means that its answer is not known: re-read the ERP.
    """

    id: UUID
    first: bool
    status: str
    result: Any


class Journal:
    """The journal of one database; every call acts for one tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(
        self, tenant_id: UUID, key: str, turn_id: UUID, attempt: int, request: Mapping[str, object]
    ) -> Journaled:
        """Write down that ``key`` (``unlock:<contract>:<month>``) will be done.

        Raises ``Refused`` when the turn is not current or the tenant is suspended.
        """
        async with self._database.tenant(tenant_id) as connection:
            mine = await connection.fetchval(
                _SQL["journal"], tenant_id, key, turn_id, attempt, dict(request)
            )
            row = await connection.fetchrow(_SQL["earlier"], tenant_id, key)
        if row is None:
            raise Refused("the turn is over or the tenant suspended", code="turn_not_current")
        return Journaled(row["id"], mine is not None, row["status"], row["result"])

    async def settle(
        self, tenant_id: UUID, write_id: UUID, status: str, result: Mapping[str, object]
    ) -> bool:
        """Record ``done`` or ``refused`` with the ERP's answer; false when it was known."""
        async with self._database.tenant(tenant_id) as connection:
            row = await connection.fetchval(
                _SQL["settle"], tenant_id, write_id, status, dict(result)
            )
        return row is not None
