"""The inbox store (statement 1): stores a webhook once under its thread, before it is answered
with 200.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import structlog

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.domain_json_codec import command_to_json
from niochat.adapters.postgres.queries import queries
from niochat.domain.conversation.commands import DurableCommand, MergeThread
from niochat.domain.errors import InvalidInputError, OperationRefusedError, UnavailableError
from niochat.inbox.contact_resolution import (
    ChannelArrival,
    find_known_threads,
    find_or_create_threads,
    find_threads_of_sends,
    parse_echo_track_id,
    resolve_contacts,
)
from niochat.ports.gateway_events import InboundEvent
from niochat.runtime.batcher import Batcher

_SQL = queries("inbox")
_log = structlog.get_logger(__name__)

_Row = tuple[UUID, UUID, UUID, str, object, object]
"""Tenant, channel, thread, dedupe key, command and raw body."""


@dataclass(frozen=True, slots=True)
class StoredCommand:
    """A command in the inbox. ``outcome`` is ``done`` or ``refused:…``; ``None`` while the command
    is pending.
    """

    inbox_id: int
    outcome: str | None


@dataclass(frozen=True, slots=True)
class AcceptResult:
    """The result of a committed arrival. ``thread_id`` is ``None`` if nothing was stored, because
    the update was of an unknown account. ``new`` is false for a repeated arrival.
    """

    thread_id: UUID | None
    new: bool


class InboxStore:
    """Stores inbound events of all channels, many of them in one transaction, and commands."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bodies_purged_to = datetime.min.replace(tzinfo=UTC)
        self._grouper: Batcher[ChannelArrival, AcceptResult] = Batcher(
            self._accept_group,
            retry_individually_if=lambda error: not isinstance(error, UnavailableError),
        )

    async def accept(
        self, tenant_id: UUID, channel_id: UUID, incoming: InboundEvent
    ) -> AcceptResult:
        """Stores ``incoming`` unless it is stored already; returns after the commit.

        Raises ``UnavailableError`` if the database does not answer, ``InvalidInputError`` if it
        cannot store the event.
        """
        return await self._grouper.submit(ChannelArrival(tenant_id, channel_id, incoming))

    async def accept_in_order(
        self, tenant_id: UUID, channel_id: UUID, incoming: Sequence[InboundEvent]
    ) -> list[AcceptResult]:
        """Stores all events in the given order, which ``accept`` does not guarantee.

        An event that the database cannot store is logged and left out. Raises
        ``UnavailableError``.
        """
        arrivals = [ChannelArrival(tenant_id, channel_id, each) for each in incoming]
        try:
            return await self._accept_group(arrivals)
        except InvalidInputError:
            if len(arrivals) == 1:
                _log.error("inbound_event_rejected", channel=str(channel_id))
                return []
        return [
            accepted
            for each in incoming
            for accepted in await self.accept_in_order(tenant_id, channel_id, [each])
        ]

    async def store_command(
        self, tenant_id: UUID, thread_id: UUID, channel_id: UUID, key: str, command: DurableCommand
    ) -> bool:
        """Stores an agent's command under its idempotency key; returns whether it was new.

        Raises ``OperationRefusedError`` (``key_reused``) if another command is stored under the
        key.
        """
        body = command_to_json(command)
        row: _Row = (tenant_id, channel_id, thread_id, key, body, None)
        async with self._database.system_transaction() as connection:
            new = bool(await _append(connection, [row]))
            stored = (
                body
                if new
                else await connection.fetchval(_SQL["command"], tenant_id, channel_id, key)
            )
        if stored not in (body, None):
            raise OperationRefusedError(
                "The Idempotency-Key was already used for another command. Use a new key.",
                code="key_reused",
            )
        return new

    async def load_command(
        self, tenant_id: UUID, channel_id: UUID, key: str
    ) -> StoredCommand | None:
        """Returns the command that is stored under the key, or ``None``."""
        async with self._database.as_system() as connection:
            row = await connection.fetchrow(_SQL["outcome"], tenant_id, channel_id, key)
        if row is None:
            return None
        return StoredCommand(row["id"], row["outcome"] if row["processed_at"] is not None else None)

    async def record_connection_status(self, channel_id: UUID, status: str, reason: str) -> None:
        """Stores the status of a channel's WhatsApp session; the last one wins."""
        async with self._database.as_system() as connection:
            await connection.execute(_SQL["connection_changed"], channel_id, status, reason)

    async def purge_old_rows(self, limit: int = 2000) -> bool:
        """Removes the raw bodies of rows after days and processed rows after weeks, at most
        ``limit`` of each. Returns whether more may be left.

        Bodies are looked for behind those that this process removed last: else each call would
        read weeks of rows without one. The rare row that was processed days late loses its body
        with the row, or when the process starts again.
        """
        async with self._database.as_system() as connection:
            (bodies,) = await connection.fetch(_SQL["purge_raw"], limit, self._bodies_purged_to)
            rows = await connection.fetchval(_SQL["purge_rows"], limit)
        self._bodies_purged_to = bodies["last_at"] or self._bodies_purged_to
        return limit in (bodies["bodies"], rows)

    async def _accept_group(self, arrivals: Sequence[ChannelArrival]) -> list[AcceptResult]:
        async with self._database.as_system() as connection:
            threads = await find_known_threads(connection, arrivals)
            if threads is not None:  # nearly always, because most customers have written before
                return await _accept_known(connection, arrivals, threads)
            async with self._database.transaction(connection):
                return await accept_arrivals(connection, arrivals)


async def _accept_known(
    connection: Connection, arrivals: Sequence[ChannelArrival], threads: Sequence[UUID]
) -> list[AcceptResult]:
    """Appends the rows in one statement, which is its own transaction. If a thread is merged
    meanwhile, its step forwards the rows.
    """
    rows = [_row(arrival, thread) for arrival, thread in zip(arrivals, threads, strict=True)]
    return _accepted(arrivals, threads, await _append(connection, rows))


async def accept_arrivals(
    connection: Connection, arrivals: Sequence[ChannelArrival]
) -> list[AcceptResult]:
    """Executes statement 1 on an open transaction: resolves contacts and threads, appends rows."""
    sends = await find_threads_of_sends(connection, arrivals)
    resolution = await resolve_contacts(connection, arrivals)
    keys = [
        (arrival.tenant_id, arrival.channel_id, contact)
        for arrival, contact in zip(arrivals, resolution.contacts, strict=True)
        if contact is not None
    ]
    merged_keys = [(a.tenant_id, a.channel_id, other) for a, _, other in resolution.merges]
    threads = await find_or_create_threads(connection, list(dict.fromkeys(keys + merged_keys)))
    rows: list[_Row] = []
    arrival_threads: list[UUID | None] = []
    for arrival, contact in zip(arrivals, resolution.contacts, strict=True):
        thread = threads[arrival.tenant_id, arrival.channel_id, contact] if contact else None
        sent = parse_echo_track_id(arrival)
        if sent is not None:
            thread = sends.get((arrival.tenant_id, sent), thread)
        arrival_threads.append(thread)
        if thread is not None:
            rows.append(_row(arrival, thread))
    for arrival, stays, other in resolution.merges:
        remaining = threads[arrival.tenant_id, arrival.channel_id, stays]
        merged = threads[arrival.tenant_id, arrival.channel_id, other]
        rows.insert(0, _merge_row(arrival, remaining, merged))
    return _accepted(arrivals, arrival_threads, await _append(connection, rows))


def _accepted(
    arrivals: Sequence[ChannelArrival], threads: Sequence[UUID | None], new: set[tuple[UUID, str]]
) -> list[AcceptResult]:
    results: list[AcceptResult] = []
    for arrival, thread in zip(arrivals, threads, strict=True):
        key = (arrival.channel_id, arrival.incoming.dedupe_key)
        results.append(AcceptResult(thread, key in new))
        new.discard(key)  # of equal arrivals in one group, the first was stored
    return results


def _row(arrival: ChannelArrival, thread: UUID) -> _Row:
    incoming = arrival.incoming
    return (
        arrival.tenant_id,
        arrival.channel_id,
        thread,
        incoming.dedupe_key,
        command_to_json(incoming.command),
        incoming.raw,
    )


def _merge_row(arrival: ChannelArrival, remaining: UUID, merged: UUID) -> _Row:
    command, key = command_to_json(MergeThread(other=str(merged))), f"link:{remaining}:{merged}"
    return (arrival.tenant_id, arrival.channel_id, remaining, key, command, None)


async def _append(connection: Connection, rows: Sequence[_Row]) -> set[tuple[UUID, str]]:
    if not rows:
        return set()
    columns: list[list[object]] = [[row[i] for row in rows] for i in range(6)]
    appended = await connection.fetch(_SQL["append"], *columns)
    return {(row["channel_id"], row["dedupe_key"]) for row in appended}
