"""The reasons for a pause that agents of a tenant can choose."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import InvalidInputError, StaleVersionError
from niochat.ports.audit import AuditActor, AuditEntry

_SQL = queries("pause_reasons")


@dataclass(frozen=True, slots=True)
class PauseReason:
    """A reason: ``code`` as it is stored, ``name`` as screens show it."""

    code: str
    name: str


DEFAULT_PAUSE_REASONS = (
    PauseReason("lunch", "Almoço"),
    PauseReason("rest", "Descanso"),
    PauseReason("training", "Treinamento"),
    PauseReason("meeting", "Reunião"),
    PauseReason("personal", "Pessoal"),
)
"""The reasons of a tenant that has set none."""


class PauseReasonStore:
    """The lists of all tenants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, tenant_id: UUID) -> tuple[list[PauseReason], int]:
        """(reasons, version) of a tenant, in the order in which screens show them; version 0 if the
        tenant has set none.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["find"], tenant_id)
        return _reasons_from_row(row), 0 if row is None else row["version"]

    async def require(self, tenant_id: UUID, code: str) -> None:
        """Raises ``InvalidInputError`` (``unknown_reason``), which names the allowed codes."""
        reasons, _ = await self.list(tenant_id)
        codes = [each.code for each in reasons]
        if code not in codes:
            raise InvalidInputError(
                f"The reason {code!r} is not allowed. The reasons are {', '.join(codes)}.",
                code="unknown_reason",
            )

    async def replace(
        self,
        tenant_id: UUID,
        reasons: Sequence[PauseReason],
        versions: frozenset[str] | None,
        actor: AuditActor,
    ) -> int:
        """Replace the list if its version is one of ``versions`` (None: any), and return the new
        version. Raises ``StaleVersionError``.
        """
        new = [{"code": each.code, "name": each.name} for each in reasons]
        async with self._database.as_tenant(tenant_id) as connection:
            await connection.execute(_SQL["lock_tenant"], tenant_id)
            row = await connection.fetchrow(_SQL["find"], tenant_id)
            current = 0 if row is None else row["version"]
            if versions is not None and str(current) not in versions:
                raise StaleVersionError(
                    "The reasons were changed meanwhile. Load them again, then repeat the change."
                )
            version: int = await connection.fetchval(_SQL["put"], tenant_id, new)
            codes = [
                [each.code for each in _reasons_from_row(row)],
                [each.code for each in reasons],
            ]
            before, after = ({"codes": each} for each in codes)
            await record_change(
                connection,
                AuditEntry(tenant_id, actor, "pause_reasons.change", "pauses", before, after),
            )
        return version


def _reasons_from_row(row: Any) -> list[PauseReason]:
    if row is None:
        return list(DEFAULT_PAUSE_REASONS)
    return [PauseReason(each["code"], each["name"]) for each in row["reasons"]]
