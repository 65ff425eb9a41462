"""Statements 1 and 3 together: whose message it is, and where the answer to it may go."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.identity_resolution import LID, PHONE
from niochat.domain.message import MessageContent, MessageKind
from niochat.ports.gateway_events import InboundEvent
from tests.builders import ChannelRef, Host, RowBuilder, build_inbound
from tests.identity_histories import IdentityModel, Message, generate_history

pytestmark = pytest.mark.asyncio
LA, LB = "100000000000001", "100000000000002"
P, Q = "5581988880001", "5581988880002"
START = datetime(2026, 1, 1, tzinfo=UTC)
HISTORIES = 60


def written(
    external: str, minute: int, *, lid: str | None = None, phone: str | None = None
) -> InboundEvent:
    """A message of that minute."""
    sent_at = START + timedelta(minutes=minute)
    command = cmd.ReceiveMessage(external, MessageContent(MessageKind.TEXT, external), sent_at)
    return build_inbound(external, lid=lid, phone=phone, command=command)


async def arrive(host: Host, place: ChannelRef, message: InboundEvent) -> UUID:
    accepted = await host.inbox.accept(place.tenant, place.channel, message)
    assert accepted.thread_id is not None
    await host.run(accepted.thread_id)
    return accepted.thread_id


async def answered_at(host: Host, thread: UUID) -> str | None:
    """Where the thread's answer leaves to."""
    await host.answer(thread, "Olá!")
    claimed = await host.claim(thread)
    assert claimed is not None
    return claimed.destination.number if claimed.destination else None


async def test_the_answer_goes_to_the_number_that_was_written_from_last(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    await arrive(a, place, written("m1", 1, lid=LA, phone=Q))
    thread = await arrive(a, place, written("m2", 2, lid=LA, phone=P))

    assert await answered_at(a, thread) == P
    assert await given.rows("SELECT value FROM identities WHERE left_at IS NULL ORDER BY kind") == [
        LA,
        P,
    ]


async def test_an_answer_that_waited_while_the_number_went_to_somebody_else_goes_to_the_lid(
    a: Host, place: ChannelRef
) -> None:
    first = await arrive(a, place, written("m1", 1, lid=LA, phone=P))
    await a.answer(first, "Sua fatura")

    second = await arrive(a, place, written("m2", 2, lid=LB, phone=P))

    claimed = await a.claim(first)
    assert second != first
    assert claimed is not None
    assert claimed.destination is not None
    assert claimed.destination.number == f"{LA}@lid"
    assert await answered_at(a, second) == P


async def test_the_gateways_own_spelling_is_sent_to_whatever_it_is_compared_by(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    thread = await arrive(a, place, written("m1", 1, phone="558188880001"))

    assert await arrive(a, place, written("m2", 2, lid=LA, phone=P)) == thread
    assert await arrive(a, place, written("m3", 3, phone="558188880001")) == thread
    assert await answered_at(a, thread) == "558188880001"
    assert await given.count("contacts") == 1


async def test_an_echo_of_our_send_stays_where_it_was_sent_whoever_has_the_number_by_now(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    first = await arrive(a, place, written("m1", 1, lid=LA, phone=P))
    await a.answer(first, "Sua fatura")
    claimed = await a.claim(first)
    assert claimed is not None
    await arrive(a, place, written("m2", 2, lid=LB, phone=P))

    echo = cmd.ReceiveEcho(
        "out-1", str(claimed.id), MessageContent(MessageKind.TEXT, "Sua fatura"), START
    )
    for lid, phone in ((LB, P), (None, P), (LB, None)):
        event = build_inbound("echo", command=echo, lid=lid, phone=phone)
        assert (await a.inbox.accept(place.tenant, place.channel, event)).thread_id == first


async def test_a_thread_that_waits_for_a_merge_still_has_an_address(
    a: Host, place: ChannelRef
) -> None:
    by_lid = await arrive(a, place, written("m1", 1, lid=LA))
    by_phone = await arrive(a, place, written("m2", 2, phone=P))
    await a.answer(by_phone, "Olá!")

    await a.inbox.accept(place.tenant, place.channel, written("m3", 3, lid=LA, phone=P))

    claimed = await a.claim(by_phone)
    assert by_lid != by_phone
    assert claimed is not None
    assert claimed.destination is not None
    assert claimed.destination.number == P


async def test_many_at_once_leave_one_current_address_of_a_kind(
    a: Host, b: Host, place: ChannelRef, given: RowBuilder
) -> None:
    shown = [
        {"lid": LA, "phone": P},
        {"lid": LA, "phone": Q},
        {"lid": LB, "phone": P},
        {"phone": P},
        {"lid": LA},
        {"phone": Q},
    ]
    messages = [written(f"m{n}", n, **shown[n % len(shown)]) for n in range(60)]

    accepted = await asyncio.gather(
        *(
            (a, b)[n % 2].inbox.accept(place.tenant, place.channel, m)
            for n, m in enumerate(messages)
        )
    )

    assert all(each.new for each in accepted)
    assert await given.count("inbox", "command ->> 'type' = 'receive_message'") == 60
    assert await given.count("identities", "left_at IS NULL AND kind = 'lid'") == 2


async def test_messages_and_replies_match_their_person_in_the_database(
    a: Host, given: RowBuilder
) -> None:
    """No text of one person reaches an address that another person wrote from last."""
    for seed in range(HISTORIES):
        place = await given.place()
        truth = IdentityModel()
        for number, message in enumerate(generate_history(seed)):
            accepted = await a.inbox.accept(
                place.tenant, place.channel, _told(f"m{number}", message)
            )
            assert accepted.thread_id is not None
            if number % 3 == 0:  # links wait now and then
                await a.run(accepted.thread_id)
            await _check(given, place, truth, accepted.thread_id, message, seed)


def _told(external: str, message: Message) -> InboundEvent:
    shown = message.shown
    command = cmd.ReceiveMessage(external, MessageContent(MessageKind.TEXT, "oi"), shown.at)
    told = build_inbound(external, lid=shown.lid, phone=shown.phone, command=command)
    return replace(told, dedupe_key=external)


async def _check(
    given: RowBuilder,
    place: ChannelRef,
    truth: IdentityModel,
    thread: UUID,
    message: Message,
    seed: int,
) -> None:
    contacts = await given.admin.fetch(
        "SELECT k.id, k.merged_into, a.phone, a.lid, t.id AS thread_id FROM contacts k"
        " LEFT JOIN threads t ON t.contact_id = k.id"
        " LEFT JOIN LATERAL address_of(k.tenant_id, k.id) AS a ON true"
        " WHERE k.tenant_id = $1",
        place.tenant,
    )
    for row in contacts:
        if row["merged_into"] is not None:
            truth.join(row["merged_into"], row["id"])
    owner = next(row for row in contacts if row["thread_id"] == thread)
    truth.delivered(owner["merged_into"] or owner["id"], message)
    for row in contacts:
        key = (PHONE, row["phone"]) if row["phone"] else (LID, row["lid"])
        broken = key[1] and truth.breaks(row["merged_into"] or row["id"], key)
        assert not broken, f"history {seed}: {broken}"


async def test_two_who_exchange_their_numbers_are_taken_in_together(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    """Between the two rows that change, each would have two current telephones."""
    before = [written("m1", 1, lid=LA, phone=P), written("m2", 2, lid=LB, phone=Q)]
    after = [written("m3", 3, lid=LA, phone=Q), written("m4", 4, lid=LB, phone=P)]
    first, second = [
        each.thread_id
        for each in await a.inbox.accept_in_order(place.tenant, place.channel, before)
    ]

    taken = await a.inbox.accept_in_order(place.tenant, place.channel, after)

    assert [each.thread_id for each in taken] == [first, second]
    assert await given.count("identities", "left_at IS NULL") == 4
