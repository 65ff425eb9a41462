"""Which contact and which thread: by the gateway's own ids, never by likeness."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.domain.incoming import Identity, Incoming

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
    for arrival in arrivals:
        contact = next((known[key] for key in keys_of(arrival) if key in known), None)
        if contact is None:
            contact = await _create_contact(
                connection, arrival.tenant_id, arrival.incoming.identity
            )
        for key in keys_of(arrival):
            if key not in known:
                await connection.execute(_SQL["add_identity"], *key, contact)
                known[key] = contact


async def _create_contact(connection: Connection, tenant_id: UUID, identity: Identity) -> UUID:
    contact: UUID = await connection.fetchval(_SQL["create_contact"], tenant_id, identity.name)
    return contact


def _choose(arrival: Arrival, known: dict[Key, UUID], resolved: Resolved) -> UUID | None:
    contacts = [known[key] for key in keys_of(arrival) if key in known]
    if not contacts:
        return None
    stays = contacts[0]
    resolved.joins.extend((arrival, stays, other) for other in contacts[1:] if other != stays)
    return stays


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    return [[row[i] for row in rows] for i in range(width)]
