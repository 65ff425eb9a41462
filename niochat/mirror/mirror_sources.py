"""What is mirrored: sources of rows in our database, and the table of the mirror that each fills.

A row is named by its source and a reference: the id of a contact, the number of an entry of the
audit log, the conversation and version of an event, or the bucket of roll-ups, which stands for
many rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.adapters.supabase.project_client import DayCount, MirroredRow

_SQL = queries("mirrored_rows")


class SourceRow(NamedTuple):
    """A row in the shape of the mirror, without its version."""

    ref: str
    row: MirroredRow


class DayRow(NamedTuple):
    """The digest of a row, and how to read the row again."""

    ref: str
    digest: Decimal


@dataclass(frozen=True, slots=True)
class MirrorSource:
    """Rows of our database that go to one table of the mirror."""

    name: str
    table: str
    rows_query: str
    page_query: str
    days_query: str
    day_query: str
    columns: tuple[str, ...] = ()
    """The columns of the table beside those of every table, where a row that is gone is marked as
    deleted, with all of these empty.
    """

    @property
    def ref_is_id(self) -> bool:
        """Whether a reference is the id of one row, so that a missing row can be marked."""
        return bool(self.columns)

    async def read_rows(
        self, connection: Connection, tenant_id: UUID, refs: Sequence[str]
    ) -> list[SourceRow]:
        """Return the rows that exist."""
        rows = await connection.fetch(self.rows_query, tenant_id, list(refs))
        return [SourceRow(row["ref"], row["row"]) for row in rows]

    async def read_page(
        self, connection: Connection, tenant_id: UUID, after: str, limit: int
    ) -> list[str]:
        """Return the next references in their order; ``after`` is empty at first."""
        rows = await connection.fetch(self.page_query, tenant_id, after, limit)
        return [row["ref"] for row in rows]

    async def count_days(self, connection: Connection, tenant_id: UUID) -> dict[date, DayCount]:
        """Return how many rows each day (UTC) has, and the sum of their digests."""
        rows = await connection.fetch(self.days_query, tenant_id)
        return {row["day"]: DayCount(row["counted"], row["digest"]) for row in rows}

    async def list_day(
        self, connection: Connection, tenant_id: UUID, day: date
    ) -> dict[UUID, DayRow]:
        """Return the rows of a day by their ids."""
        rows = await connection.fetch(self.day_query, tenant_id, day)
        return {row["id"]: DayRow(row["ref"], row["digest"]) for row in rows}

    def deleted_row(self, tenant_id: UUID, row_id: str, now: str) -> MirroredRow:
        """Return the mark of a row that is gone."""
        empty: dict[str, Any] = dict.fromkeys(self.columns)
        return {"provedor_id": str(tenant_id), "id": row_id, **empty, "deleted_at": now}


def _source(name: str, table: str, columns: tuple[str, ...] = ()) -> MirrorSource:
    return MirrorSource(
        name,
        table,
        *(_QUERIES[name]),
        columns,
    )


_QUERIES = {
    "contacts": (
        _SQL["rows_of_contacts"],
        _SQL["page_of_contacts"],
        _SQL["days_of_contacts"],
        _SQL["day_of_contacts"],
    ),
    "conversations": (
        _SQL["rows_of_conversations"],
        _SQL["page_of_conversations"],
        _SQL["days_of_conversations"],
        _SQL["day_of_conversations"],
    ),
    "messages": (
        _SQL["rows_of_messages"],
        _SQL["page_of_messages"],
        _SQL["days_of_messages"],
        _SQL["day_of_messages"],
    ),
    "ratings": (
        _SQL["rows_of_ratings"],
        _SQL["page_of_ratings"],
        _SQL["days_of_ratings"],
        _SQL["day_of_ratings"],
    ),
    "events": (
        _SQL["rows_of_events"],
        _SQL["page_of_events"],
        _SQL["days_of_events"],
        _SQL["day_of_events"],
    ),
    "audit": (
        _SQL["rows_of_audit"],
        _SQL["page_of_audit"],
        _SQL["days_of_audit"],
        _SQL["day_of_audit"],
    ),
    "rollups": (
        _SQL["rows_of_rollups"],
        _SQL["page_of_rollups"],
        _SQL["days_of_rollups"],
        _SQL["day_of_rollups"],
    ),
}

CONTACTS = _source(
    "contacts",
    "contacts",
    ("name", "phone", "email", "avatar", "created_at", "updated_at", "additional_attributes"),
)
CONVERSATIONS = _source(
    "conversations",
    "conversations",
    (
        "contact_id",
        "inbox_id",
        "status",
        "assignee_id",
        "created_at",
        "updated_at",
        "ended_at",
        "additional_attributes",
    ),
)
MESSAGES = _source(
    "messages",
    "mensagens",
    (
        "conversation_id",
        "contact_id",
        "content",
        "message_type",
        "is_from_customer",
        "external_id",
        "file_url",
        "file_name",
        "file_size",
        "additional_attributes",
        "created_at",
    ),
)
RATINGS = _source(
    "ratings",
    "csat_feedback",
    (
        "conversation_id",
        "contact_id",
        "emoji_rating",
        "rating_value",
        "feedback_sent_at",
        "original_message",
        "contact_avatar",
        "additional_attributes",
        "created_at",
    ),
)
EVENTS = _source("events", "auditoria")
AUDIT = _source("audit", "auditoria")
ROLLUPS = _source("rollups", "rollups")

SOURCES = {
    each.name: each for each in (CONTACTS, CONVERSATIONS, MESSAGES, RATINGS, EVENTS, AUDIT, ROLLUPS)
}
"""All sources, in the order in which they are sent: a row comes after those that it refers to."""
THREADS = "threads"
"""The source of changes that stand for all conversations and messages of a thread."""

TABLES = tuple(dict.fromkeys(each.table for each in SOURCES.values()))
"""The tables of the mirror."""


def sources_of(table: str) -> list[MirrorSource]:
    """Return the sources that fill a table."""
    return [each for each in SOURCES.values() if each.table == table]
