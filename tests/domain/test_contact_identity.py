"""Who writes, and where answers go: number changes, recycled numbers, addresses that come apart."""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest

from niochat.domain.identity_resolution import (
    PHONE,
    ContactAddress,
    IdentityResolver,
    ObservedAddresses,
)
from tests.identity_histories import IdentityModel, generate_history

P, Q = "5581988880001", "5581988880002"
LA, LB, LC = "100000000000001", "100000000000002", "100000000000003"
START = datetime(2026, 1, 1, tzinfo=UTC)


class ContactRegistry:
    """A provider's book, with a clock that goes on by a minute a message."""

    def __init__(self) -> None:
        ids = count(1)
        self.book = IdentityResolver(lambda: UUID(int=next(ids)))
        self.now = START

    def wrote(
        self, *, lid: str | None = None, phone: str | None = None, at: int | None = None
    ) -> UUID:
        """The contact of a message; ``at``: minutes after the start, else now."""
        self.now += timedelta(minutes=1)
        moment = self.now if at is None else START + timedelta(minutes=at)
        return self.book.resolve_contact(ObservedAddresses(lid, phone, moment, True, phone or ""))

    def seen(self, *, lid: str | None = None, phone: str | None = None) -> UUID:
        """The contact of a chat that the provider wrote to."""
        self.now += timedelta(minutes=1)
        return self.book.resolve_contact(
            ObservedAddresses(lid, phone, self.now, False, phone or "")
        )

    def to(self, contact: UUID) -> str | None:
        """Where an answer to the contact goes."""
        found = self.book.find_reply_address(contact)
        return found.address if found is not None else None

    def row(self, value: str) -> ContactAddress:
        return next(row for row in self.book.addresses.values() if row.value == value)


def test_a_customer_who_changes_number_is_answered_at_the_new_one_even_if_it_is_smaller() -> None:
    for old, new in ((P, Q), (Q, P)):
        door = ContactRegistry()
        person = door.wrote(lid=LA, phone=old)

        assert door.wrote(lid=LA, phone=new) == person
        assert door.to(person) == new
        assert not door.row(old).current, "the older number neither receives nor authorises"


def test_a_message_that_comes_late_does_not_bring_the_older_number_back() -> None:
    door = ContactRegistry()
    person = door.wrote(lid=LA, phone=Q, at=10)

    assert door.wrote(lid=LA, phone=P, at=5) == person
    assert door.to(person) == Q


def test_a_second_lid_on_a_number_is_a_second_person_who_alone_gets_it() -> None:
    door = ContactRegistry()
    first = door.wrote(lid=LA, phone=P)
    second = door.wrote(lid=LB, phone=P)

    assert second != first
    assert (door.to(first), door.to(second)) == (LA, P)
    assert door.row(P).taken_over, "what the ERP knows of the number was the other person's"
    assert door.wrote(phone=P) == second
    assert door.wrote(lid=LA) == first


def test_the_number_returns_to_whoever_writes_from_it_again() -> None:
    door = ContactRegistry()
    first, second = door.wrote(lid=LA, phone=P), door.wrote(lid=LB, phone=P)

    assert door.wrote(lid=LA, phone=P) == first
    assert (door.to(first), door.to(second)) == (P, LB)


def test_a_number_that_was_left_is_somebody_elses_when_it_writes_alone() -> None:
    door = ContactRegistry()
    person = door.wrote(lid=LA, phone=P)
    door.wrote(lid=LA, phone=Q)

    stranger = door.wrote(phone=P)

    assert stranger != person
    assert (door.to(person), door.to(stranger)) == (Q, P)
    assert door.wrote(lid=LC, phone=P) == stranger


def test_a_late_message_of_the_earlier_holder_goes_to_the_earlier_holder() -> None:
    door = ContactRegistry()
    first = door.wrote(lid=LA, phone=P, at=1)
    second = door.wrote(lid=LB, phone=P, at=10)

    assert door.wrote(phone=P, at=5) == first
    assert door.wrote(lid=LA, phone=P, at=6) == first
    assert (door.to(first), door.to(second)) == (LA, P)


def test_lid_and_phone_that_came_apart_become_one_person() -> None:
    for order in ((LA, None), (None, P)), ((None, P), (LA, None)):
        door = ContactRegistry()
        contacts = {door.wrote(lid=lid, phone=phone) for lid, phone in order}
        both = door.wrote(lid=LA, phone=P)

        assert len(contacts) == 2
        assert {both, *(other for _, other in door.book.merged_contacts)} == contacts
        assert door.wrote(lid=LA) == door.wrote(phone=P) == both


def test_separate_threads_are_not_merged_with_a_contact_that_has_another_number() -> None:
    door = ContactRegistry()
    person = door.wrote(lid=LA, phone=P)
    other = door.wrote(phone=Q)

    assert door.wrote(lid=LA, phone=Q) == person
    assert door.book.merged_contacts == []
    assert (door.to(person), door.to(other)) == (Q, None)


def test_between_joining_and_the_next_message_a_second_lid_is_still_a_second_person() -> None:
    door = ContactRegistry()
    door.wrote(phone=P)
    door.wrote(lid=LA)
    person = door.wrote(lid=LA, phone=P)

    assert door.wrote(lid=LB, phone=P) != person


def test_an_answer_goes_to_the_chat_that_was_written_from_last() -> None:
    door = ContactRegistry()
    person = door.wrote(lid=LA, phone=P)
    door.wrote(lid=LA)
    assert door.to(person) == LA
    door.wrote(phone=P)
    assert door.to(person) == P


def test_an_address_our_side_wrote_to_names_a_chat_and_moves_nothing() -> None:
    door = ContactRegistry()
    person = door.wrote(lid=LA, phone=P)

    assert door.seen(lid=LA, phone=Q) == person
    assert door.to(person) == P
    assert door.seen(lid=LB, phone=P) == person, "nobody has that LID: the number says whose chat"
    assert door.to(person) == P
    assert door.seen(lid=LC) != person


def test_a_lid_that_shows_a_number_only_written_to_is_answered_at_the_lid() -> None:
    door = ContactRegistry()
    person = door.wrote(lid=LA)
    door.seen(lid=LA, phone=P)

    assert door.to(person) == LA
    assert not door.row(P).wrote
    assert door.wrote(lid=LA, phone=P) == person
    assert door.to(person) == P


def test_updates_without_an_identity_change_nothing() -> None:
    door = ContactRegistry()
    assert door.book.find_contact(ObservedAddresses(LA, P, START)) is None
    person = door.wrote(lid=LA, phone=P)
    assert door.book.find_contact(ObservedAddresses(None, P, door.now)) == person
    assert len([row for row in door.book.addresses.values() if row.kind == PHONE]) == 1


def test_messages_and_replies_match_their_person_in_any_history() -> None:
    """No text of one person reaches an address that another person wrote from last."""
    hold_the_law(range(3_000))


@pytest.mark.long
def test_messages_and_replies_match_their_person_in_20000_histories() -> None:
    hold_the_law(range(20_000))


def hold_the_law(seeds: range) -> None:
    for seed in seeds:
        truth, door = IdentityModel(), ContactRegistry()
        for message in generate_history(seed):
            contact = door.book.resolve_contact(message.shown)
            for stays, other in door.book.merged_contacts:
                truth.join(stays, other)
            door.book.merged_contacts.clear()
            truth.delivered(contact, message)
            for each in list(truth.said):
                found = door.book.find_reply_address(each)
                broken = found and truth.breaks(each, found.key)
                assert not broken, f"history {seed}, message {message}: {broken}"
        currents = [(r.contact, r.kind) for r in door.book.addresses.values() if r.current]
        assert len(currents) == len(set(currents)), f"history {seed}: two current addresses"
