"""Which contact and which thread: by the gateway's own ids, never by likeness."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.domain.incoming import Incoming

_SQL = queries("inbox")

Key = tuple[UUID, str, str]
"""(tenant, ``lid`` or ``phone``, value)."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that came in on a channel."""

    tenant_id: UUID
    channel_id: UUID
    incoming: Incoming


@dataclass(slots=True)
class Resolved:
    """Contacts of arrivals. ``joins`` are contacts that turned out to be one person."""

    contacts: list[UUID | None]
    joins: list[tuple[Arrival, UUID, UUID]] = field(default_factory=list)
    """(arrival, contact that stays, contact that is joined to it)."""


async def known_threads(connection: Connection, arrivals: Sequence[Arrival]) -> list[UUID] | None:
    """The thread of each arrival, if all their identities are known to be one contact's, and
    that contact has a thread on the channel. ``None``: somebody is new, or two are one.
    """
    keys = [(a.tenant_id, a.channel_id, *key[1:]) for a in arrivals for key in keys_of(a)]
    rows = await connection.fetch(_SQL["find_known"], *_columns(keys, 4))
    found = {(r["tenant_id"], r["channel_id"], r["kind"], r["value"]): r["thread_id"] for r in rows}
    threads: list[UUID] = []
    for arrival in arrivals:
        where = (arrival.tenant_id, arrival.channel_id)
        ours = {found.get((*where, kind, value)) for _, kind, value in keys_of(arrival)}
        thread = ours.pop() if len(ours) == 1 else None
        if thread is None:
            return None
        threads.append(thread)
    return threads


async def resolve_contacts(connection: Connection, arrivals: Sequence[Arrival]) -> Resolved:
    """Find or create the contact of each arrival; ``None`` for news of a stranger."""
    known = await _find(connection, [key for a in arrivals for key in keys_of(a)])
    fresh = [a for a in arrivals if a.incoming.creates and not all(k in known for k in keys_of(a))]
    if fresh:
        await _create(connection, fresh, known)
    resolved = Resolved([])
    for arrival in arrivals:
        resolved.contacts.append(_choose(arrival, known, resolved))
    return resolved


def keys_of(arrival: Arrival) -> list[Key]:
    """The arrival's identities, the stable one first."""
    identity = arrival.incoming.identity
    pairs = (("lid", identity.lid), ("phone", identity.phone))
    return [(arrival.tenant_id, kind, value) for kind, value in pairs if value]


async def find_threads(
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


async def _find(connection: Connection, keys: Sequence[Key]) -> dict[Key, UUID]:
    rows = await connection.fetch(_SQL["find_identities"], *_columns(keys, 3))
    return {(r["tenant_id"], r["kind"], r["value"]): r["contact_id"] for r in rows}


async def _create(
    connection: Connection, arrivals: Sequence[Arrival], known: dict[Key, UUID]
) -> None:
    keys = sorted({key for arrival in arrivals for key in keys_of(arrival)})
    locks = [f"{tenant}:{kind}:{value}" for tenant, kind, value in keys]
    await connection.execute(_SQL["lock_identities"], locks)
    known.update(await _find(connection, keys))  # somebody may have been first
    ids = [row["id"] for row in await connection.fetch(_SQL["contact_ids"], len(arrivals))]
    contacts: list[tuple[object, ...]] = []
    identities: list[tuple[object, ...]] = []
    for arrival in arrivals:
        contact = next((known[key] for key in keys_of(arrival) if key in known), None)
        if contact is None:
            contact = ids.pop()
            contacts.append((arrival.tenant_id, contact, arrival.incoming.identity.name))
        for key in keys_of(arrival):
            if key not in known:
                identities.append((*key, contact))
                known[key] = contact
    if contacts:
        await connection.execute(_SQL["create_contacts"], *_columns(contacts, 3))
    if identities:
        await connection.execute(_SQL["add_identities"], *_columns(identities, 4))


def _choose(arrival: Arrival, known: dict[Key, UUID], resolved: Resolved) -> UUID | None:
    contacts = [known[key] for key in keys_of(arrival) if key in known]
    if not contacts:
        return None
    stays = contacts[0]
    resolved.joins.extend((arrival, stays, other) for other in contacts[1:] if other != stays)
    return stays


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    return [[row[i] for row in rows] for i in range(width)]
