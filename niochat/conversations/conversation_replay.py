"""Replays a conversation's event log and compares the result with the stored state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.domain_json_codec import (
    event_from_json,
    state_from_json,
    state_to_json,
)
from niochat.adapters.postgres.queries import queries
from niochat.domain.conversation.evolve import evolve
from niochat.domain.conversation.state import ConversationState
from niochat.domain.errors import NotFoundError

_SQL = queries("event_history")


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One event and its changes. All values are JSON.

    ``cause`` is the command that led to the event (``receive_message:1234``), or ``None`` if it was
    not recorded. ``changed`` maps fields of the state to their values before and after. ``state``
    is the complete state after the event.
    """

    version: int
    at: datetime
    event: dict[str, Any]
    cause: str | None
    command_stored_at: datetime | None
    """When that command was stored; ``None`` once its inbox row is purged."""
    changed: dict[str, tuple[Any, Any]]
    state: dict[str, Any]
    message_text: str | None
    """Text of the message that the event refers to. The event itself contains no text."""


@dataclass(frozen=True, slots=True)
class ConversationReplay:
    """All events, oldest first, and the differences between the replayed and the stored state."""

    entries: tuple[HistoryEntry, ...]
    differences: dict[str, tuple[Any, Any]]
    """The replayed and the stored value by field. It is empty unless the log is inconsistent."""


async def load_history(
    database: Database, tenant_id: UUID, conversation_id: UUID
) -> ConversationReplay:
    """Loads and replays one conversation. Raises ``NotFoundError``, and ``UnreadableDataError`` if
    a newer version wrote it.
    """
    async with database.as_tenant(tenant_id) as connection:
        # The state is read first, so that the log contains at least all events of the state.
        stored = await connection.fetchrow(_SQL["load_state"], tenant_id, conversation_id)
        rows = await connection.fetch(_SQL["list_events"], tenant_id, conversation_id)
    if stored is None:
        raise NotFoundError("The tenant has no such conversation.")
    events = [row for row in rows if row["version"] <= stored["version"]]
    last, entries = replay_rows(events)
    stored_state = state_to_json(state_from_json(stored["state"], stored["schema_version"]))
    replayed = state_to_json(last) if last is not None else {}
    return ConversationReplay(tuple(entries), diff_states(replayed, stored_state))


def diff_states(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Returns the fields that differ, with both values, except the version, which every event
    raises.
    """
    fields = [*before, *(field for field in after if field not in before)]
    return {
        field: (before.get(field), after.get(field))
        for field in fields
        if before.get(field) != after.get(field) and (field != "version" or not before)
    }


def replay_rows(
    rows: Sequence[Any], conversation: ConversationState | None = None
) -> tuple[ConversationState | None, list[HistoryEntry]]:
    """Applies rows of events to ``conversation``, the state before the first of them (``None``:
    the first row opens the conversation). Returns the state after the last one, and the entries.
    """
    before = {} if conversation is None else state_to_json(conversation)
    entries: list[HistoryEntry] = []
    for row in rows:
        conversation = evolve(conversation, event_from_json(row["body"]))
        state = state_to_json(conversation)
        changed = diff_states(before, state)
        version, at, body, cause, stored_at, text = (
            row[name] for name in ("version", "at", "body", "cause", "came", "said")
        )
        entries.append(HistoryEntry(version, at, body, cause, stored_at, changed, state, text))
        before = state
    return conversation, entries
