"""Records of a scenario in the product's database, read with its tenant's role."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat_lab.lab_queries import lab_queries

_SQL = lab_queries("evaluation")


@dataclass(frozen=True, slots=True)
class ActivitySnapshot:
    """The activity of a tenant. ``pending_count``: unfinished rows. ``received_count``: messages
    that its customers ever wrote.
    """

    pending_count: int
    received_count: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool that a turn used. ``code``: the error code, empty on success."""

    tool: str
    code: str


@dataclass(frozen=True, slots=True)
class TurnWork:
    """The work of one turn. ``code``: the reason of a failure. ``cost``: in the
    tenant's currency.
    """

    id: UUID
    status: str
    code: str
    tool_uses: tuple[ToolUse, ...]
    tokens_in: int
    tokens_out: int
    cost: Decimal
    prompt: str = ""
    """The version of the prompt."""
    calls: int = 0
    """The number of model requests."""
    tokens_cached: int = 0
    """The part of ``tokens_in`` that the endpoint read from its prompt cache."""


class EvaluationRepository:
    """Reads for one tenant at a time, with that tenant's role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_activity(self, tenant_id: UUID) -> ActivitySnapshot:
        """Read the pending work and the number of received messages."""
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["activity"], tenant_id)
        assert row is not None
        return ActivitySnapshot(row["under_way"], row["heard"], row["at"])

    async def load_turns(self, tenant_id: UUID, since: datetime) -> list[TurnWork]:
        """Load the turns that started since then, oldest first."""
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["turns_since"], tenant_id, since)
        return [_turn_from_row(dict(row)) for row in rows]

    async def count_refused_texts(self, tenant_id: UUID, since: datetime) -> int:
        """Count the model's texts that the guardrail rejected since then."""
        async with self._database.as_tenant(tenant_id) as connection:
            number: int = await connection.fetchval(_SQL["count_refused_texts"], tenant_id, since)
        return number

    async def set_aside_writes(self, tenant_id: UUID) -> None:
        """Rename the keys of earlier ERP writes, because the tenant's ERP was recreated."""
        async with self._database.as_tenant(tenant_id) as connection:
            await connection.execute(_SQL["set_aside_writes"], tenant_id)

    async def forget_people(self, tenant_id: UUID) -> None:
        """Forget known customers, so that none is recognized from an earlier run."""
        async with self._database.as_tenant(tenant_id) as connection:
            await connection.execute(_SQL["forget_identities"], tenant_id)


def _turn_from_row(row: dict[str, Any]) -> TurnWork:
    uses = tuple(_tool_use_from_json(call) for call in row["tool_results"])
    return TurnWork(
        row["id"],
        row["status"],
        row["code"],
        uses,
        row["tokens_in"],
        row["tokens_out"],
        row["cost"],
        row["prompt_version"],
        row["model_calls"],
        row["tokens_cached"],
    )


def _tool_use_from_json(call: dict[str, Any]) -> ToolUse:
    result = call["result"]
    return ToolUse(call["tool"], "" if result.get("ok") else str(result.get("erro", "")))
