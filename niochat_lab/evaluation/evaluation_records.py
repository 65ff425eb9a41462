"""What the product's own database knows of a scenario, read as its tenant and nothing more."""

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
    """``under_way``: things not settled yet; ``heard``: messages its customers ever wrote."""

    pending_count: int
    received_count: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool that a turn used. ``code`` is empty when it did what was asked."""

    tool: str
    code: str


@dataclass(frozen=True, slots=True)
class TurnWork:
    """One turn's. ``code`` is the reason of a failure; ``cost`` in the provider's currency."""

    id: UUID
    status: str
    code: str
    tool_uses: tuple[ToolUse, ...]
    tokens_in: int
    tokens_out: int
    cost: Decimal
    prompt: str = ""
    """Version of what the model was told."""
    calls: int = 0
    """Of the model."""
    tokens_cached: int = 0
    """Of ``tokens_in``, what the end point had kept from before."""


class EvaluationRepository:
    """Reads for one tenant at a time, with that tenant's role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_activity(self, tenant_id: UUID) -> ActivitySnapshot:
        """Whether anything is under way."""
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["activity"], tenant_id)
        assert row is not None
        return ActivitySnapshot(row["under_way"], row["heard"], row["at"])

    async def load_turns(self, tenant_id: UUID, since: datetime) -> list[TurnWork]:
        """The turns that began since then, oldest first."""
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["turns_since"], tenant_id, since)
        return [_turn_from_row(dict(row)) for row in rows]

    async def count_refused_texts(self, tenant_id: UUID, since: datetime) -> int:
        """How many texts of the model did not leave since then."""
        async with self._database.as_tenant(tenant_id) as connection:
            number: int = await connection.fetchval(_SQL["count_refused_texts"], tenant_id, since)
        return number

    async def set_aside_writes(self, tenant_id: UUID) -> None:
        """The tenant's ERP was made anew: what was written to the old one does not count."""
        async with self._database.as_tenant(tenant_id) as connection:
            await connection.execute(_SQL["set_aside_writes"], tenant_id)

    async def forget_people(self, tenant_id: UUID) -> None:
        """Nobody is known from an earlier run."""
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
