"""Resolves the contact and thread of inbound events by the gateway's own ids, never by similarity
of names.
"""

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
"""Age at which ``seen_at`` of an address is updated. Updating it with every message would cost a
write each.
"""

TenantAddressKey = tuple[UUID, str, str]
"""Tenant, ``lid`` or ``phone``, and the value."""


@dataclass(frozen=True, slots=True)
class ChannelArrival:
    """An inbound event with the channel on which it arrived."""

    tenant_id: UUID
    channel_id: UUID
    incoming: InboundEvent


@dataclass(slots=True)
class ContactResolution:
    """The contact of each arrival, and the contacts that turned out to be one person."""

    contacts: list[UUID | None]
    merges: list[tuple[ChannelArrival, UUID, UUID]] = field(default_factory=list)
    """The arrival, the remaining contact, and the contact to merge into it."""


async def find_known_threads(
    connection: Connection, arrivals: Sequence[ChannelArrival]
) -> list[UUID] | None:
    """Returns the thread of each arrival if no arrival changes an address, else ``None``.

    An arrival changes nothing if all its addresses belong to one contact that has a thread on the
    channel, and answers already go to these addresses.
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
    last = rows[-1]  # the phone number, if one is shown
    if (
        len(threads) != 1
        or None in threads
        or (last["kind"] == PHONE and not _owned_at(shown, last))
    ):
        return None
    if shown.wrote and not (
        last["answers"]
        and shown.at - last["seen_at"] < _RENEW_AFTER
        and (last["kind"] != PHONE or last["address"] in (None, shown.phone_address))
    ):
        return None
    return threads.pop()


def _owned_at(shown: ObservedAddresses, row: Any) -> bool:
    """Whether the contact had the phone number at the time of the message, as far as needed."""
    return shown.lid is not None or bool(row["left_at"] is None and shown.at >= row["since"])


async def resolve_contacts(
    connection: Connection, arrivals: Sequence[ChannelArrival]
) -> ContactResolution:
    """Finds or creates the contact of each arrival; ``None`` for an update of an unknown account.

    It also stores changed addresses. Locks serialise the webhooks of one person.
    """
    now = datetime.now(UTC)
    shown = [observed_addresses_for(arrival, now) for arrival in arrivals]
    keys = sorted(
        {(a.tenant_id, *key) for a, s in zip(arrivals, shown, strict=True) for key in s.keys}
    )
    ids = iter([row["id"] for row in await connection.fetch(_SQL["contact_ids"], len(arrivals))])
    resolvers = await _read(connection, keys, ids)
    resolution = ContactResolution([])
    created: list[tuple[object, ...]] = []
    known = {row.contact for each in resolvers.values() for row in each.addresses.values()}
    for arrival, addresses in zip(arrivals, shown, strict=True):
        resolver = resolvers[arrival.tenant_id]
        earlier_merges = len(resolver.merged_contacts)
        contact = (
            resolver.resolve_contact(addresses)
            if arrival.incoming.creates_contact
            else resolver.find_contact(addresses)
        )
        resolution.contacts.append(contact)
        resolution.merges.extend(
            (arrival, *pair) for pair in resolver.merged_contacts[earlier_merges:]
        )
        if contact is not None and contact not in known:
            known.add(contact)
            created.append((arrival.tenant_id, contact, arrival.incoming.identity.name))
    if created:
        await connection.execute(_SQL["create_contacts"], *_columns(created, 3))
    await _write(connection, resolvers)
    return resolution


async def find_or_create_contact(
    connection: Connection, tenant_id: UUID, phone: str, name: str | None
) -> tuple[UUID, bool]:
    """Returns the contact of a phone number (digits with country code) and whether it was created.
    The number of a new contact is where messages to it go; it proves nothing until somebody writes
    from it.
    """
    number = canonical_phone(phone)
    shown = ObservedAddresses(None, number, datetime.now(UTC), wrote=False, phone_address=phone)
    ids = iter([row["id"] for row in await connection.fetch(_SQL["contact_ids"], 1)])
    resolvers = await _read(connection, [(tenant_id, PHONE, number)], ids)
    resolver = resolvers[tenant_id]
    known = {row.contact for row in resolver.addresses.values()}
    contact = resolver.resolve_contact(shown)
    created = contact not in known
    if created:
        await connection.execute(_SQL["create_contacts"], [tenant_id], [contact], [name])
    await _write(connection, resolvers)
    return contact, created


def observed_addresses_for(arrival: ChannelArrival, now: datetime) -> ObservedAddresses:
    """Returns the addresses that an arrival shows, with its own time but not later than ``now``."""
    identity, command = arrival.incoming.identity, arrival.incoming.command
    at = min(getattr(command, "sent_at", now), now)
    phone = canonical_phone(identity.phone) if identity.phone else None
    return ObservedAddresses(
        identity.lid, phone, at, isinstance(command, ReceiveMessage), identity.phone or ""
    )


def parse_echo_track_id(arrival: ChannelArrival) -> UUID | None:
    """Returns the outbox id in an echo's track id, or ``None``. Such an echo belongs to the thread
    of that send, even if the address has another contact by now.
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
    """Returns the threads of the sends that echoes among the arrivals refer to, by tenant and
    outbox id.
    """
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
    resolvers: dict[UUID, IdentityResolver] = defaultdict(
        lambda: IdentityResolver(lambda: next(ids))
    )
    for row in await connection.fetch(_SQL["find_identities"], *columns):
        address = ContactAddress(
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
        resolvers[row["tenant_id"]].addresses[address.key] = address
    for row in await connection.fetch(_SQL["find_former"], *columns):
        resolvers[row["tenant_id"]].former_addresses.append(
            FormerAddress(row["kind"], row["value"], row["contact_id"], row["until"])
        )
    return resolvers


async def _write(connection: Connection, resolvers: dict[UUID, IdentityResolver]) -> None:
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
        for tenant, resolver in resolvers.items()
        for row in (resolver.addresses[key] for key in sorted(resolver.changed))
    ]
    former = [
        (tenant, each.kind, each.value, each.contact, each.until)
        for tenant, resolver in resolvers.items()
        for each in resolver.released_addresses
    ]
    if rows:
        changed = [row[:3] for row in rows]
        await connection.execute(_SQL["retire_identities"], *_columns(changed, 3))
        await connection.execute(_SQL["put_identities"], *_columns(rows, 10))
    if former:
        await connection.execute(_SQL["keep_former"], *_columns(former, 5))
    for tenant, resolver in resolvers.items():
        for stays, other in resolver.merged_contacts:
            await connection.execute(_SQL["merge_contacts"], tenant, stays, other)


async def find_or_create_threads(
    connection: Connection, keys: Sequence[tuple[UUID, UUID, UUID]]
) -> dict[tuple[UUID, UUID, UUID], UUID]:
    """Returns the threads by tenant, channel and contact; missing ones are created."""
    threads = await _threads(connection, keys)
    missing = [key for key in keys if key not in threads]
    if missing:
        await connection.execute(_SQL["create_threads"], *_columns(missing, 3))
        threads.update(await _threads(connection, missing))
    return threads


async def _threads(
    connection: Connection, keys: Sequence[tuple[UUID, UUID, UUID]]
) -> dict[tuple[UUID, UUID, UUID], UUID]:
    rows = await connection.fetch(_SQL["find_threads"], *_columns(keys, 3))
    return {(r["tenant_id"], r["channel_id"], r["contact_id"]): r["id"] for r in rows}


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    return [[row[i] for row in rows] for i in range(width)]
