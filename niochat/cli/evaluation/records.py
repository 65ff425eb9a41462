"""What the product's own database knows of a scenario, read as its tenant and nothing more."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries

_SQL = queries("evaluation")


@dataclass(frozen=True, slots=True)
class Pulse:
    """``under_way``: things not settled yet; ``heard``: messages its customers ever wrote."""

    under_way: int
    heard: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Use:
    """A tool that a turn used. ``code`` is empty when it did what was asked."""

    tool: str
    code: str


@dataclass(frozen=True, slots=True)
class Work:
    """One turn's. ``code`` is the reason of a failure; ``cost`` in the provider's currency."""

    id: UUID
    status: str
    code: str
    uses: tuple[Use, ...]
    tokens_in: int
    tokens_out: int
    cost: Decimal
    prompt: str = ""
    """Version of what the model was told."""
    calls: int = 0
    """Of the model."""
    tokens_cached: int = 0
    """Of ``tokens_in``, what the end point had kept from before."""


class Records:
    """Reads for one tenant at a time, with that tenant's role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pulse(self, tenant_id: UUID) -> Pulse:
        """Whether anything is under way."""
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["under_way"], tenant_id)
        assert row is not None
        return Pulse(row["under_way"], row["heard"], row["at"])

    async def work(self, tenant_id: UUID, since: datetime) -> list[Work]:
        """The turns that began since then, oldest first."""
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["work"], tenant_id, since)
        return [_work(dict(row)) for row in rows]

    async def refused(self, tenant_id: UUID, since: datetime) -> int:
        """How many texts of the model did not leave since then."""
        async with self._database.as_tenant(tenant_id) as connection:
            number: int = await connection.fetchval(_SQL["refused"], tenant_id, since)
        return number

    async def forget_writes(self, tenant_id: UUID) -> None:
        """The tenant's ERP was made anew: what was written to the old one does not count."""
        async with self._database.as_tenant(tenant_id) as connection:
            await connection.execute(_SQL["set_aside_writes"], tenant_id)

    async def forget_people(self, tenant_id: UUID) -> None:
        """Nobody is known from an earlier run."""
        async with self._database.as_tenant(tenant_id) as connection:
            await connection.execute(_SQL["forget_people"], tenant_id)


def _work(row: dict[str, Any]) -> Work:
    uses = tuple(_use(call) for call in row["tool_results"])
    return Work(
        row["id"], row["status"], row["code"], uses, row["tokens_in"], row["tokens_out"],
        row["cost"], row["prompt_version"], row["model_calls"], row["tokens_cached"],
    )  # fmt: skip


def _use(call: dict[str, Any]) -> Use:
    result = call["result"]
    return Use(call["tool"], "" if result.get("ok") else str(result.get("erro", "")))
