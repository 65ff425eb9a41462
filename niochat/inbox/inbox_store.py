"""Statement 1: a webhook is stored once under its thread; only then may it be answered 200."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.json_codec import command_to_json
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
"""tenant, channel, thread, dedupe key, command, raw."""


@dataclass(frozen=True, slots=True)
class AcceptResult:
    """The row is committed. ``thread_id`` is ``None`` when the news was of a stranger."""

    thread_id: UUID | None
    new: bool


class InboxStore:
    """Accepts arrivals of all channels, many at a time in one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._grouper: Batcher[ChannelArrival, AcceptResult] = Batcher(
            self._accept_group,
            retry_individually_if=lambda error: not isinstance(error, UnavailableError),
        )

    async def accept(
        self, tenant_id: UUID, channel_id: UUID, incoming: InboundEvent
    ) -> AcceptResult:
        """Store ``incoming`` unless it is there already; returns after the commit.

        Raises ``UnavailableError`` when the database is away, ``InvalidInputError`` for what it
        cannot hold.
        """
        return await self._grouper.submit(ChannelArrival(tenant_id, channel_id, incoming))

    async def accept_in_order(
        self, tenant_id: UUID, channel_id: UUID, incoming: Sequence[InboundEvent]
    ) -> list[AcceptResult]:
        """Store all in the given order, which grouping with others could not promise.

        What the database cannot hold is left out alone. Raises ``UnavailableError``.
        """
        arrivals = [ChannelArrival(tenant_id, channel_id, each) for each in incoming]
        try:
            return await self._accept_group(arrivals)
        except InvalidInputError:
            if len(arrivals) == 1:
                _log.error("arrival_left_out", channel=str(channel_id))
                return []
        return [
            accepted
            for each in incoming
            for accepted in await self.accept_in_order(tenant_id, channel_id, [each])
        ]

    async def store_command(
        self, tenant_id: UUID, thread_id: UUID, channel_id: UUID, key: str, command: DurableCommand
    ) -> bool:
        """Store a person's command under its idempotency key; whether it was new. Raises
        ``Refused`` (``key_reused``) when something else was asked under the key.
        """
        wanted = command_to_json(command)
        row: _Row = (tenant_id, channel_id, thread_id, key, wanted, None)
        async with self._database.system_transaction() as connection:
            new = bool(await _append(connection, [row]))
            stored = (
                wanted
                if new
                else await connection.fetchval(_SQL["command"], tenant_id, channel_id, key)
            )
        if stored not in (wanted, None):
            raise OperationRefusedError(
                "The Idempotency-Key was already used for another command. Use a new key.",
                code="key_reused",
            )
        return new

    async def load_outcome(self, tenant_id: UUID, channel_id: UUID, key: str) -> str | None:
        """What became of the command of that key: ``done``, ``refused:…``; ``None``: waits."""
        async with self._database.as_system() as connection:
            row = await connection.fetchrow(_SQL["outcome"], tenant_id, channel_id, key)
        return row["outcome"] if row is not None and row["processed_at"] is not None else None

    async def suspend(self, tenant_id: UUID, config_version: int) -> None:
        """Tell every conversation that the assistant holds that the tenant was suspended."""
        async with self._database.system_transaction() as connection:
            await connection.execute(_SQL["suspend_pending"], tenant_id, config_version)

    async def record_connection_status(self, channel_id: UUID, status: str, reason: str) -> None:
        """The last word about a channel's session wins."""
        async with self._database.as_system() as connection:
            await connection.execute(_SQL["connection_changed"], channel_id, status, reason)

    async def purge_old_rows(self, limit: int = 5000) -> None:
        """Purge what is old: raw bodies after days, rows after weeks."""
        async with self._database.as_system() as connection:
            await connection.execute(_SQL["purge_raw"], limit)
            await connection.execute(_SQL["purge_rows"], limit)

    async def _accept_group(self, arrivals: Sequence[ChannelArrival]) -> list[AcceptResult]:
        async with self._database.as_system() as connection:
            threads = await find_known_threads(connection, arrivals)
            if threads is not None:  # nearly always: who writes has written before
                return await _accept_known(connection, arrivals, threads)
            async with self._database.transaction(connection):
                return await accept_arrivals(connection, arrivals)


async def _accept_known(
    connection: Connection, arrivals: Sequence[ChannelArrival], threads: Sequence[UUID]
) -> list[AcceptResult]:
    """One statement, so its own transaction. A thread that is joined to another one meanwhile
    forwards its rows.
    """
    rows = [_row(arrival, thread) for arrival, thread in zip(arrivals, threads, strict=True)]
    return _accepted(arrivals, threads, await _append(connection, rows))


async def accept_arrivals(
    connection: Connection, arrivals: Sequence[ChannelArrival]
) -> list[AcceptResult]:
    """The whole of statement 1 on an open transaction."""
    sends = await find_threads_of_sends(connection, arrivals)
    resolved = await resolve_contacts(connection, arrivals)
    wanted = [
        (arrival.tenant_id, arrival.channel_id, contact)
        for arrival, contact in zip(arrivals, resolved.contacts, strict=True)
        if contact is not None
    ]
    joined = [(a.tenant_id, a.channel_id, other) for a, _, other in resolved.merges]
    threads = await find_or_create_threads(connection, list(dict.fromkeys(wanted + joined)))
    rows: list[_Row] = []
    found: list[UUID | None] = []
    for arrival, contact in zip(arrivals, resolved.contacts, strict=True):
        thread = threads[arrival.tenant_id, arrival.channel_id, contact] if contact else None
        sent = parse_echo_track_id(arrival)
        if sent is not None:
            thread = sends.get((arrival.tenant_id, sent), thread)
        found.append(thread)
        if thread is not None:
            rows.append(_row(arrival, thread))
    for arrival, stays, other in resolved.merges:
        stay = threads[arrival.tenant_id, arrival.channel_id, stays]
        join = threads[arrival.tenant_id, arrival.channel_id, other]
        rows.insert(0, _merge_row(arrival, stay, join))
    return _accepted(arrivals, found, await _append(connection, rows))


def _accepted(
    arrivals: Sequence[ChannelArrival], threads: Sequence[UUID | None], new: set[tuple[UUID, str]]
) -> list[AcceptResult]:
    told: list[AcceptResult] = []
    for arrival, thread in zip(arrivals, threads, strict=True):
        key = (arrival.channel_id, arrival.incoming.dedupe_key)
        told.append(AcceptResult(thread, key in new))
        new.discard(key)  # of several in one group, the first was stored
    return told


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


def _merge_row(arrival: ChannelArrival, stays: UUID, joins: UUID) -> _Row:
    command = command_to_json(MergeThread(other=str(joins)))
    return (arrival.tenant_id, arrival.channel_id, stays, f"link:{stays}:{joins}", command, None)


async def _append(connection: Connection, rows: Sequence[_Row]) -> set[tuple[UUID, str]]:
    if not rows:
        return set()
    columns: list[list[object]] = [[row[i] for row in rows] for i in range(6)]
    appended = await connection.fetch(_SQL["append"], *columns)
    return {(row["channel_id"], row["dedupe_key"]) for row in appended}
