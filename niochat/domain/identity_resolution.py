"""Identity resolution for one provider: which contact wrote a message, and to which address an
answer may go.

A person is a WhatsApp account. Its LID never changes. Its phone number may change, and a number
that one person gave up may be assigned to another. Therefore:

- a LID belongs to one contact for ever, and a contact has at most one;
- a phone number belongs to the contact that wrote from it last, by the messages' own time;
- a contact receives only at its *current* addresses: its LID, and the number that it wrote from
  last. Older numbers neither receive messages nor prove an identity;
- a second LID on a number is a second person: the number moves to that person; tax id, history and
  open conversation stay with the first.

If a gateway shows a number without a LID, the number is the person: two accounts that never showed
another address cannot be distinguished.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

LID, PHONE = "lid", "phone"

AddressKey = tuple[str, str]
"""``lid`` or ``phone``, and the value. The value of a phone is the canonical number."""


@dataclass(frozen=True, slots=True)
class ContactAddress:
    """An address of a contact. ``address`` is its spelling by the gateway.

    ``since`` is when the contact was first seen with it, ``seen_at`` when the contact last wrote
    from it. ``taken_over`` says that another person had it before, so it proves no identity to the
    ERP.
    """

    kind: str
    value: str
    contact: UUID
    address: str
    seen_at: datetime
    since: datetime
    wrote: bool = True
    """Whether the contact wrote from it. Otherwise it was only seen as the chat of a message that
    the provider sent.
    """
    left_at: datetime | None = None
    """When the contact first wrote from a later address; ``None`` means that it is current."""
    taken_over: bool = False

    @property
    def current(self) -> bool:
        """Whether the address may receive messages and prove the contact's identity."""
        return self.left_at is None

    @property
    def key(self) -> AddressKey:
        """The key of this address in ``IdentityResolver.addresses``."""
        return self.kind, self.value


@dataclass(frozen=True, slots=True)
class FormerAddress:
    """An address that a contact had until another contact wrote from it."""

    kind: str
    value: str
    contact: UUID
    until: datetime


@dataclass(frozen=True, slots=True)
class ObservedAddresses:
    """The addresses that one webhook shows. ``at`` is the message's own time.

    ``wrote`` says that the customer is the author. Otherwise the provider wrote in this chat: then
    a contact may be created and free addresses assigned to it, but no address changes its contact.
    """

    lid: str | None
    phone: str | None
    at: datetime
    wrote: bool = True
    phone_address: str = ""
    """The phone number as the gateway spells it."""

    @property
    def keys(self) -> list[AddressKey]:
        """The keys of the shown addresses, the LID first because it never changes."""
        return [(kind, v) for kind, v in ((LID, self.lid), (PHONE, self.phone)) if v]


@dataclass(slots=True)
class IdentityResolver:
    """Resolves observed addresses to contacts and collects the changes.

    ``addresses`` must hold all addresses of every contact that it mentions.
    """

    new_contact: Callable[[], UUID]
    addresses: dict[AddressKey, ContactAddress] = field(default_factory=dict)
    former_addresses: list[FormerAddress] = field(default_factory=list)
    changed: set[AddressKey] = field(default_factory=set)
    released_addresses: list[FormerAddress] = field(default_factory=list)
    """Addresses that moved to another contact in this run."""
    merged_contacts: list[tuple[UUID, UUID]] = field(default_factory=list)
    """The remaining contact, and the contact that turned out to be the same person."""

    def find_contact(self, shown: ObservedAddresses) -> UUID | None:
        """Returns the contact that ``shown`` belongs to, or ``None``. Nothing changes."""
        by_lid = self._owner(LID, shown.lid)
        if by_lid is not None or not shown.phone:
            return by_lid
        row = self.addresses.get((PHONE, shown.phone))
        return None if row is None else self._owner_at(row, shown.at)

    def resolve_contact(self, shown: ObservedAddresses) -> UUID:
        """Returns the contact that ``shown`` belongs to and updates the addresses. An unknown
        contact is created.
        """
        if not shown.wrote:
            return self._seen(shown)
        if shown.lid is None:
            return self._wrote_by_phone(shown)
        contact = self._owner(LID, shown.lid)
        if shown.phone is None:
            contact = contact or self.new_contact()
        else:
            contact = self._wrote_by_both(shown, contact)
        self._put(LID, shown.lid, contact, shown)
        return contact

    def find_reply_address(self, contact: UUID) -> ContactAddress | None:
        """Returns the current address that the contact last wrote from, or ``None``. If the last
        message showed a LID and a phone number, the number is returned.
        """
        current = [row for row in self._rows(contact) if row.current]
        return max(current, key=lambda r: (r.wrote, r.seen_at, r.kind == PHONE), default=None)

    def _wrote_by_phone(self, shown: ObservedAddresses) -> UUID:
        assert shown.phone is not None
        row = self.addresses.get((PHONE, shown.phone))
        if row is not None:
            owner = self._owner_at(row, shown.at)
            if owner != row.contact:
                return owner
            if row.left_at is None or shown.at < row.left_at:
                self._put(PHONE, shown.phone, row.contact, shown)
                return row.contact
            # The contact had moved to another number by then, so this is another person.
        contact = self.new_contact()
        self._take(shown, contact)
        return contact

    def _wrote_by_both(self, shown: ObservedAddresses, contact: UUID | None) -> UUID:
        assert shown.phone is not None
        row = self.addresses.get((PHONE, shown.phone))
        if row is None or row.contact == contact:
            contact = contact or self.new_contact()
            self._put(PHONE, shown.phone, contact, shown)
            return contact
        if self._lid_of(row.contact) is None and row.current:
            if contact is None:
                self._put(PHONE, shown.phone, row.contact, shown)
                return row.contact
            if not any(r.kind == PHONE for r in self._rows(contact)):
                self._join(contact, row.contact)
                self._put(PHONE, shown.phone, contact, shown)
                return contact
        contact = contact or self.new_contact()
        self._take(shown, contact)
        return contact

    def _seen(self, shown: ObservedAddresses) -> UUID:
        """The provider wrote in this chat: assigns free addresses to the contact, moves none."""
        by_lid = self._owner(LID, shown.lid)
        phone = self.addresses.get((PHONE, shown.phone or ""))
        if by_lid is not None:
            contact = by_lid
        elif phone is not None:
            contact = self._owner_at(phone, shown.at)
            if self._lid_of(contact) is not None or contact != phone.contact:
                return contact
        else:
            contact = self.new_contact()
        for kind, value in shown.keys:
            if (kind, value) not in self.addresses:
                others = any(r.kind == kind and r.current for r in self._rows(contact))
                left_at = shown.at if others else None
                self._set(replace(_new_address(kind, value, contact, shown), left_at=left_at))
        return contact

    def _take(self, shown: ObservedAddresses, contact: UUID) -> None:
        """Moves the phone number to ``contact``, unless its contact wrote from it later."""
        assert shown.phone is not None
        row = self.addresses.get((PHONE, shown.phone))
        if row is None:
            self._put(PHONE, shown.phone, contact, shown)
        elif shown.at < row.seen_at and row.wrote:
            self._leave(FormerAddress(PHONE, row.value, contact, row.since))
        else:
            self._leave(FormerAddress(PHONE, row.value, row.contact, shown.at))
            fresh = _new_address(PHONE, row.value, contact, shown)
            self._set(replace(fresh, taken_over=True))
            self._put(PHONE, row.value, contact, shown)

    def _put(self, kind: str, value: str, contact: UUID, shown: ObservedAddresses) -> None:
        """Records that the contact wrote from this address, which is free or its own."""
        row = self.addresses.get((kind, value)) or _new_address(kind, value, contact, shown)
        if shown.at >= row.seen_at or not row.wrote:
            address = shown.phone_address if kind == PHONE else value
            row = replace(row, seen_at=shown.at, wrote=True, address=address or value)
        if not any(
            (f.kind, f.value) == row.key and f.until > shown.at for f in self.former_addresses
        ):
            row = replace(row, since=min(row.since, shown.at))  # else another contact had it since
        others = [r for r in self._rows(contact) if r.kind == kind and r.key != row.key]
        for other in others:
            left = other.left_at is not None and other.left_at <= shown.at
            if not left and (shown.at >= other.seen_at or not other.wrote):
                self._set(replace(other, left_at=shown.at))
        self._set(replace(row, left_at=_left_at(row, others)))

    def _join(self, stays: UUID, other: UUID) -> None:
        """Merges two contacts: a LID and a phone number that were first seen separately."""
        for row in self._rows(other):
            self._set(replace(row, contact=stays))
        self.former_addresses = [
            replace(f, contact=stays) if f.contact == other else f for f in self.former_addresses
        ]
        self.merged_contacts.append((stays, other))

    def _owner_at(self, row: ContactAddress, at: datetime) -> UUID:
        """Returns the contact that had the phone number at ``at``. Messages may arrive late."""
        if at >= row.since:
            return row.contact
        earlier = [
            f for f in self.former_addresses if (f.kind, f.value) == row.key and f.until > at
        ]
        return min(earlier, key=lambda f: f.until).contact if earlier else row.contact

    def _lid_of(self, contact: UUID) -> str | None:
        return next((r.value for r in self._rows(contact) if r.kind == LID), None)

    def _owner(self, kind: str, value: str | None) -> UUID | None:
        row = self.addresses.get((kind, value)) if value else None
        return row.contact if row is not None else None

    def _rows(self, contact: UUID) -> list[ContactAddress]:
        return [row for row in self.addresses.values() if row.contact == contact]

    def _leave(self, former: FormerAddress) -> None:
        self.former_addresses.append(former)
        self.released_addresses.append(former)

    def _set(self, row: ContactAddress) -> None:
        if self.addresses.get(row.key) != row:
            self.addresses[row.key] = row
            self.changed.add(row.key)


def _left_at(row: ContactAddress, others: Iterable[ContactAddress]) -> datetime | None:
    """Returns when the contact first wrote from another address after ``row``, as far as known."""
    later = [o for o in others if o.wrote and o.seen_at > row.seen_at]
    times = [o.since if o.since > row.seen_at else o.seen_at for o in later]
    if row.left_at is not None and row.left_at > row.seen_at:
        times.append(row.left_at)
    return min(times, default=None) if later else None


def _new_address(kind: str, value: str, contact: UUID, shown: ObservedAddresses) -> ContactAddress:
    address = (shown.phone_address if kind == PHONE else "") or value
    return ContactAddress(kind, value, contact, address, shown.at, shown.at, shown.wrote)
