"""Projects what became of sent messages: when each was sent, delivered, read, or why it failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.domain.message import Author, DeliveryStatus
from niochat.insights.event_details import load_channels
from niochat.insights.measure_rows import local_buckets
from niochat.insights.projection import LogEntry, PoisonedEventError, ProjectionScope
from niochat.insights.projection_store import delete_by
from niochat.insights.tenant_calendar import load_calendar

_SQL = queries("delivery_projection")
_QUEUED, _CHANGED = "message_queued", "message_status_changed"
_DELETIONS = (
    _SQL["delete_some_deliveries"],
    _SQL["delete_some_delivery_rollups"],
)
_REACHED: Mapping[DeliveryStatus, tuple[str, ...]] = {
    DeliveryStatus.SENT: ("sent_at",),
    DeliveryStatus.DELIVERED: ("sent_at", "delivered_at"),
    DeliveryStatus.READ: ("sent_at", "delivered_at", "read_at"),
    DeliveryStatus.PLAYED: ("sent_at", "delivered_at", "read_at"),
}
"""The times that a status sets if they are not known: a read message was delivered before."""


@dataclass(frozen=True, slots=True)
class MessageDelivery:
    """A message that was put into the outbox. Times are those of the events; ``None``: not yet as
    far as known. ``code`` says why it failed.
    """

    message_id: UUID
    conversation_id: UUID
    channel_id: UUID
    author: str
    queued_at: datetime
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    failed_at: datetime | None = None
    code: str = ""

    def with_status(self, status: DeliveryStatus, at: datetime, code: str) -> "MessageDelivery":
        """Returns the delivery after a change of status. Evidence of delivery replaces a failure.
        A host's clock may be behind that of another: nothing happens before the message is queued.
        """
        at = max(at, self.queued_at)
        if status is DeliveryStatus.FAILED:
            return replace(self, failed_at=at, code=code)
        if status not in _REACHED:
            return self
        unknown: dict[str, Any] = {
            name: at for name in _REACHED[status] if getattr(self, name) is None
        }
        return replace(self, failed_at=None, code="", **unknown)


_FIELDS = tuple(field.name for field in fields(MessageDelivery))


class DeliveryProjection:
    """One row for each message that was put into the outbox, and the sums of all rows. A change of
    a message whose conversation is not the thread's latest any more has no event.
    """

    name = "deliveries"
    revision = 1
    reads: frozenset[str] | None = frozenset({_QUEUED, _CHANGED})
    needs_others = False

    async def apply(
        self, connection: Connection, scope: ProjectionScope, entries: Sequence[LogEntry]
    ) -> None:
        """See ``Projection``."""
        found = [_read(index, entry) for index, entry in enumerate(entries)]
        changes = [change for change in found if change is not None]
        if not changes:
            return
        tenant_id, place = scope.tenant_id, (scope.tenant_id, scope.generation)
        ids = list({change.message_id for change in changes})
        rows = await connection.fetch(_SQL["load_deliveries"], *place, ids)
        stored = {row["message_id"]: MessageDelivery(**row) for row in rows}
        threads = {change.entry.thread_id for change in changes if change.author is not None}
        channels = await load_channels(connection, tenant_id, threads)
        deliveries = _fold(stored, changes, channels)
        changed = [id for id, each in deliveries.items() if stored.get(id) != each]
        if not changed:
            return
        zone = (await load_calendar(connection, tenant_id)).zone
        await connection.execute(_SQL["add_to_rollups"], *place, -1, changed)
        await connection.execute(_SQL["delete_deliveries"], *place, changed)
        records = [_row(scope, deliveries[id], zone) for id in changed]
        await connection.execute(_SQL["insert_deliveries"], records)
        await connection.execute(_SQL["add_to_rollups"], *place, 1, changed)

    async def delete_some(self, connection: Connection, scope: ProjectionScope, limit: int) -> int:
        """See ``Projection``."""
        return await delete_by(connection, _DELETIONS, scope, limit)


@dataclass(frozen=True, slots=True)
class _Change:
    """An event of a message: it was queued by ``author``, or its status changed."""

    message_id: UUID
    entry: LogEntry
    author: str | None = None
    status: DeliveryStatus | None = None
    code: str = ""


def _read(index: int, entry: LogEntry) -> _Change | None:
    try:
        if entry.type == _QUEUED:
            author = Author(entry.body["author"])
            return _Change(UUID(str(entry.body["message"])), entry, author=author.value)
        if entry.type == _CHANGED:
            return _Change(
                UUID(str(entry.body["message"])),
                entry,
                status=DeliveryStatus(entry.body["status"]),
                code=str(entry.body.get("code") or ""),
            )
    except (KeyError, ValueError) as error:
        raise PoisonedEventError(index, f"{type(error).__name__}: {error}") from error
    return None


def _fold(
    stored: Mapping[UUID, MessageDelivery],
    changes: Sequence[_Change],
    channels: Mapping[UUID, UUID],
) -> dict[UUID, MessageDelivery]:
    """Returns the deliveries after the changes. ``channels`` are those of threads. Messages that
    were never in the outbox, such as those of the provider's phone, are left out.
    """
    deliveries = dict(stored)
    for change in changes:
        id, entry = change.message_id, change.entry
        if change.author is not None:
            channel = channels[entry.thread_id]
            queued = MessageDelivery(id, entry.conversation_id, channel, change.author, entry.at)
            deliveries.setdefault(id, queued)
        elif change.status is not None and id in deliveries:
            deliveries[id] = deliveries[id].with_status(change.status, entry.at, change.code)
    return deliveries


def _row(scope: ProjectionScope, delivery: MessageDelivery, zone: tzinfo) -> dict[str, Any]:
    """The row as JSON."""
    hour, day, _ = local_buckets(delivery.queued_at, zone)
    return {
        "tenant_id": scope.tenant_id,
        "generation": scope.generation,
        **{name: getattr(delivery, name) for name in _FIELDS},
        "queued_hour": hour,
        "queued_day": day,
    }
