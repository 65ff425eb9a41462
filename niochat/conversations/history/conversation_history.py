"""The history of a conversation for screens: pages of its events, and the conversation as it was
after any of them.

There are no stored snapshots: the state after an event is folded from the first event on. Folding
takes 20 to 100 microseconds an event. States that were folded before are cached by process, so that
moving through the history folds a few hundred events at most.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.domain_json_codec import event_from_json
from niochat.adapters.postgres.queries import queries
from niochat.conversations.conversation_replay import HistoryEntry, replay_rows
from niochat.conversations.history.past_messages import rewind_messages
from niochat.domain.conversation.evolve import evolve
from niochat.domain.conversation.state import ConversationState
from niochat.domain.errors import NotFoundError, OperationRefusedError

_SQL = queries("conversation_history")
CHUNK = 500
"""Events that are read at once."""
FOLDED_AT_ONCE = 100
"""Events that are folded before other requests are served."""
CHECKPOINT_EVERY = 500
MAX_CHECKPOINTS = 2_000
"""Cached states of one process, up to 10 kB each."""
MAX_FOLDED_EVENTS = 50_000
"""Events that one request folds at most: up to five seconds of work."""
MAX_CONCURRENT_FOLDS = 2


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One event with its changes, and what is known about its cause and message. ``caller`` is the
    id of the user or API key that gave the command.
    """

    entry: HistoryEntry
    author: str | None
    kind: str | None
    caller: str | None


@dataclass(frozen=True, slots=True)
class HistoryMoment:
    """The conversation right after an event: ``state`` is the state of the domain, ``messages`` the
    newest messages as they were then, newest first, and ``send`` the send of the event's message.
    """

    row: HistoryRow
    state: ConversationState
    messages: list[dict[str, Any]]
    send: dict[str, Any] | None


class ConversationHistory:
    """Reads for one tenant at a time, with that tenant's database role."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._checkpoints: OrderedDict[tuple[UUID, UUID, int], ConversationState] = OrderedDict()
        self._folds = asyncio.Semaphore(MAX_CONCURRENT_FOLDS)

    async def list_rows(
        self, tenant_id: UUID, conversation_id: UUID, after: int, limit: int
    ) -> list[HistoryRow]:
        """Returns the events after version ``after``, oldest first. Raises
        ``OperationRefusedError`` (``history_too_long``).
        """
        before = await self._fold(tenant_id, conversation_id, after)
        return (await self._read_rows(tenant_id, conversation_id, before, after, limit))[0]

    async def get_moment(
        self,
        tenant_id: UUID,
        conversation_id: UUID,
        version: int,
        message_limit: int,
        messages_before: int | None = None,
    ) -> HistoryMoment:
        """Returns the conversation after the event ``version``. Raises ``NotFoundError`` and
        ``OperationRefusedError`` (``history_too_long``).
        """
        before = await self._fold(tenant_id, conversation_id, version - 1)
        rows, state = await self._read_rows(
            tenant_id, conversation_id, before, version - 1, limit=1
        )
        if not rows or state is None or rows[0].entry.version != version:
            raise NotFoundError("The conversation has no such event.")
        async with self._database.as_tenant(tenant_id) as connection:
            found = await connection.fetch(
                _SQL["messages_at"],
                tenant_id,
                conversation_id,
                version,
                messages_before,
                message_limit,
            )
            messages = [dict(row) for row in found]
            await rewind_messages(connection, tenant_id, conversation_id, version, messages)
            outbox = rows[0].entry.event.get("outbox")
            send = outbox and await connection.fetchrow(_SQL["send"], tenant_id, UUID(outbox))
        return HistoryMoment(rows[0], state, messages, dict(send) if send else None)

    async def load_names(self, tenant_id: UUID, ids: set[str]) -> dict[str, str]:
        """Returns the names of users and API keys by id."""
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(
                _SQL["names"], tenant_id, [UUID(each) for each in sorted(ids)]
            )
        return {row["id"]: row["name"] for row in rows}

    async def _read_rows(
        self,
        tenant_id: UUID,
        conversation_id: UUID,
        before: ConversationState | None,
        after: int,
        limit: int,
    ) -> tuple[list[HistoryRow], ConversationState | None]:
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["page"], tenant_id, conversation_id, after, limit)
        state, entries = replay_rows(rows, before)
        known = zip(entries, rows, strict=True)
        return [
            HistoryRow(entry, row["author"], row["kind"], row["caller"]) for entry, row in known
        ], state

    async def _fold(
        self, tenant_id: UUID, conversation_id: UUID, version: int
    ) -> ConversationState | None:
        """Returns the state after the event ``version``, or after the last event before it."""
        if version <= 0:
            return None
        state = self._nearest_checkpoint(tenant_id, conversation_id, version)
        position = 0 if state is None else state.version
        if version - position > MAX_FOLDED_EVENTS:
            raise OperationRefusedError(
                f"The conversation has more than {MAX_FOLDED_EVENTS} events before this one. "
                f"Request an earlier event first.",
                code="history_too_long",
            )
        async with self._folds:
            while position < version:
                async with self._database.as_tenant(tenant_id) as connection:
                    rows = await connection.fetch(
                        _SQL["bodies"], tenant_id, conversation_id, position, version, CHUNK
                    )
                if not rows:
                    break
                for row in rows:
                    state = evolve(state, event_from_json(row["body"]))
                    if state.version % CHECKPOINT_EVERY == 0:
                        self._store_checkpoint(tenant_id, conversation_id, state)
                    if state.version % FOLDED_AT_ONCE == 0:
                        await asyncio.sleep(0)
                position = rows[-1]["version"]
        return state

    def _nearest_checkpoint(
        self, tenant_id: UUID, conversation_id: UUID, version: int
    ) -> ConversationState | None:
        for at in range(version - version % CHECKPOINT_EVERY, 0, -CHECKPOINT_EVERY):
            key = (tenant_id, conversation_id, at)
            state = self._checkpoints.get(key)
            if state is not None:
                self._checkpoints.move_to_end(key)
                return state
        return None

    def _store_checkpoint(
        self, tenant_id: UUID, conversation_id: UUID, state: ConversationState
    ) -> None:
        self._checkpoints[tenant_id, conversation_id, state.version] = state
        while len(self._checkpoints) > MAX_CHECKPOINTS:
            self._checkpoints.popitem(last=False)
