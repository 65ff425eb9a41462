"""Histories of people who write from telephones that change hands, and what must never happen.

A person is a WhatsApp account: its LID is its own for ever. Webhooks show LID, telephone or both,
and may come late. What no gateway could tell apart is left out: whoever takes a number over shows
the LID at first, and so did its last holder before.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from niochat.domain.identity_resolution import LID, PHONE, AddressKey, ObservedAddresses

_START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Message:
    """What one person wrote, as the gateway shows it."""

    person: int
    shown: ObservedAddresses
    phone: str
    """Where it was written from, shown or not."""


def lid_of(person: int) -> str:
    """The person's own, for ever."""
    return f"{100_000_000_000_000 + person}"


def generate_history(seed: int, most: int = 14) -> list[Message]:
    """The messages of a history, in the order in which they are delivered."""
    draw = Random(seed)
    phones = [f"558198888{n:04d}" for n in range(draw.randint(1, 3))]
    people = draw.randint(1, 4)
    owner: dict[str, int] = {}
    proven: dict[str, bool] = defaultdict(bool)  # the holder's LID was shown with the number
    once_owned: set[str] = set()
    messages: list[Message] = []
    held_back: list[Message] = []
    for minute in range(draw.randint(2, most)):
        person = draw.randrange(people)
        phone = _phone_of(draw, person, phones, owner, proven)
        if phone is None:
            continue
        taken = owner.get(phone) != person
        moved = any(o == person for p, o in owner.items() if p != phone)
        if taken:
            for other in [p for p, o in owner.items() if o == person]:
                del owner[other]  # the account has one number
            fresh = phone not in once_owned
            owner[phone], proven[phone] = person, False
            once_owned.add(phone)
        else:
            fresh = not proven[phone] and phone in once_owned
        must_show = taken and (not fresh or moved)
        kind = "both" if must_show else draw.choice(["both", "both", "phone", "lid"])
        if kind == "phone" and not proven[phone] and not (taken and fresh):
            kind = "both" if not _alone(phone, person, messages) else kind
        proven[phone] = proven[phone] or kind == "both"
        message = Message(person, _shown(person, phone, minute, kind), phone)
        # Whoever is proven may come late; what proves comes at once.
        late = kind != "both" and proven[phone] and draw.random() < 0.2
        (held_back if late else messages).append(message)
        if held_back and draw.random() < 0.3:
            messages.append(held_back.pop(draw.randrange(len(held_back))))
    return messages + held_back


def _alone(phone: str, person: int, messages: list[Message]) -> bool:
    return all(m.person == person for m in messages if m.phone == phone)


def _phone_of(
    draw: Random, person: int, phones: list[str], owner: dict[str, int], proven: dict[str, bool]
) -> str | None:
    mine = [p for p, o in owner.items() if o == person]
    if mine and draw.random() < 0.7:
        return mine[0]
    free = [p for p in phones if p not in owner or (owner[p] != person and proven[p])]
    if mine and not proven[mine[0]]:
        return mine[0]  # a number that nobody could tell from its next holder's is kept
    return draw.choice(free) if free else (mine[0] if mine else None)


def _shown(person: int, phone: str, minute: int, kind: str) -> ObservedAddresses:
    at = _START + timedelta(minutes=minute)
    lid = lid_of(person) if kind != "phone" else None
    number = phone if kind != "lid" else None
    return ObservedAddresses(lid, number, at, True, number or "")


@dataclass(slots=True)
class IdentityModel:
    """Who said what to which contact, and who wrote last from which address."""

    said: dict[UUID, set[int]] = field(default_factory=lambda: defaultdict(set))
    last: dict[AddressKey, tuple[datetime, int]] = field(default_factory=dict)

    def delivered(self, contact: UUID, message: Message) -> None:
        """The message is in the contact's conversation."""
        self.said[contact].add(message.person)
        shown, writer = message.shown, (message.shown.at, message.person)
        for key in ((LID, shown.lid), (PHONE, shown.phone)):
            if key[1] is not None:
                kind, value = key[0], key[1]
                self.last[kind, value] = max(self.last.get((kind, value), writer), writer)

    def join(self, stays: UUID, other: UUID) -> None:
        """Both conversations are one."""
        self.said[stays] |= self.said.pop(other, set())

    def breaks(self, contact: UUID, address: AddressKey) -> str:
        """Whose words would reach whom, if the contact were answered there; empty: nobody's."""
        writer = self.last.get(address)
        if writer is None or self.said[contact] <= {writer[1]}:
            return ""
        return f"{sorted(self.said[contact])} at {address}, where {writer[1]} wrote last"
