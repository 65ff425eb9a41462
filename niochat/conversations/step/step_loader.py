"""Loads everything that a batch of steps needs, for all threads in a few statements."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from niochat.adapters.holiday_calendar import staff_availability
from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.domain_json_codec import (
    command_from_json,
    policy_from_row,
    state_from_json,
)
from niochat.adapters.postgres.queries import queries
from niochat.conversations.step.step_types import MemoryCommand, StepRequest, ThreadSnapshot
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.decision import StoredMessage, StoredSend, UnmatchedUpdate
from niochat.domain.conversation.policy import ConversationPolicy, StaffAvailability
from niochat.domain.conversation.state import ConversationState
from niochat.domain.errors import UnreadableDataError
from niochat.domain.ids import MessageId, OutboxId, ThreadId
from niochat.domain.message import Author, DeliveryStatus, MessageChange

_SQL = queries("conversation_step")
_NEVER = datetime.min.replace(tzinfo=UTC)
"""Time of a batch without rows, which decides nothing."""


@dataclass(frozen=True, slots=True)
class PendingRow:
    """A pending inbox row."""

    id: int
    command: cmd.DurableCommand
    failures: int


@dataclass(frozen=True, slots=True)
class TenantContext:
    """The values of a tenant that decisions depend on."""

    policy: ConversationPolicy
    timezone: str
    staff: StaffAvailability


@dataclass(slots=True)
class LoadedBatch:
    """The loaded data of a batch, by thread and tenant. ``now`` is the database's time."""

    now: datetime
    threads: dict[UUID, ThreadSnapshot] = field(default_factory=dict)
    merged: dict[UUID, UUID] = field(default_factory=dict)
    tenants: dict[UUID, TenantContext] = field(default_factory=dict)
    rows: dict[UUID, list[PendingRow]] = field(default_factory=lambda: defaultdict(list))
    timers: dict[UUID, list[cmd.FireTimer]] = field(default_factory=lambda: defaultdict(list))
    messages: dict[UUID, dict[str, StoredMessage]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    sends: dict[UUID, dict[OutboxId, StoredSend]] = field(default_factory=lambda: defaultdict(dict))
    unmatched: dict[UUID, dict[str, tuple[UnmatchedUpdate, ...]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    numbers: dict[UUID, int] = field(default_factory=dict)
    """Numbers for the protocol number of a conversation that may be opened."""
    over: dict[UUID, ConversationState] = field(default_factory=dict)
    """Resolved conversations that a command reopens or sends a follow-up in."""
    opted_out: set[UUID] = field(default_factory=set)
    """Threads with a follow-up that is due, whose contact wants none."""
    blocked: set[UUID] = field(default_factory=set)
    """Threads whose contact is blocked."""
    phone_lately: set[UUID] = field(default_factory=set)
    """Threads in which a person wrote on the provider's phone within the last hour."""
    automatic: dict[UUID, frozenset[str]] = field(default_factory=dict)
    """Texts that the phone of a thread's channel is known to send automatically."""
    rating_histories: dict[UUID, tuple[bool, datetime | None]] = field(default_factory=dict)
    """Of threads whose rating is due: whether the customer refuses, and when they were last asked
    for one.
    """
    unread: set[UUID] = field(default_factory=set)
    """Threads with a row that this version cannot read; the rows before it are loaded."""


async def load_batch(connection: Connection, batch: Sequence[StepRequest]) -> LoadedBatch:
    """Loads the data of ``batch``. A thread that was merged into another is in ``merged`` only."""
    rows = await connection.fetch(
        _SQL["load_threads"], [_thread_request(request) for request in batch]
    )
    loaded = LoadedBatch(now=rows[0]["now"] if rows else _NEVER)
    cached_threads = {request.thread_id: request.cached for request in batch}
    for row in rows:
        cached = cached_threads[row["thread_id"]]
        if row["merged_into"] is not None and cached is None:
            loaded.merged[row["thread_id"]] = row["merged_into"]
        else:
            _add_thread(row, cached, loaded)
    return loaded


def _thread_request(request: StepRequest) -> dict[str, Any]:
    sends = (outbox_id_for(command) for command in request.commands)
    return {
        "thread_id": request.thread_id,
        "wanted": request.rows + 1,  # one row more shows whether any remain
        "remembered": request.cached is not None,
        "live": request.cached is not None and request.cached.conversation is not None,
        "externals": [each for command in request.commands for each in external_ids_for(command)],
        "sends": [outbox for outbox in sends if outbox is not None],
    }


def _add_thread(row: Any, cached: ThreadSnapshot | None, loaded: LoadedBatch) -> None:
    thread = _with_open_rating(cached or _thread(row), row)
    loaded.threads[thread.id] = thread
    if thread.tenant_id not in loaded.tenants:
        loaded.tenants[thread.tenant_id] = _tenant(row)
    for name, generation, unsent in row["due"] or ():
        loaded.timers[thread.id].append(cmd.FireTimer(name, generation, unsent))
    for row_id, failures, command in row["pending"] or ():
        if thread.id not in loaded.unread:
            _read(thread.id, row_id, failures, command, loaded)
    _add_known(thread, row, loaded)
    _add_circumstances(thread, row, loaded)


def _add_circumstances(thread: ThreadSnapshot, row: Any, loaded: LoadedBatch) -> None:
    """Adds what only some commands depend on."""
    if row["blocked"]:
        loaded.blocked.add(thread.id)
    if row["opted_out"]:
        loaded.opted_out.add(thread.id)
    if row["phone_lately"]:
        loaded.phone_lately.add(thread.id)
    if row["automatic"]:
        loaded.automatic[thread.id] = frozenset(row["automatic"])
    if row["number"] is not None:
        loaded.numbers[thread.id] = row["number"]
    if row["rating_history"] is not None:
        refused, asked_at = row["rating_history"]
        loaded.rating_histories[thread.id] = (refused, _parse_time(asked_at))
    if row["over"] is not None:
        schema_version, state = row["over"]
        loaded.over[thread.id] = state_from_json(state, schema_version)


def _with_open_rating(thread: ThreadSnapshot, row: Any) -> ThreadSnapshot:
    if thread.conversation is not None or row["rated"] is None:
        return thread
    schema_version, state = row["rated"]
    return replace(thread, conversation=state_from_json(state, schema_version))


def _parse_time(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def _tenant(row: Any) -> TenantContext:
    policy = _policy(row["status"], row["policy"])
    local = row["now"].astimezone(ZoneInfo(row["timezone"]))
    return TenantContext(policy, row["timezone"], staff_availability(policy, local))


@lru_cache(maxsize=4096)
def _policy(status: str, stored: str) -> ConversationPolicy:
    return policy_from_row(status, json.loads(stored))


def _thread(row: Any) -> ThreadSnapshot:
    conversation = None
    if row["conversation_id"] is not None:
        conversation = state_from_json(row["state"], row["schema_version"])
    thread_id = ThreadId(row["thread_id"])
    return ThreadSnapshot(thread_id, row["tenant_id"], row["channel_id"], conversation)


def _read(thread: UUID, row_id: int, failures: int, command: object, loaded: LoadedBatch) -> None:
    before = loaded.rows[thread]
    try:
        before.append(PendingRow(row_id, command_from_json(command), failures))
    except UnreadableDataError:
        if not before:
            raise
        loaded.unread.add(thread)


def _add_known(thread: ThreadSnapshot, row: Any, loaded: LoadedBatch) -> None:
    for external, *message, unmatched in row["news"] or ():
        if message[0] is not None:
            loaded.messages[thread.id][external] = _message(thread, *message)
        if unmatched:
            loaded.unmatched[thread.id][external] = tuple(
                UnmatchedUpdate(*update) for update in unmatched
            )
    for outbox, status, conversation, message_id, attempts, *message, change, value in (
        row["sends"] or ()
    ):
        current = thread.conversation is not None and str(thread.conversation.id) == conversation
        send = StoredSend(
            _message(thread, message_id, *message),
            status,
            current,
            attempts,
            MessageChange(change) if change else None,
            value or "",
        )
        loaded.sends[thread.id][OutboxId(UUID(outbox))] = send


def _message(
    thread: ThreadSnapshot,
    message_id: str,
    author: str,
    status: str | None,
    conversation: str | None,
    sent_at: str,
    edited_at: str | None,
    deleted: bool,
) -> StoredMessage:
    current = thread.conversation
    return StoredMessage(
        MessageId(UUID(message_id)),
        Author(author),
        DeliveryStatus(status) if status else None,
        current is not None and conversation == str(current.id),
        datetime.fromisoformat(sent_at),
        _parse_time(edited_at),
        deleted,
    )


def external_ids_for(command: cmd.DurableCommand | MemoryCommand) -> tuple[str, ...]:
    """Returns the gateway ids of the messages that a memory command refers to. For inbox rows the
    query itself finds them.
    """
    match command:
        case (
            cmd.ReceiveReaction(target=target)
            | cmd.ReceiveEdit(target=target)
            | cmd.EditReply(target=target)
            | cmd.DeleteReply(target=target)
            | cmd.ReactToMessage(target=target)
        ):
            return (target,)
        case cmd.ReceiveDeletion(targets=targets) | cmd.ReceiveDeliveryReceipt(targets=targets):
            return targets
        case (
            cmd.ReceiveMessage(external_id=external)
            | cmd.ReceiveProviderPhoneMessage(external_id=external)
            | cmd.ReceiveEcho(external_id=external)
            | cmd.ReceiveSystemNotice(external_id=external)
        ):
            return (external,)
        case cmd.SettleSend(external_id=str(external)):
            return (external,)
        case _:
            return ()


def outbox_id_for(command: cmd.DurableCommand | MemoryCommand) -> UUID | None:
    """Returns the id of the outbox row that a command refers to, or ``None``."""
    match command:
        case cmd.SettleSend(outbox=outbox):
            return outbox
        case cmd.ReceiveEcho(track_id=track_id):
            try:
                return UUID(track_id)
            except ValueError:
                return None
        case _:
            return None
