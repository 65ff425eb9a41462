"""Which contact and which thread: by the gateway's own ids, never by likeness."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.domain.conversation.commands import ReceiveEcho, ReceiveMessage
from niochat.domain.identity_resolution import (
    PHONE,
    ContactAddress,
    FormerAddress,
    IdentityResolver,
    ObservedAddresses,
)
from niochat.domain.phone import canonical_phone
from niochat.ports.gateway_events import InboundEvent

_SQL = queries("inbox")
_RENEW_AFTER = timedelta(days=1)
"""How old the note of the last message may get before it is renewed: not with each message."""

TenantAddressKey = tuple[UUID, str, str]
"""(tenant, ``lid`` or ``phone``, value)."""


@dataclass(frozen=True, slots=True)
class ChannelArrival:
    """Something that came in on a channel."""

    tenant_id: UUID
    channel_id: UUID
    incoming: InboundEvent


@dataclass(slots=True)
class ContactResolution:
    """Contacts of arrivals. ``joins`` are contacts that turned out to be one person."""

    contacts: list[UUID | None]
    merges: list[tuple[ChannelArrival, UUID, UUID]] = field(default_factory=list)
    """(arrival, contact that stays, contact that is joined to it)."""


async def find_known_threads(
    connection: Connection, arrivals: Sequence[ChannelArrival]
) -> list[UUID] | None:
    """The thread of each arrival, if it changes nothing in who has which address: all that it shows
    is one contact's, with a thread on the channel, and answers go there already. ``None``: else.
    """
    now = datetime.now(UTC)
    shown = [observed_addresses_for(arrival, now) for arrival in arrivals]
    keys = [
        (arrival.tenant_id, arrival.channel_id, kind, value, parse_echo_track_id(arrival))
        for arrival, each in zip(arrivals, shown, strict=True)
        for kind, value in each.keys
    ]
    rows = iter(await connection.fetch(_SQL["find_known"], *_columns(keys, 5)))
    threads: list[UUID] = []
    for each in shown:
        thread = _known_thread(each, [next(rows) for _ in each.keys])
        if thread is None:
            return None
        threads.append(thread)
    return threads


def _known_thread(shown: ObservedAddresses, rows: Sequence[Any]) -> UUID | None:
    if any(row["sent_in"] for row in rows):
        sent_in: UUID = next(row["sent_in"] for row in rows if row["sent_in"])
        return sent_in
    threads: set[UUID | None] = {row["thread_id"] for row in rows}
    last = rows[-1]  # the telephone, where one is shown
    if (
        len(threads) != 1
        or None in threads
        or (last["kind"] == PHONE and not _still_there(shown, last))
    ):
        return None
    if shown.wrote and not (
        last["answers"]
        and shown.at - last["seen_at"] < _RENEW_AFTER
        and (last["kind"] != PHONE or last["address"] in (None, shown.phone_address))
    ):
        return None
    return threads.pop()


def _still_there(shown: ObservedAddresses, row: Any) -> bool:
    return shown.lid is not None or bool(row["left_at"] is None and shown.at >= row["since"])


async def resolve_contacts(
    connection: Connection, arrivals: Sequence[ChannelArrival]
) -> ContactResolution:
    """Find or create the contact of each arrival; ``None`` for news of a stranger.

    Who writes from which address changes here, for one webhook of a person at a time.
    """
    now = datetime.now(UTC)
    shown = [observed_addresses_for(arrival, now) for arrival in arrivals]
    keys = sorted(
        {(a.tenant_id, *key) for a, s in zip(arrivals, shown, strict=True) for key in s.keys}
    )
    ids = iter([row["id"] for row in await connection.fetch(_SQL["contact_ids"], len(arrivals))])
    books = await _read(connection, keys, ids)
    resolved = ContactResolution([])
    made: list[tuple[object, ...]] = []
    known = {row.contact for book in books.values() for row in book.addresses.values()}
    for arrival, each in zip(arrivals, shown, strict=True):
        book, joins = books[arrival.tenant_id], len(books[arrival.tenant_id].merged_contacts)
        contact = (
            book.resolve_contact(each)
            if arrival.incoming.creates_contact
            else book.find_contact(each)
        )
        resolved.contacts.append(contact)
        resolved.merges.extend((arrival, *pair) for pair in book.merged_contacts[joins:])
        if contact is not None and contact not in known:
            known.add(contact)
            made.append((arrival.tenant_id, contact, arrival.incoming.identity.name))
    if made:
        await connection.execute(_SQL["create_contacts"], *_columns(made, 3))
    await _write(connection, books)
    return resolved


def observed_addresses_for(arrival: ChannelArrival, now: datetime) -> ObservedAddresses:
    """The addresses that an arrival shows, at its own time; one that lies ahead is now."""
    identity, command = arrival.incoming.identity, arrival.incoming.command
    at = min(getattr(command, "sent_at", now), now)
    phone = canonical_phone(identity.phone) if identity.phone else None
    return ObservedAddresses(
        identity.lid, phone, at, isinstance(command, ReceiveMessage), identity.phone or ""
    )


def parse_echo_track_id(arrival: ChannelArrival) -> UUID | None:
    """The send of ours that an echo may be of: it belongs where that was sent, whoever has the
    address by now.
    """
    command = arrival.incoming.command
    if not isinstance(command, ReceiveEcho):
        return None
    try:
        return UUID(command.track_id)
    except ValueError:
        return None


async def find_threads_of_sends(
    connection: Connection, arrivals: Sequence[ChannelArrival]
) -> dict[tuple[UUID, UUID], UUID]:
    """Threads of (tenant, send of ours) that echoes among the arrivals name."""
    sends = [
        (a.tenant_id, track) for a in arrivals if (track := parse_echo_track_id(a)) is not None
    ]
    if not sends:
        return {}
    rows = await connection.fetch(_SQL["find_sends"], *_columns(sends, 2))
    return {(row["tenant_id"], row["id"]): row["thread_id"] for row in rows}


async def _read(
    connection: Connection, keys: Sequence[TenantAddressKey], ids: Iterator[UUID]
) -> dict[UUID, IdentityResolver]:
    columns = _columns(keys, 3)
    locks = [f"{tenant}:{kind}:{value}" for tenant, kind, value in keys]
    await connection.execute(_SQL["lock_identities"], locks)
    await connection.execute(_SQL["lock_contacts"], *columns)
    books: dict[UUID, IdentityResolver] = defaultdict(lambda: IdentityResolver(lambda: next(ids)))
    for row in await connection.fetch(_SQL["find_identities"], *columns):
        held = ContactAddress(
            row["kind"],
            row["value"],
            row["contact_id"],
            row["address"],
            row["seen_at"],
            row["since"],
            row["wrote"],
            row["left_at"],
            row["taken_over"],
        )
        books[row["tenant_id"]].addresses[held.key] = held
    for row in await connection.fetch(_SQL["find_former"], *columns):
        books[row["tenant_id"]].former_addresses.append(
            FormerAddress(row["kind"], row["value"], row["contact_id"], row["until"])
        )
    return books


async def _write(connection: Connection, books: dict[UUID, IdentityResolver]) -> None:
    rows = [
        (
            tenant,
            row.kind,
            row.value,
            row.contact,
            row.address,
            row.seen_at,
            row.since,
            row.wrote,
            row.left_at,
            row.taken_over,
        )
        for tenant, book in books.items()
        for row in (book.addresses[key] for key in sorted(book.changed))
    ]
    former = [
        (tenant, each.kind, each.value, each.contact, each.until)
        for tenant, book in books.items()
        for each in book.released_addresses
    ]
    if rows:
        changed = [row[:3] for row in rows]
        await connection.execute(_SQL["retire_identities"], *_columns(changed, 3))
        await connection.execute(_SQL["put_identities"], *_columns(rows, 10))
    if former:
        await connection.execute(_SQL["keep_former"], *_columns(former, 5))
    for tenant, book in books.items():
        for stays, other in book.merged_contacts:
            await connection.execute(_SQL["merge_contacts"], tenant, stays, other)


async def find_or_create_threads(
    connection: Connection, wanted: Sequence[tuple[UUID, UUID, UUID]]
) -> dict[tuple[UUID, UUID, UUID], UUID]:
    """Threads of (tenant, channel, contact), made where they are missing."""
    found = await _threads(connection, wanted)
    missing = [key for key in wanted if key not in found]
    if missing:
        await connection.execute(_SQL["create_threads"], *_columns(missing, 3))
        found.update(await _threads(connection, missing))
    return found


async def _threads(
    connection: Connection, wanted: Sequence[tuple[UUID, UUID, UUID]]
) -> dict[tuple[UUID, UUID, UUID], UUID]:
    rows = await connection.fetch(_SQL["find_threads"], *_columns(wanted, 3))
    return {(r["tenant_id"], r["channel_id"], r["contact_id"]): r["id"] for r in rows}


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    return [[row[i] for row in rows] for i in range(width)]
