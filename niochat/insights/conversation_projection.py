"""Projects the log into measures of conversations, answers of people and roll-ups."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.domain.conversation.state import SCHEMA_VERSION
from niochat.domain.insights.business_calendar import BusinessCalendar
from niochat.domain.insights.conversation_measures import ConversationMeasures
from niochat.domain.insights.measure_fold import MEASURED_TYPES, MeasuredEvent, fold_event
from niochat.insights.event_details import EventDetails, load_channels, load_event_details
from niochat.insights.measure_rows import answer_row, measures_from_json, measures_row
from niochat.insights.projection import LogEntry, PoisonedEventError, ProjectionScope
from niochat.insights.projection_store import delete_by
from niochat.insights.sum_changes import StoredMeasures, SumChanges, find_sum_changes
from niochat.insights.tenant_calendar import load_calendar

_SQL = queries("conversation_projection")
_DELETIONS = (
    _SQL["delete_some_measures"],
    _SQL["delete_some_answers"],
    _SQL["delete_some_rollups"],
    _SQL["delete_some_answer_rollups"],
    _SQL["delete_some_duration_rollups"],
)


FOLDED_AT_ONCE = 200
"""Events; on one machine the event loop also serves screens."""


@dataclass(slots=True)
class _Batch:
    """What the entries of one batch lead to."""

    measures: dict[UUID, ConversationMeasures] = field(default_factory=dict)
    threads: dict[UUID, UUID] = field(default_factory=dict)
    answers: list[dict[str, Any]] = field(default_factory=list)


class ConversationProjection:
    """One row for each conversation, and the sums of all rows. The sums change by what the new row
    contributes less what the old one did, in the transaction of the rows.
    """

    name = "conversations"
    revision = 3
    reads: frozenset[str] | None = MEASURED_TYPES
    needs_others = True

    async def apply(
        self, connection: Connection, scope: ProjectionScope, entries: Sequence[LogEntry]
    ) -> None:
        """See ``Projection``."""
        tenant_id, generation = scope.tenant_id, scope.generation
        ids = list({entry.conversation_id for entry in entries})
        rows = await connection.fetch(_SQL["load_states"], tenant_id, generation, ids)
        stored = {
            row["conversation_id"]: StoredMeasures(
                row["thread_id"], row["returned_at"], measures_from_json(row["state"])
            )
            for row in rows
        }
        calendar = await load_calendar(connection, tenant_id)
        details = await load_event_details(connection, tenant_id, entries)
        batch = await _fold(scope, entries, stored, details, calendar)
        channels = await load_channels(connection, tenant_id, batch.threads.values())
        records = [
            measures_row(
                scope,
                id,
                {
                    "thread_id": batch.threads[id],
                    "channel_id": channels[batch.threads[id]],
                    "returned_at": stored[id].returned_at if id in stored else None,
                },
                measures,
                calendar,
            )
            for id, measures in batch.measures.items()
        ]
        answered = {answer["conversation_id"] for answer in batch.answers}
        changes = find_sum_changes(stored, batch.measures, batch.threads, answered)
        await _add(connection, scope, -1, ids, changes)
        await connection.execute(_SQL["delete_measures"], tenant_id, generation, ids)
        await connection.execute(_SQL["insert_measures"], records)
        if batch.answers:
            await connection.execute(_SQL["insert_answers"], batch.answers)
        others = await _update_returns(connection, scope, ids, changes.threads)
        await _add(connection, scope, 1, [*ids, *others], changes)

    async def delete_some(self, connection: Connection, scope: ProjectionScope, limit: int) -> int:
        """See ``Projection``."""
        return await delete_by(connection, _DELETIONS, scope, limit)


async def _add(
    connection: Connection,
    scope: ProjectionScope,
    times: int,
    ids: Sequence[UUID],
    changes: SumChanges,
) -> None:
    """Adds what conversations contribute to the roll-ups, or subtracts it."""
    for name, changed in (
        ("add_to_rollups", ids),
        ("add_to_answer_rollups", changes.answers),
        ("add_to_duration_rollups", changes.durations),
    ):
        if changed:
            await connection.execute(
                _SQL[name], scope.tenant_id, scope.generation, times, list(changed)
            )


async def _update_returns(
    connection: Connection, scope: ProjectionScope, ids: Sequence[UUID], threads: Sequence[UUID]
) -> list[UUID]:
    """Updates when the customers of these threads came back; returns the conversations beside
    ``ids`` of which that has changed. Their contributions are subtracted.
    """
    if not threads:
        return []
    place = (scope.tenant_id, scope.generation)
    rows = await connection.fetch(_SQL["find_returns"], *place, list(threads))
    if not rows:
        return []
    changed = [row["conversation_id"] for row in rows]
    others = [id for id in changed if id not in set(ids)]
    if others:
        await connection.execute(_SQL["add_to_rollups"], *place, -1, others)
    times = [row["returned_at"] for row in rows]
    await connection.execute(_SQL["set_returns"], *place, changed, times)
    return others


async def _fold(
    scope: ProjectionScope,
    entries: Sequence[LogEntry],
    stored: Mapping[UUID, StoredMeasures],
    details: EventDetails,
    calendar: BusinessCalendar,
) -> _Batch:
    batch = _Batch()
    for index, entry in enumerate(entries):
        if index % FOLDED_AT_ONCE == 0:
            await asyncio.sleep(0)
        id = entry.conversation_id
        try:
            if entry.schema_version > SCHEMA_VERSION:
                raise ValueError(f"event of schema {entry.schema_version}")
            event = MeasuredEvent(
                entry.type,
                entry.version,
                entry.at,
                entry.body,
                details.authors.get(str(entry.body.get("message"))),
                details.turn_uses.get(str(entry.body.get("turn"))),
                details.tool_uses.get(str(entry.body.get("turn")), ()),
            )
            before = batch.measures.get(id) or (stored[id].measures if id in stored else None)
            result = fold_event(before, event, calendar)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise PoisonedEventError(index, reason) from error
        batch.measures[id] = result.measures
        batch.threads[id] = entry.thread_id
        if result.answer is not None:
            batch.answers.append(answer_row(scope, id, result.answer))
    return batch
