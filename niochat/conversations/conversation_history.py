"""A conversation as it was after any of its events: the log folded again, and compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.json_codec import event_from_json, state_from_json, state_to_json
from niochat.adapters.postgres.queries import queries
from niochat.domain.conversation.evolve import evolve
from niochat.domain.conversation.state import ConversationState
from niochat.domain.errors import NotFoundError

_SQL = queries("event_history")


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One event and what it changed.

    ``cause`` is the command that it came from (``receive_message:1234``), ``None`` where it was
    not written down; ``changed`` maps fields of the state to (before, after); ``state`` is the
    whole of it afterwards. All in the words of JSON.
    """

    version: int
    at: datetime
    event: dict[str, Any]
    cause: str | None
    command_stored_at: datetime | None
    """When that command was stored, while its row is kept."""
    changed: dict[str, tuple[Any, Any]]
    state: dict[str, Any]
    message_text: str | None
    """Text of the message that the event speaks of; nothing in the event itself says it."""


@dataclass(frozen=True, slots=True)
class ConversationHistory:
    """All moments, oldest first, and where the folded log differs from the stored state."""

    entries: tuple[HistoryEntry, ...]
    differences: dict[str, tuple[Any, Any]]
    """Field: (folded, stored). Empty as it should be."""


async def load_history(
    database: Database, tenant_id: UUID, conversation_id: UUID
) -> ConversationHistory:
    """Of one tenant's conversation. Raises ``NotFoundError``, and ``UnreadableDataError`` for a
    newer code's.
    """
    async with database.as_tenant(tenant_id) as connection:
        # One statement each, in one transaction: the state first, so that the log is never behind.
        stored = await connection.fetchrow(_SQL["load_state"], tenant_id, conversation_id)
        rows = await connection.fetch(_SQL["list_events"], tenant_id, conversation_id)
    if stored is None:
        raise NotFoundError("the tenant has no such conversation")
    known = [row for row in rows if row["version"] <= stored["version"]]
    last, moments = _fold(known)
    kept = state_to_json(state_from_json(stored["state"], stored["schema_version"]))
    folded = state_to_json(last) if last is not None else {}
    return ConversationHistory(tuple(moments), diff_states(folded, kept))


def diff_states(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Fields that are not the same, without the version that every event raises."""
    fields = [*before, *(field for field in after if field not in before)]
    return {
        field: (before.get(field), after.get(field))
        for field in fields
        if before.get(field) != after.get(field) and (field != "version" or not before)
    }


def _fold(rows: Sequence[Any]) -> tuple[ConversationState | None, list[HistoryEntry]]:
    conversation: ConversationState | None = None
    before: dict[str, Any] = {}
    moments: list[HistoryEntry] = []
    for row in rows:
        conversation = evolve(conversation, event_from_json(row["body"]))
        state = state_to_json(conversation)
        changed = diff_states(before, state)
        version, at, body, cause, came, said = (
            row[name] for name in ("version", "at", "body", "cause", "came", "said")
        )
        moments.append(HistoryEntry(version, at, body, cause, came, changed, state, said))
        before = state
    return conversation, moments
