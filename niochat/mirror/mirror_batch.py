"""Reads the next batch of a tenant: references of what has changed, and the rows as they are now.

Rows are read after the changes that name them, so each row that is sent has at least the state that
the change left. What changes meanwhile is in a later batch, which has a higher version.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.mirror.mirror_sources import (
    AUDIT,
    CONTACTS,
    CONVERSATIONS,
    EVENTS,
    MESSAGES,
    RATINGS,
    SOURCES,
    THREADS,
    MirrorSource,
    SourceRow,
)

_SQL = queries("mirror")

MAX_EVENTS = 1_000
MAX_CHANGES = 500
MAX_AUDIT_ENTRIES = 500
"""What one batch reads at most: it bounds the memory of a batch."""
_RATED = {"rating_answered", "rating_commented"}
_LOGGED = {
    "conversation_resolved",
    "conversation_reopened",
    "conversation_assigned",
    "conversation_transferred",
    "conversation_handed_off",
}
"""The events that the audit log of the mirror has: the list of the view ``mirrored_events``."""
_NEVER_CANCEL = {
    "message_received",
    "message_queued",
    "message_status_changed",
    "timer_set",
    "turn_started",
    "turn_finished",
}
"""Events that come without cancelled messages, and often."""


class EventPosition(NamedTuple):
    """A position in the event log."""

    xid: str
    conversation_id: UUID
    version: int


class AuditPosition(NamedTuple):
    """A position in the audit log."""

    xid: str
    entry: int


@dataclass(slots=True)
class MirrorBatch:
    """References by source, and what the sending of their rows settles."""

    refs: dict[str, list[str]] = field(default_factory=dict)
    change_ids: list[int] = field(default_factory=list)
    log: EventPosition | None = None
    audit: AuditPosition | None = None
    is_full: bool = False
    """Whether more waits already."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to settle."""
        return not (self.change_ids or self.log or self.audit)

    def add(self, source: MirrorSource, refs: Iterable[str]) -> None:
        """Have these rows sent, each once."""
        self.refs[source.name] = list(dict.fromkeys((*self.refs.get(source.name, ()), *refs)))


async def read_batch(connection: Connection, tenant_id: UUID, position: Any) -> MirrorBatch:
    """Read what comes next after the ``position``, a row of ``mirror_positions``."""
    batch = MirrorBatch()
    await _read_changes(connection, tenant_id, batch)
    await _read_log(connection, tenant_id, position, batch)
    await _read_audit(connection, tenant_id, position, batch)
    return batch


async def _read_changes(connection: Connection, tenant_id: UUID, batch: MirrorBatch) -> None:
    rows = await connection.fetch(_SQL["read_changes"], tenant_id, MAX_CHANGES)
    threads = [row for row in rows if row["source"] == THREADS]
    for row in threads:
        await connection.execute(_SQL["expand_thread"], tenant_id, row["id"])
    others = [row for row in rows if row["source"] != THREADS]
    for source in SOURCES.values():
        batch.add(source, (row["ref"] for row in others if row["source"] == source.name))
    batch.change_ids = [row["id"] for row in others]
    batch.is_full = bool(threads) or len(rows) == MAX_CHANGES


async def _read_log(
    connection: Connection, tenant_id: UUID, position: Any, batch: MirrorBatch
) -> None:
    rows = await connection.fetch(
        _SQL["read_log"],
        tenant_id,
        str(position["log_xid"]),
        position["log_conversation"],
        position["log_version"],
        position["horizon"],
        MAX_EVENTS,
    )
    if not rows:
        return
    last = rows[-1]
    batch.log = EventPosition(last["xid"], last["conversation_id"], last["version"])
    batch.is_full = batch.is_full or len(rows) == MAX_EVENTS
    threads = list({row["thread_id"] for row in rows})
    contacts = await connection.fetch(_SQL["contacts_of_threads"], tenant_id, threads)
    batch.add(CONTACTS, (row["contact_id"] for row in contacts))
    batch.add(CONVERSATIONS, (str(row["conversation_id"]) for row in rows))
    batch.add(MESSAGES, (row["message"] for row in rows if row["message"]))
    batch.add(MESSAGES, await _cancelled(connection, tenant_id, rows))
    batch.add(RATINGS, (row["rating"] for row in rows if row["type"] in _RATED))
    logged = (row for row in rows if row["type"] in _LOGGED)
    batch.add(EVENTS, (f"{row['conversation_id']}:{row['version']}" for row in logged))


async def _cancelled(connection: Connection, tenant_id: UUID, rows: Sequence[Any]) -> list[str]:
    changed = {row["conversation_id"] for row in rows if row["type"] not in _NEVER_CANCEL}
    if not changed:
        return []
    found = await connection.fetch(_SQL["cancelled_messages"], tenant_id, list(changed))
    return [row["id"] for row in found]


async def _read_audit(
    connection: Connection, tenant_id: UUID, position: Any, batch: MirrorBatch
) -> None:
    rows = await connection.fetch(
        _SQL["read_audit"],
        tenant_id,
        str(position["audit_xid"]),
        position["audit_id"],
        position["horizon"],
        MAX_AUDIT_ENTRIES,
    )
    if rows:
        batch.audit = AuditPosition(rows[-1]["xid"], rows[-1]["ref"])
        batch.add(AUDIT, (str(row["ref"]) for row in rows))
        batch.is_full = batch.is_full or len(rows) == MAX_AUDIT_ENTRIES
    elif not batch.is_empty:
        # The log has no index by tenant and position: entries of others are not read again.
        batch.audit = AuditPosition(position["horizon"], 0)


async def read_rows(
    connection: Connection, tenant_id: UUID, source: MirrorSource, refs: Sequence[str]
) -> list[SourceRow]:
    """Return the rows as they are now, and marks for rows that are gone."""
    found = await source.read_rows(connection, tenant_id, refs)
    if not source.ref_is_id:
        return found
    now = datetime.now(UTC).isoformat()
    gone = set(refs) - {each.ref for each in found}
    return found + [SourceRow(ref, source.deleted_row(tenant_id, ref, now)) for ref in sorted(gone)]
