"""Which contact and which thread: by the gateway's own ids, never by likeness."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.domain.commands import ReceiveEcho, ReceiveMessage
from niochat.domain.identity import PHONE, Former, Held, IdentityBook, Shown
from niochat.domain.incoming import Incoming
from niochat.domain.phone import canonical_phone

_SQL = queries("inbox")
_FRESH = timedelta(days=1)
"""How old the note of the last message may get before it is renewed: not with each message."""

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
    """The thread of each arrival, if it changes nothing in who has which address: all that it shows
    is one contact's, with a thread on the channel, and answers go there already. ``None``: else.
    """
    now = datetime.now(UTC)
    shown = [shown_by(arrival, now) for arrival in arrivals]
    keys = [
        (arrival.tenant_id, arrival.channel_id, kind, value, track_of(arrival))
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


def _known_thread(shown: Shown, rows: Sequence[Any]) -> UUID | None:
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
        and shown.at - last["seen_at"] < _FRESH
        and (last["kind"] != PHONE or last["address"] in (None, shown.phone_address))
    ):
        return None
    return threads.pop()


def _still_there(shown: Shown, row: Any) -> bool:
    return shown.lid is not None or bool(row["left_at"] is None and shown.at >= row["since"])


async def resolve_contacts(connection: Connection, arrivals: Sequence[Arrival]) -> Resolved:
    """Find or create the contact of each arrival; ``None`` for news of a stranger.

    Who writes from which address changes here, for one webhook of a person at a time.
    """
    now = datetime.now(UTC)
    shown = [shown_by(arrival, now) for arrival in arrivals]
    keys = sorted(
        {(a.tenant_id, *key) for a, s in zip(arrivals, shown, strict=True) for key in s.keys}
    )
    ids = iter([row["id"] for row in await connection.fetch(_SQL["contact_ids"], len(arrivals))])
    books = await _read(connection, keys, ids)
    resolved = Resolved([])
    made: list[tuple[object, ...]] = []
    known = {row.contact for book in books.values() for row in book.held.values()}
    for arrival, each in zip(arrivals, shown, strict=True):
        book, joins = books[arrival.tenant_id], len(books[arrival.tenant_id].joined)
        contact = book.resolve(each) if arrival.incoming.creates else book.find(each)
        resolved.contacts.append(contact)
        resolved.joins.extend((arrival, *pair) for pair in book.joined[joins:])
        if contact is not None and contact not in known:
            known.add(contact)
            made.append((arrival.tenant_id, contact, arrival.incoming.identity.name))
    if made:
        await connection.execute(_SQL["create_contacts"], *_columns(made, 3))
    await _write(connection, books)
    return resolved


def shown_by(arrival: Arrival, now: datetime) -> Shown:
    """The addresses that an arrival shows, at its own time; one that lies ahead is now."""
    identity, command = arrival.incoming.identity, arrival.incoming.command
    at = min(getattr(command, "sent_at", now), now)
    phone = canonical_phone(identity.phone) if identity.phone else None
    return Shown(identity.lid, phone, at, isinstance(command, ReceiveMessage), identity.phone or "")


def track_of(arrival: Arrival) -> UUID | None:
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


async def threads_of_sends(
    connection: Connection, arrivals: Sequence[Arrival]
) -> dict[tuple[UUID, UUID], UUID]:
    """Threads of (tenant, send of ours) that echoes among the arrivals name."""
    sends = [(a.tenant_id, track) for a in arrivals if (track := track_of(a)) is not None]
    if not sends:
        return {}
    rows = await connection.fetch(_SQL["find_sends"], *_columns(sends, 2))
    return {(row["tenant_id"], row["id"]): row["thread_id"] for row in rows}


async def _read(
    connection: Connection, keys: Sequence[Key], ids: Iterator[UUID]
) -> dict[UUID, IdentityBook]:
    columns = _columns(keys, 3)
    locks = [f"{tenant}:{kind}:{value}" for tenant, kind, value in keys]
    await connection.execute(_SQL["lock_identities"], locks)
    await connection.execute(_SQL["lock_contacts"], *columns)
    books: dict[UUID, IdentityBook] = defaultdict(lambda: IdentityBook(lambda: next(ids)))
    for row in await connection.fetch(_SQL["find_identities"], *columns):
        held = Held(
            row["kind"], row["value"], row["contact_id"], row["address"], row["seen_at"],
            row["since"], row["wrote"], row["left_at"], row["taken_over"],
        )  # fmt: skip
        books[row["tenant_id"]].held[held.key] = held
    for row in await connection.fetch(_SQL["find_former"], *columns):
        books[row["tenant_id"]].former.append(
            Former(row["kind"], row["value"], row["contact_id"], row["until"])
        )
    return books


async def _write(connection: Connection, books: dict[UUID, IdentityBook]) -> None:
    rows = [
        (tenant, row.kind, row.value, row.contact, row.address, row.seen_at, row.since, row.wrote,
         row.left_at, row.taken_over)
        for tenant, book in books.items()
        for row in (book.held[key] for key in sorted(book.changed))
    ]  # fmt: skip
    former = [
        (tenant, each.kind, each.value, each.contact, each.until)
        for tenant, book in books.items()
        for each in book.left
    ]
    if rows:
        changed = [row[:3] for row in rows]
        await connection.execute(_SQL["retire_identities"], *_columns(changed, 3))
        await connection.execute(_SQL["put_identities"], *_columns(rows, 10))
    if former:
        await connection.execute(_SQL["keep_former"], *_columns(former, 5))
    for tenant, book in books.items():
        for stays, other in book.joined:
            await connection.execute(_SQL["join_contacts"], tenant, stays, other)


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


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    return [[row[i] for row in rows] for i in range(width)]
