"""Statement 3: which send may start, in which order, and who has the last word."""

import asyncio
import random
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from niochat.conversations.step.step_types import StepVerdict
from niochat.domain.conversation import commands as cmd
from niochat.domain.ids import OutboxId, shard_of
from niochat.domain.message import MessageContent, MessageKind
from tests.builders import (
    SENT_AT,
    ChannelRef,
    Host,
    RowBuilder,
    ShardAssignments,
    build_message,
    insert_commands,
)

pytestmark = pytest.mark.asyncio
LATER = SENT_AT + timedelta(minutes=1)
"""When a person has read and typed."""


@pytest_asyncio.fixture
async def talking(a: Host, place: ChannelRef, thread: UUID) -> UUID:
    """A thread whose assistant has said three things that wait to leave."""
    await insert_commands(a, place, thread, [build_message("m1")])
    await a.run(thread)
    await a.answer(thread, "Um.", "Dois.", "Três.")
    return thread


async def statuses(given: RowBuilder) -> list[str]:
    return await given.rows("SELECT status FROM outbox ORDER BY position")


async def test_sends_of_a_thread_leave_one_after_the_other_in_order(
    a: Host, talking: UUID, given: RowBuilder
) -> None:
    left = []
    while (claimed := await a.claim(talking)) is not None:
        assert await a.claim(talking) is None, "the one before is on the wire"
        left.append(claimed.text)
        await a.settle(claimed, cmd.SendStatus.SENT, f"out-{len(left)}")

    assert left == ["Um.", "Dois.", "Três."]
    assert await statuses(given) == ["sent"] * 3
    assert await given.rows("SELECT external_id FROM outbox ORDER BY position") == [
        "out-1",
        "out-2",
        "out-3",
    ]


async def test_asked_twice_at_once_a_row_is_given_out_once(a: Host, talking: UUID) -> None:
    claims = await asyncio.gather(*(a.claim(talking) for _ in range(5)))

    assert [claimed.text for claimed in claims if claimed is not None] == ["Um."]


async def test_threads_do_not_wait_for_one_another(
    a: Host, place: ChannelRef, talking: UUID, given: RowBuilder
) -> None:
    other = await given.thread(place)
    await insert_commands(a, place, other, [build_message("m1")])
    await a.run(other)
    await a.answer(other, "Olá!")

    claims = await asyncio.gather(a.claim(talking), a.claim(other))

    assert [claimed.text for claimed in claims if claimed is not None] == ["Um.", "Olá!"]


async def test_a_send_that_certainly_did_not_leave_is_tried_again_first_but_not_at_once(
    a: Host, talking: UUID, given: RowBuilder
) -> None:
    claimed = await a.claim(talking)
    assert claimed is not None
    await a.step(talking, cmd.SettleSend(OutboxId(claimed.id), cmd.SendStatus.RETRY, retry_in_s=30))

    assert await a.claim(talking) is None
    await given.admin.execute("UPDATE outbox SET next_at = now() WHERE id = $1", claimed.id)
    again = await a.claim(talking)

    assert again is not None
    assert (again.id, again.attempts) == (claimed.id, 2)


async def test_an_uncertain_send_holds_up_the_next_for_three_minutes_only(
    a: Host, talking: UUID, given: RowBuilder
) -> None:
    claimed = await a.claim(talking)
    assert claimed is not None
    await a.settle(claimed, cmd.SendStatus.UNCERTAIN)

    assert await a.claim(talking) is None
    await given.admin.execute(
        "UPDATE outbox SET uncertain_since = now() - interval '179 s' WHERE id = $1", claimed.id
    )
    assert await a.claim(talking) is None
    await given.admin.execute(
        "UPDATE outbox SET uncertain_since = now() - interval '181 s' WHERE id = $1", claimed.id
    )
    following = await a.claim(talking)

    assert following is not None
    assert following.text == "Dois."


async def test_an_uncertain_send_is_looked_up_only_after_its_window(
    a: Host, talking: UUID, given: RowBuilder
) -> None:
    claimed = await a.claim(talking)
    assert claimed is not None
    await a.settle(claimed, cmd.SendStatus.UNCERTAIN)

    row = (await a.outbox.list_unsettled(talking))[0]

    assert (row.status, row.due) == ("uncertain", False)
    assert 15 < row.due_in_s <= 20


async def test_a_sending_row_is_recovered_once_its_host_or_its_deadline_is_gone(
    a: Host, b: Host, talking: UUID, given: RowBuilder, ownership: ShardAssignments
) -> None:
    assert await a.claim(talking) is not None
    assert not (await a.outbox.list_unsettled(talking))[0].orphaned

    await ownership.assign_all(b)
    assert (await b.outbox.list_unsettled(talking))[0].orphaned
    assert not (await b.outbox.list_unsettled(talking))[1].orphaned, "queued is certainly unsent"

    await ownership.assign_all(a)
    await given.admin.execute(
        "UPDATE outbox SET epoch = $1, send_until = now() WHERE status = 'sending'",
        a.epochs[shard_of(talking)],
    )
    assert (await a.outbox.list_unsettled(talking))[0].orphaned


async def test_a_stale_epoch_claims_nothing(
    a: Host, b: Host, talking: UUID, given: RowBuilder, ownership: ShardAssignments
) -> None:
    await ownership.assign_all(b)

    assert await a.claim(talking) is None
    assert await statuses(given) == ["queued"] * 3
    assert await b.claim(talking) is not None


async def test_while_its_channel_is_held_nothing_leaves_and_nothing_is_lost(
    a: Host, place: ChannelRef, talking: UUID, given: RowBuilder
) -> None:
    assert await a.outbox.hold_channel(place.channel, "disconnected")
    assert not await a.outbox.hold_channel(place.channel, "disconnected"), "it is held already"

    assert await a.claim(talking) is None
    assert await statuses(given) == ["queued"] * 3
    await a.inbox.record_connection_status(place.channel, "connected", "")
    assert await a.claim(talking) is not None


async def test_holds_in_a_row_last_longer_until_a_send_succeeds(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    lasted = []
    for _ in range(12):
        await a.outbox.hold_channel(place.channel, "code 463")
        lasted += await given.rows(
            "UPDATE channels c SET held_until = now() FROM channels old WHERE old.id = c.id"
            " RETURNING round(extract(epoch FROM old.held_until - now()))::int"
        )

    assert lasted[:4] == [15, 30, 60, 120]
    assert lasted[-1] == 900
    await a.outbox.release_channel(place.channel)
    assert await given.rows("SELECT holds FROM channels") == [0]


async def test_a_suspended_tenants_assistant_does_not_speak(
    a: Host, talking: UUID, given: RowBuilder
) -> None:
    await given.admin.execute("UPDATE tenants SET status = 'suspended'")

    assert await a.claim(talking) is None


async def test_while_the_assistant_is_paused_it_does_not_speak(
    a: Host, talking: UUID, given: RowBuilder
) -> None:
    await given.admin.execute("UPDATE conversations SET paused_until = now() + interval '1 min'")
    assert await a.claim(talking) is None

    await given.admin.execute("UPDATE conversations SET paused_until = now() - interval '1 s'")
    assert await a.claim(talking) is not None


async def test_a_message_from_the_phone_cancels_what_has_not_started_to_leave(
    a: Host, place: ChannelRef, talking: UUID, given: RowBuilder
) -> None:
    assert await a.claim(talking) is not None
    phone = cmd.ReceiveProviderPhoneMessage("p1", MessageContent(MessageKind.TEXT, "oi"), LATER)
    await insert_commands(a, place, talking, [phone])

    await a.run(talking)

    assert await statuses(given) == ["sending", "cancelled", "cancelled"]
    assert await given.rows("SELECT code FROM messages WHERE code IS NOT NULL") == ["cancelled"] * 2


async def test_the_fixed_sentence_leaves_though_people_hold_the_conversation(
    a: Host, place: ChannelRef, thread: UUID
) -> None:
    await insert_commands(a, place, thread, [build_message("m1")])
    await a.run(thread)
    turn = a.turn(thread)
    await a.step(thread, cmd.FinishAssistantTurn(turn.id, 1, cmd.TurnOutcome.FAILED, code="away"))

    claimed = await a.claim(thread)

    assert claimed is not None
    assert claimed.text.startswith("No momento")


@pytest.mark.parametrize("first", ["failed", "uncertain"])
async def test_evidence_of_delivery_beats_what_was_believed_before(
    a: Host, place: ChannelRef, talking: UUID, given: RowBuilder, first: str
) -> None:
    claimed = await a.claim(talking)
    assert claimed is not None
    await a.settle(claimed, cmd.SendStatus(first))
    echo = cmd.ReceiveEcho(
        "out-1",
        str(claimed.id),
        MessageContent(MessageKind.TEXT, "Um."),
        build_message("x").sent_at,
    )
    await insert_commands(a, place, talking, [echo])

    await a.run(talking)

    assert (await statuses(given))[0] == "sent"
    assert await given.rows("SELECT status FROM messages WHERE external_id = 'out-1'") == ["sent"]
    assert await given.count("messages", "author = 'integration'") == 0


async def test_where_a_thread_has_a_phone_it_is_the_destination_else_its_lid(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    by_lid = await given.thread(place, lid="100000000000077")
    by_phone = await given.thread(place, lid="100000000000078", phone="5581988880078")
    nowhere = await given.thread(place, lid="100000000000079")
    await given.admin.execute("DELETE FROM identities WHERE value = '100000000000079'")

    numbers = [await a.outbox.find_destination(thread) for thread in (by_lid, by_phone, nowhere)]

    assert [to.number if to else None for to in numbers] == [
        "100000000000077@lid",
        "5581988880078",
        None,
    ]


async def test_a_takeover_and_a_claim_at_once_never_both_win(
    a: Host, b: Host, place: ChannelRef, given: RowBuilder, ownership: ShardAssignments
) -> None:
    """A hundred races on real connections. Sending after the takeover: claimed before it."""
    chance = random.Random(3)
    seen: set[tuple[str, ...]] = set()
    threads = [await given.thread(place) for _ in range(100)]
    for thread in threads:
        await insert_commands(a, place, thread, [build_message("m")])
    await a.steps(*(a.work(thread) for thread in threads))
    for thread in threads:
        await a.answer(thread, "Um.", "Dois.")
        await insert_commands(a, place, thread, [cmd.AssignConversation("ana")])
    claimer = Host(a.name, b.database, a.epochs)

    async def after(delay: float, work: Awaitable[Any]) -> Any:
        await asyncio.sleep(delay)
        return await work

    for start in range(0, len(threads), 5):
        races = []
        for thread in threads[start : start + 5]:
            races.append(after(chance.random() / 100, a.step(thread)))
            races.append(after(chance.random() / 100, claimer.claim(thread)))
        results = await asyncio.gather(*races)
        for thread, taken, claimed in zip(
            threads[start : start + 5], results[::2], results[1::2], strict=True
        ):
            assert taken.verdict is StepVerdict.DONE
            assert await claimer.claim(thread) is None, "claimed after the takeover committed"
            outcome = await given.rows(
                "SELECT status FROM outbox WHERE thread_id = $1 ORDER BY position", thread
            )
            assert outcome == (["sending"] if claimed else ["cancelled"]) + ["cancelled"]
            seen.add(tuple(outcome))

    assert len(seen) == 2, "both orders were tried"
