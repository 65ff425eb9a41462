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
from niochat.domain.draft import KnownMessage, KnownSend, Unmatched
from niochat.domain.errors import Unreadable
from niochat.domain.ids import MessageId, OutboxId, ThreadId
from niochat.domain.message import Author, DeliveryStatus
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
    numbers: list[int] = field(default_factory=list)
    unread: set[UUID] = field(default_factory=set)
    """Threads where a later row cannot be read by this code; those before it can."""


async def load(connection: Connection, batch: Sequence[Work]) -> Loaded:
    """Read what ``batch`` needs; threads that were joined to others are in ``merged`` only."""
    # One row more than wanted tells whether any remain.
    wanted = [(work.thread_id, work.rows + 1, work.known is not None) for work in batch]
    rows = await connection.fetch(_SQL["load_threads"], *_columns(wanted))
    loaded = Loaded(now=rows[0]["now"] if rows else _NEVER)
    remembered = {work.thread_id: work.known for work in batch}
    for row in rows:
        known = remembered[row["thread_id"]]
        if row["merged_into"] is not None and known is None:
            loaded.merged[row["thread_id"]] = row["merged_into"]
        else:
            _take(row, known, loaded)
    await _news(connection, batch, loaded)
    await _numbers(connection, loaded)
    return loaded


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


async def _news(connection: Connection, batch: Sequence[Work], loaded: Loaded) -> None:
    about: list[tuple[UUID, str]] = []
    sends: list[tuple[UUID, UUID]] = []
    for work in batch:
        for command in (*work.commands, *(row.command for row in loaded.rows[work.thread_id])):
            about.extend((work.thread_id, external) for external in externals_of(command))
            outbox = outbox_of(command)
            if outbox is not None:
                sends.append((work.thread_id, outbox))
    if about:
        for row in await connection.fetch(_SQL["load_news"], *_columns(about)):
            _know(row, loaded)
    if sends:
        await _sends(connection, sends, loaded)


def _know(row: Any, loaded: Loaded) -> None:
    thread, external = row["thread_id"], row["external_id"]
    if row["id"] is not None:
        loaded.messages[thread][external] = _message(row, row["id"], loaded)
    if row["unmatched"]:
        loaded.unmatched[thread][external] = tuple(Unmatched(*news) for news in row["unmatched"])


async def _sends(
    connection: Connection, sends: Sequence[tuple[UUID, UUID]], loaded: Loaded
) -> None:
    for row in await connection.fetch(_SQL["load_sends"], *_columns(sends)):
        message = _message(row, row["message_id"], loaded)
        conversation = loaded.threads[row["thread_id"]].conversation
        live = conversation is not None and conversation.id == row["send_conversation"]
        send = KnownSend(message, row["send_status"], live, row["attempts"])
        loaded.sends[row["thread_id"]][OutboxId(row["id"])] = send


async def _numbers(connection: Connection, loaded: Loaded) -> None:
    """A protocol number for each thread that may open a conversation."""
    openers = sum(opens(loaded, thread) for thread in loaded.threads.values())
    if openers:
        rows = await connection.fetch(_SQL["protocol_numbers"], openers)
        loaded.numbers = [row["nextval"] for row in rows]


def opens(loaded: Loaded, thread: Thread) -> bool:
    """Whether a customer's message may open a conversation in this step."""
    if thread.conversation is not None:
        return False
    return any(isinstance(row.command, cmd.ReceiveMessage) for row in loaded.rows[thread.id])


def _message(row: Any, message_id: UUID, loaded: Loaded) -> KnownMessage:
    live = loaded.threads[row["thread_id"]].conversation
    return KnownMessage(
        MessageId(message_id),
        Author(row["author"]),
        DeliveryStatus(row["status"]) if row["status"] else None,
        live is not None and row["conversation_id"] == live.id,
    )


def externals_of(command: cmd.DurableCommand | MemoryCommand) -> tuple[str, ...]:
    """Gateway ids of the messages that a command speaks of."""
    match command:
        case cmd.ReceiveReaction(target=target) | cmd.ReceiveEdit(target=target):
            return (target,)
        case cmd.ReceiveDeletion(targets=targets) | cmd.ReceiveReceipt(targets=targets):
            return targets
        case (
            cmd.ReceiveMessage(external_id=external)
            | cmd.ReceivePhoneMessage(external_id=external)
            | cmd.ReceiveEcho(external_id=external)
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


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
