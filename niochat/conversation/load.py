"""All that a batch of steps has to know, read in a few statements for all threads together."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from niochat.adapters.calendar import presence
from niochat.adapters.postgres.codec import command_from_json, policy_of, state_from_json
from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.conversation.work import MemoryCommand, Thread, Work
from niochat.domain import commands as cmd
from niochat.domain.conversation import Conversation
from niochat.domain.draft import KnownMessage, KnownSend, Unmatched
from niochat.domain.errors import Unreadable
from niochat.domain.ids import MessageId, OutboxId, ThreadId
from niochat.domain.message import Author, Change, DeliveryStatus
from niochat.domain.policy import Policy, Presence

_SQL = queries("step")
_NEVER = datetime.min.replace(tzinfo=UTC)
"""Clock of a batch that decides nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """A pending inbox row."""

    id: int
    command: cmd.DurableCommand
    failures: int


@dataclass(frozen=True, slots=True)
class Tenant:
    """What decisions need of a tenant."""

    policy: Policy
    timezone: str
    people: Presence


@dataclass(slots=True)
class Loaded:
    """The batch's view of the database."""

    now: datetime
    threads: dict[UUID, Thread] = field(default_factory=dict)
    merged: dict[UUID, UUID] = field(default_factory=dict)
    tenants: dict[UUID, Tenant] = field(default_factory=dict)
    rows: dict[UUID, list[Row]] = field(default_factory=lambda: defaultdict(list))
    timers: dict[UUID, list[cmd.FireTimer]] = field(default_factory=lambda: defaultdict(list))
    messages: dict[UUID, dict[str, KnownMessage]] = field(default_factory=lambda: defaultdict(dict))
    sends: dict[UUID, dict[OutboxId, KnownSend]] = field(default_factory=lambda: defaultdict(dict))
    unmatched: dict[UUID, dict[str, tuple[Unmatched, ...]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    numbers: dict[UUID, int] = field(default_factory=dict)
    """For the protocol of a conversation that may be opened."""
    over: dict[UUID, Conversation] = field(default_factory=dict)
    """Conversations that are over and shall be reopened."""
    phone_lately: set[UUID] = field(default_factory=set)
    """Threads where a person typed on the provider's phone within the hour."""
    automatic: dict[UUID, frozenset[str]] = field(default_factory=dict)
    """Texts that the phone of a thread's channel is known to send by itself."""
    unread: set[UUID] = field(default_factory=set)
    """Threads where a later row cannot be read by this code; those before it can."""


async def load(connection: Connection, batch: Sequence[Work]) -> Loaded:
    """Read what ``batch`` needs; threads that were joined to others are in ``merged`` only."""
    rows = await connection.fetch(_SQL["load_threads"], [_wanted(work) for work in batch])
    loaded = Loaded(now=rows[0]["now"] if rows else _NEVER)
    remembered = {work.thread_id: work.known for work in batch}
    for row in rows:
        known = remembered[row["thread_id"]]
        if row["merged_into"] is not None and known is None:
            loaded.merged[row["thread_id"]] = row["merged_into"]
        else:
            _take(row, known, loaded)
    return loaded


def _wanted(work: Work) -> dict[str, Any]:
    sends = (outbox_of(command) for command in work.commands)
    return {
        "thread_id": work.thread_id,
        "wanted": work.rows + 1,  # one row more tells whether any remain
        "remembered": work.known is not None,
        "live": work.known is not None and work.known.conversation is not None,
        "externals": [each for command in work.commands for each in externals_of(command)],
        "sends": [outbox for outbox in sends if outbox is not None],
    }


def _take(row: Any, remembered: Thread | None, loaded: Loaded) -> None:
    thread = remembered or _thread(row)
    loaded.threads[thread.id] = thread
    if thread.tenant_id not in loaded.tenants:
        loaded.tenants[thread.tenant_id] = _tenant(row)
    for name, generation, unsent in row["due"] or ():
        loaded.timers[thread.id].append(cmd.FireTimer(name, generation, unsent))
    for row_id, failures, command in row["pending"] or ():
        if thread.id not in loaded.unread:
            _read(thread.id, row_id, failures, command, loaded)
    _know(thread, row, loaded)
    if row["phone_lately"]:
        loaded.phone_lately.add(thread.id)
    if row["automatic"]:
        loaded.automatic[thread.id] = frozenset(row["automatic"])
    if row["number"] is not None:
        loaded.numbers[thread.id] = row["number"]
    if row["over"] is not None:
        schema_version, state = row["over"]
        loaded.over[thread.id] = state_from_json(state, schema_version)


def _tenant(row: Any) -> Tenant:
    policy = _policy(row["status"], row["policy"])
    local = row["now"].astimezone(ZoneInfo(row["timezone"]))
    return Tenant(policy, row["timezone"], presence(policy, local))


@lru_cache(maxsize=4096)
def _policy(status: str, stored: str) -> Policy:
    return policy_of(status, json.loads(stored))


def _thread(row: Any) -> Thread:
    conversation = None
    if row["conversation_id"] is not None:
        conversation = state_from_json(row["state"], row["schema_version"])
    thread_id = ThreadId(row["thread_id"])
    return Thread(thread_id, row["tenant_id"], row["channel_id"], conversation)


def _read(thread: UUID, row_id: int, failures: int, command: object, loaded: Loaded) -> None:
    before = loaded.rows[thread]
    try:
        before.append(Row(row_id, command_from_json(command), failures))
    except Unreadable:
        if not before:
            raise
        loaded.unread.add(thread)


def _know(thread: Thread, row: Any, loaded: Loaded) -> None:
    for external, *message, unmatched in row["news"] or ():
        if message[0] is not None:
            loaded.messages[thread.id][external] = _message(thread, *message)
        if unmatched:
            loaded.unmatched[thread.id][external] = tuple(Unmatched(*news) for news in unmatched)
    for outbox, status, conversation, message_id, attempts, *said, change, value in (
        row["sends"] or ()
    ):
        live = thread.conversation is not None and str(thread.conversation.id) == conversation
        send = KnownSend(
            _message(thread, message_id, *said), status, live, attempts,
            Change(change) if change else None, value or "",
        )  # fmt: skip
        loaded.sends[thread.id][OutboxId(UUID(outbox))] = send


def _message(
    thread: Thread, message_id: str, author: str, status: str | None, conversation: str | None,
    sent_at: str, edited_at: str | None, deleted: bool,
) -> KnownMessage:  # fmt: skip
    live = thread.conversation
    return KnownMessage(
        MessageId(UUID(message_id)),
        Author(author),
        DeliveryStatus(status) if status else None,
        live is not None and conversation == str(live.id),
        datetime.fromisoformat(sent_at),
        datetime.fromisoformat(edited_at) if edited_at else None,
        deleted,
    )


def externals_of(command: cmd.DurableCommand | MemoryCommand) -> tuple[str, ...]:
    """Gateway ids of the messages that a command speaks of; the query finds those of rows."""
    match command:
        case (
            cmd.ReceiveReaction(target=target)
            | cmd.ReceiveEdit(target=target)
            | cmd.EditReply(target=target)
            | cmd.DeleteReply(target=target)
            | cmd.ReactToMessage(target=target)
        ):
            return (target,)
        case cmd.ReceiveDeletion(targets=targets) | cmd.ReceiveReceipt(targets=targets):
            return targets
        case (
            cmd.ReceiveMessage(external_id=external)
            | cmd.ReceivePhoneMessage(external_id=external)
            | cmd.ReceiveEcho(external_id=external)
            | cmd.ReceiveNotice(external_id=external)
        ):
            return (external,)
        case cmd.SettleSend(external_id=str(external)):
            return (external,)
        case _:
            return ()


def outbox_of(command: cmd.DurableCommand | MemoryCommand) -> UUID | None:
    """The outbox row that a command speaks of."""
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
