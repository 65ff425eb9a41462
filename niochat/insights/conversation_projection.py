"""Projects the log into measures of conversations, answers of people and roll-ups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.domain.conversation.state import SCHEMA_VERSION
from niochat.domain.insights.business_calendar import BusinessCalendar
from niochat.domain.insights.conversation_measures import ConversationMeasures
from niochat.domain.insights.measure_fold import MeasuredEvent, fold_event
from niochat.domain.message import Author
from niochat.insights.measure_rows import answer_row, measures_from_json, measures_row
from niochat.insights.projection import LogEntry, PoisonedEventError, ProjectionScope
from niochat.insights.tenant_calendar import load_calendar

_SQL = queries("conversation_projection")
_DELETIONS = ("delete_some_measures", "delete_some_answers", "delete_some_rollups")


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

    async def apply(
        self, connection: Connection, scope: ProjectionScope, entries: Sequence[LogEntry]
    ) -> None:
        """See ``Projection``."""
        tenant_id, generation = scope.tenant_id, scope.generation
        ids = list({entry.conversation_id for entry in entries})
        rows = await connection.fetch(_SQL["load_states"], tenant_id, generation, ids)
        stored = {row["conversation_id"]: row for row in rows}
        calendar = await load_calendar(connection, tenant_id)
        authors = await load_authors(connection, tenant_id, entries)
        states = {id: measures_from_json(row["state"]) for id, row in stored.items()}
        batch = _fold(scope, entries, states, authors, calendar)
        channels = await _load_channels(connection, tenant_id, batch.threads.values())
        records = [
            measures_row(
                scope,
                id,
                {"thread_id": batch.threads[id], "channel_id": channels[batch.threads[id]]},
                measures,
                calendar,
            )
            for id, measures in batch.measures.items()
        ]
        await connection.execute(_SQL["add_to_rollups"], tenant_id, generation, -1, ids)
        await connection.execute(_SQL["delete_measures"], tenant_id, generation, ids)
        await connection.execute(_SQL["insert_measures"], records)
        await connection.execute(_SQL["add_to_rollups"], tenant_id, generation, 1, ids)
        if batch.answers:
            await connection.execute(_SQL["insert_answers"], batch.answers)

    async def delete_some(self, connection: Connection, scope: ProjectionScope, limit: int) -> int:
        """See ``Projection``."""
        deleted = 0
        for name in _DELETIONS:
            done = await connection.execute(_SQL[name], scope.tenant_id, scope.generation, limit)
            deleted += int(done.split()[-1])
        return deleted


def _fold(
    scope: ProjectionScope,
    entries: Sequence[LogEntry],
    states: Mapping[UUID, ConversationMeasures],
    authors: Mapping[str, str],
    calendar: BusinessCalendar,
) -> _Batch:
    batch = _Batch()
    for index, entry in enumerate(entries):
        id = entry.conversation_id
        try:
            if entry.schema_version > SCHEMA_VERSION:
                raise ValueError(f"event of schema {entry.schema_version}")
            event = MeasuredEvent(
                entry.type,
                entry.version,
                entry.at,
                entry.body,
                authors.get(str(entry.body.get("message"))),
            )
            result = fold_event(batch.measures.get(id, states.get(id)), event, calendar)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise PoisonedEventError(index, reason) from error
        batch.measures[id] = result.measures
        batch.threads[id] = entry.thread_id
        if result.answer is not None:
            batch.answers.append(answer_row(scope, id, result.answer))
    return batch


async def load_authors(
    connection: Connection, tenant_id: UUID, entries: Sequence[LogEntry]
) -> dict[str, str]:
    """Returns the agents who wrote the messages of these events, by message: an event names no
    author beyond its kind.
    """
    written = [
        message
        for entry in entries
        if entry.type == "message_queued" and entry.body.get("author") == Author.AGENT
        if (message := _uuid(entry.body.get("message"))) is not None
    ]
    if not written:
        return {}
    rows = await connection.fetch(_SQL["load_authors"], tenant_id, written)
    return {str(row["id"]): row["agent"] for row in rows if row["agent"]}


async def _load_channels(connection: Connection, tenant_id: UUID, threads: Any) -> dict[UUID, UUID]:
    rows = await connection.fetch(_SQL["load_channels"], tenant_id, list(set(threads)))
    return {row["id"]: row["channel_id"] for row in rows}


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
