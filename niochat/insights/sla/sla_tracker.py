"""Computes the clocks of conversations from the log, one tenant at a time.

It follows the log as a projection does, but its rows are facts: they say under which policy a
promise was kept or breached, so nothing rebuilds them. An event of the log only says that a
conversation has changed; its events after the version that was read are read here, so that a
conversation that was open before the first policy is computed from its beginning.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.domain.conversation.state import SCHEMA_VERSION
from niochat.domain.insights.business_calendar import BusinessCalendar
from niochat.domain.insights.measure_fold import MeasuredEvent
from niochat.domain.sla.sla_clock import SlaClock
from niochat.domain.sla.sla_policy import SlaPolicy
from niochat.domain.sla.sla_progress import SlaProgress, advance_sla, refresh
from niochat.insights.event_details import load_authors
from niochat.insights.projection import LogEntry, ProjectionScope
from niochat.insights.sla.sla_rows import (
    clock_rows,
    policy_from_sla_row,
    progress_from_json,
    progress_row,
)
from niochat.insights.tenant_calendar import load_calendar

_SQL = queries("sla_clocks")


@dataclass(frozen=True, slots=True)
class SlaRules:
    """What the clocks of a tenant depend on. ``revision`` grows with each change."""

    policies: tuple[SlaPolicy, ...]
    calendar: BusinessCalendar
    revision: int
    refreshed: int
    since: datetime
    """When the first policy was made: nothing was promised before."""
    now: datetime

    @property
    def names(self) -> dict[UUID, str]:
        """The names of the policies."""
        return {each.id: each.name for each in self.policies if each.id is not None}


async def load_rules(connection: Connection, tenant_id: UUID) -> SlaRules:
    """Returns the enabled policies and the business hours. Raises ``NotFoundError``."""
    row = await fetch_one(connection, _SQL["load_revision"], tenant_id, what="SLA policies")
    policies = await connection.fetch(_SQL["load_rules"], tenant_id)
    return SlaRules(
        tuple(policy_from_sla_row(each) for each in policies),
        await load_calendar(connection, tenant_id),
        row["revision"],
        row["refreshed"],
        row["since"],
        row["now"],
    )


class SlaTracker:
    """The projection of the log into clocks."""

    name = "sla"
    revision = 1
    reads: frozenset[str] | None = frozenset()
    needs_others = True
    """It reads the events of its conversations itself, those before its position, too."""

    def __init__(self) -> None:
        self.changed: dict[UUID, set[UUID]] = defaultdict(set)
        """Conversations that were computed, by tenant, until somebody takes them."""

    async def apply(
        self, connection: Connection, scope: ProjectionScope, entries: Sequence[LogEntry]
    ) -> None:
        """See ``Projection``."""
        rules = await load_rules(connection, scope.tenant_id)
        ids = {entry.conversation_id for entry in entries}
        await self.compute(connection, scope.tenant_id, rules, sorted(ids))

    async def delete_some(self, connection: Connection, scope: ProjectionScope, limit: int) -> int:
        """See ``Projection``. These rows are facts, and stay."""
        return 0

    async def compute(
        self,
        connection: Connection,
        tenant_id: UUID,
        rules: SlaRules,
        ids: Sequence[UUID],
        *,
        again: bool = False,
    ) -> None:
        """Reads the new events of these conversations and stores their clocks. With ``again`` the
        clocks are computed under ``rules`` although nothing has happened.
        """
        rows = await connection.fetch(_SQL["load_progress"], tenant_id, ids)
        known = {row["conversation_id"]: progress_from_json(row["progress"]) for row in rows}
        events = await _load_events(connection, tenant_id, ids, known)
        progresses: list[dict[str, Any]] = []
        clocks: list[dict[str, Any]] = []
        for id in ids:
            progress, touched = _compute(known.get(id), events[id], rules, again=again)
            if progress is not None:
                progresses.append(progress_row(id, progress, rules.names))
                clocks += clock_rows(id, touched, rules.names)
        await connection.execute(_SQL["save_progress"], tenant_id, rules.revision, progresses)
        await connection.execute(_SQL["save_clocks"], tenant_id, clocks)
        self.changed[tenant_id].update(ids)

    async def compute_outdated(
        self, connection: Connection, tenant_id: UUID, rules: SlaRules, limit: int
    ) -> int:
        """Computes up to ``limit`` unresolved conversations under new rules; returns how many."""
        rows = await connection.fetch(_SQL["list_outdated"], tenant_id, rules.revision, limit)
        ids = [row["id"] for row in rows]
        if ids:
            await self.compute(connection, tenant_id, rules, ids, again=True)
        else:
            await connection.execute(_SQL["save_refreshed"], tenant_id, rules.revision)
        return len(ids)


def _compute(
    progress: SlaProgress | None,
    events: Sequence[MeasuredEvent],
    rules: SlaRules,
    *,
    again: bool,
) -> tuple[SlaProgress | None, list[SlaClock]]:
    """Returns the progress after the events, and the latest state of each clock on the way."""
    touched: dict[tuple[str, int], SlaClock] = {}
    for event in events:
        policies = rules.policies if event.at >= rules.since else ()
        step = advance_sla(progress, event, rules.calendar, policies)
        progress = step.progress
        touched |= {(each.target, each.number): each for each in step.clocks}
    if progress is not None and again:
        step = refresh(progress, rules.now, rules.calendar, rules.policies)
        progress = step.progress
        touched |= {(each.target, each.number): each for each in step.clocks}
    return progress, list(touched.values())


async def _load_events(
    connection: Connection,
    tenant_id: UUID,
    ids: Sequence[UUID],
    known: dict[UUID, SlaProgress],
) -> dict[UUID, list[MeasuredEvent]]:
    versions = [known[id].version if id in known else 0 for id in ids]
    rows = await connection.fetch(_SQL["load_events"], tenant_id, ids, versions)
    entries = [LogEntry(**dict(row)) for row in rows]
    authors = await load_authors(connection, tenant_id, entries)
    events: dict[UUID, list[MeasuredEvent]] = {id: [] for id in ids}
    for entry in entries:
        if entry.schema_version > SCHEMA_VERSION:
            raise ValueError(f"event of schema {entry.schema_version}")
        author = authors.get(str(entry.body.get("message")))
        event = MeasuredEvent(entry.type, entry.version, entry.at, entry.body, author)
        events[entry.conversation_id].append(event)
    return events
