"""LID and phone of one person that first arrived apart become one contact and one thread."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from niochat.conversations.step.step_types import StepVerdict
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation.evolve import replay
from niochat.domain.message import DeliveryStatus
from tests.builders import (
    ChannelRef,
    Host,
    RowBuilder,
    ShardAssignments,
    build_inbound,
    build_message,
    insert_commands,
)
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio
LID, PHONE = "100000000000001", "5581988880001"


async def arrive(host: Host, place: ChannelRef, external: str, **identity: Any) -> UUID:
    accepted = await host.inbox.accept(
        place.tenant, place.channel, build_inbound(external, external, **identity)
    )
    assert accepted.thread_id is not None
    return accepted.thread_id


async def apart(host: Host, place: ChannelRef) -> tuple[UUID, UUID]:
    """The same person wrote by LID, then by phone: two threads, both with a running turn."""
    by_lid = await arrive(host, place, "by lid", lid=LID)
    await host.run(by_lid)
    by_phone = await arrive(host, place, "by phone", phone=PHONE)
    await host.run(by_phone)
    assert by_lid != by_phone
    return by_lid, by_phone


async def link(host: Host, place: ChannelRef, stays: UUID, joins: UUID) -> None:
    await insert_commands(host, place, stays, [cmd.MergeThread(str(joins))])
    await host.run(stays)


async def holds(given: RowBuilder) -> None:
    """Every log has no gap and leads to the stored state."""
    for thread in await given.rows("SELECT id FROM threads"):
        logs, states = await given.logs(thread), await given.states(thread)
        assert {conversation: replay(log) for conversation, log in logs.items()} == states


async def test_a_message_that_shows_both_links_them_and_goes_on_in_the_older_conversation(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    by_lid, _ = await apart(a, place)
    older = a.turn(by_lid)

    thread = await arrive(a, place, "both", lid=LID, phone=PHONE)
    await a.run(thread)

    assert thread == by_lid
    assert await given.rows("SELECT DISTINCT contact_id FROM identities") == await given.rows(
        "SELECT id FROM contacts WHERE merged_into IS NULL"
    )
    assert await given.rows("SELECT merged_into FROM threads ORDER BY created_at") == [
        None,
        by_lid,
    ]
    assert await given.rows("SELECT status FROM conversations ORDER BY opened_at") == [
        "pending",
        "resolved",
    ]
    assert await given.rows(
        "SELECT body ->> 'reason' FROM events WHERE type = 'conversation_resolved'"
    ) == ["merged"]
    assert sorted(await given.load_transcript(by_lid)) == ["both", "by lid", "by phone"]
    assert a.turn(by_lid).messages == 3, "the assistant answers all of it"
    assert a.turn(by_lid) != older
    assert await arrive(a, place, "later", phone=PHONE) == by_lid
    await holds(given)


async def test_the_older_conversation_is_kept_even_when_the_other_thread_has_it(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    by_phone = await arrive(a, place, "by phone", phone=PHONE)
    await a.run(by_phone)
    (kept,) = await given.rows("SELECT id FROM conversations")
    by_lid = await arrive(a, place, "by lid", lid=LID)
    await a.run(by_lid)

    await link(a, place, by_lid, by_phone)

    assert await given.rows("SELECT id FROM conversations WHERE status <> 'resolved'") == [kept]
    assert await given.rows("SELECT thread_id FROM conversations WHERE id = $1", kept) == [by_lid]
    assert await given.rows("SELECT thread_id FROM turns WHERE status = 'running'") == [by_lid]
    await holds(given)


async def test_queued_sends_move_to_the_merged_thread_and_leave_in_order(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    by_lid, by_phone = await apart(a, place)
    await a.answer(by_lid, "Um.")
    await a.answer(by_phone, "Dois.", "Três.")

    await link(a, place, by_lid, by_phone)

    left = []
    while (claimed := await a.claim(by_lid)) is not None:
        left.append(claimed.text)
        await a.settle(claimed, cmd.SendStatus.SENT, f"out-{claimed.text}")
    assert left == ["Um.", "Dois.", "Três."]
    assert await a.claim(by_phone) is None
    await holds(given)


async def test_a_send_that_must_be_tried_again_after_linking_still_leaves(
    a: Host, place: ChannelRef
) -> None:
    by_lid, by_phone = await apart(a, place)
    await a.answer(by_phone, "Olá!")
    await link(a, place, by_lid, by_phone)
    claimed = await a.claim(by_lid)
    assert claimed is not None

    await a.settle(claimed, cmd.SendStatus.RETRY)

    again = await a.claim(by_lid)
    assert again is not None
    assert again.id == claimed.id


async def test_facts_of_a_contact_move_where_the_other_contact_has_none(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    by_lid, by_phone = await apart(a, place)
    for thread, name, document, notes in (
        (by_lid, "Ana", None, "um"),
        (by_phone, "Outra", b"d", "dois"),
    ):
        await given.admin.execute(
            "UPDATE contacts SET name = $2, document_sealed = $3, document_index = $3, notes = $4"
            " WHERE id = (SELECT contact_id FROM threads WHERE id = $1)",
            thread,
            name,
            document,
            notes,
        )
    for _ in range(2):
        await link(a, place, by_lid, by_phone)

    (known,) = await given.admin.fetch(
        "SELECT name, document_sealed, document_index, notes FROM contacts"
        " WHERE merged_into IS NULL"
    )
    assert tuple(known) == ("Ana", b"d", b"d", "um\ndois")


async def test_a_conversation_that_an_agent_took_over_stays_with_the_agent(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    by_lid, by_phone = await apart(a, place)
    await insert_commands(a, place, by_phone, [cmd.AssignConversation("ana")])
    await a.run(by_phone)
    await a.answer(by_lid, "Olá!")

    await link(a, place, by_lid, by_phone)

    assert await given.rows("SELECT agent FROM conversations WHERE status = 'open'") == ["ana"]
    assert await given.rows("SELECT status FROM outbox") == ["cancelled"]
    await holds(given)


async def test_a_waiting_customer_is_still_listed_after_the_merge(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    stays, joins = await apart(a, place)
    await insert_commands(a, place, joins, [cmd.TransferConversation("bia", "atendimento")])
    await a.run(joins)

    await link(a, place, stays, joins)

    lists = await given.rows(
        "SELECT (status, waiting_since IS NOT NULL)::text FROM conversations ORDER BY opened_at"
    )
    assert lists == ["(waiting,t)", "(resolved,f)"]


async def test_rows_that_wait_go_along_in_the_order_they_came(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    by_lid, by_phone = await apart(a, place)
    await insert_commands(a, place, by_lid, [cmd.MergeThread(str(by_phone))])
    for n in range(4):
        await insert_commands(
            a, place, (by_lid, by_phone)[n % 2], [build_message(f"n{n}", f"n{n}")]
        )

    await a.run(by_lid)

    assert [said for said in await given.load_transcript(by_lid) if said[0] == "n"] == [
        "n0",
        "n1",
        "n2",
        "n3",
    ]
    assert await given.count("inbox", "processed_at IS NULL") == 0


async def test_a_row_that_still_arrives_for_the_old_thread_is_forwarded(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    by_lid, by_phone = await apart(a, place)
    await link(a, place, by_lid, by_phone)
    a.memory.clear()
    await insert_commands(a, place, by_phone, [build_message("late", "late")])

    steps = await a.run(by_phone)

    assert steps[0].moved_to == by_lid
    assert "late" in await given.load_transcript(by_lid)
    assert await given.count("conversations", "status <> 'resolved'") == 1


@pytest.mark.parametrize("command", ["message", "receipt"])
async def test_a_host_that_remembers_the_old_thread_without_a_conversation_writes_nothing(
    a: Host,
    b: Host,
    place: ChannelRef,
    given: RowBuilder,
    ownership: ShardAssignments,
    command: str,
) -> None:
    by_lid = await arrive(a, place, "by lid", lid=LID)
    await a.run(by_lid)
    by_phone = await arrive(a, place, "by phone", phone=PHONE)
    await a.run(by_phone)
    await insert_commands(a, place, by_phone, [cmd.ResolveConversation("ana")])
    await a.run(by_phone)
    remembered = a.memory[by_phone]
    await link(a, place, by_lid, by_phone)
    a.memory[by_phone] = remembered
    rows: dict[str, cmd.DurableCommand] = {
        "message": build_message("late"),
        "receipt": cmd.ReceiveDeliveryReceipt(("x",), DeliveryStatus.READ),
    }
    await insert_commands(a, place, by_phone, [rows[command]])

    assert (await a.step(by_phone)).verdict is StepVerdict.LOST
    assert (await a.step(by_phone)).moved_to == by_lid
    assert await given.count("conversations", "status <> 'resolved'") == 1


async def test_opening_a_conversation_while_its_thread_is_being_joined_waits_and_loses(
    a: Host, b: Host, place: ChannelRef, given: RowBuilder
) -> None:
    """The step's commit and the link's meet on the thread's row."""
    by_lid = await arrive(a, place, "by lid", lid=LID)
    await a.run(by_lid)
    by_phone = await arrive(a, place, "by phone", phone=PHONE)
    async with given.admin.transaction():
        await given.admin.execute("SELECT FROM threads WHERE id = $1 FOR UPDATE", by_phone)
        opening = asyncio.ensure_future(a.step(by_phone))
        await until_somebody_waits(b)
        await given.admin.execute(
            "UPDATE threads SET merged_into = $1 WHERE id = $2", by_lid, by_phone
        )

    assert (await opening).verdict is StepVerdict.LOST
    assert await given.count("conversations") == 1


async def until_somebody_waits(host: Host) -> None:
    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    async with host.database.as_system() as connection:
        await wait_until(lambda: connection.fetchval(waits))


async def test_linking_at_both_ends_at_once_makes_no_circle(
    a: Host, b: Host, place: ChannelRef, given: RowBuilder
) -> None:
    by_lid, by_phone = await apart(a, place)
    twin = Host(a.name, b.database, a.epochs)
    await insert_commands(a, place, by_lid, [cmd.MergeThread(str(by_phone))])
    await insert_commands(a, place, by_phone, [cmd.MergeThread(str(by_lid))])

    await asyncio.gather(a.run(by_lid), twin.run(by_phone))
    await a.run(by_lid)
    await a.run(by_phone)

    assert await given.count("threads", "merged_into IS NULL") == 1
    assert await given.count("conversations", "status <> 'resolved'") == 1
    assert await given.count("inbox", "processed_at IS NULL") == 0
    await holds(given)


async def test_timers_of_resolved_conversations_do_not_block_the_merge(
    a: Host, given: RowBuilder
) -> None:
    slow = await given.place(burst_window_s=60)
    by_lid = await arrive(a, slow, "by lid", lid=LID)
    await a.run(by_lid)
    await insert_commands(a, slow, by_lid, [cmd.ResolveConversation("ana")])
    await a.run(by_lid)
    by_phone = await arrive(a, slow, "by phone", phone=PHONE)
    await a.run(by_phone)
    assert await given.count("timers") == 2

    await link(a, slow, by_lid, by_phone)

    assert await given.rows("SELECT thread_id FROM timers") == [by_lid]
    assert await given.rows(
        "SELECT outcome FROM inbox WHERE command ->> 'type' = 'link_thread'"
    ) == ["done"]


async def test_news_kept_for_both_threads_go_along(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    by_lid, by_phone = await apart(a, place)
    for thread in (by_lid, by_phone):
        await insert_commands(a, place, thread, [cmd.ReceiveEdit(f"e-{thread}", "m9", "certo")])
        await a.run(thread)

    await link(a, place, by_lid, by_phone)
    await insert_commands(a, place, by_lid, [build_message("m9", "errado")])
    await a.run(by_lid)

    assert "certo" in await given.load_transcript(by_lid)
    assert await given.count("unmatched") == 0


async def test_an_echo_of_what_was_sent_before_linking_finds_its_row(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    by_lid, by_phone = await apart(a, place)
    await a.answer(by_phone, "Olá!")
    claimed = await a.claim(by_phone)
    assert claimed is not None
    await a.settle(claimed, cmd.SendStatus.FAILED)
    await link(a, place, by_lid, by_phone)
    echo = cmd.ReceiveEcho(
        "out-1", str(claimed.id), build_message("x").content, build_message("x").sent_at
    )
    await insert_commands(a, place, by_lid, [echo])

    await a.run(by_lid)

    assert await given.rows("SELECT status FROM outbox") == ["sent"]
    assert await given.count("messages", "author = 'integration'") == 0


async def test_a_person_known_on_two_channels_is_joined_on_both(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    second = ChannelRef(place.tenant, await given.channel(place.tenant))
    third = ChannelRef(place.tenant, await given.channel(place.tenant))
    by_lid, by_phone = await apart(a, place)
    other_lid = await arrive(a, second, "second by lid", lid=LID)
    other_phone = await arrive(a, second, "second by phone", phone=PHONE)
    only_phone = await arrive(a, third, "third by phone", phone=PHONE)
    for thread in (other_lid, other_phone, only_phone):
        await a.run(thread)

    await link(a, place, by_lid, by_phone)
    await a.run(other_lid)

    assert await given.rows(
        "SELECT id FROM threads WHERE merged_into IS NULL ORDER BY id"
    ) == sorted([by_lid, other_lid, only_phone])
    assert (
        len(set(await given.rows("SELECT contact_id FROM threads WHERE merged_into IS NULL"))) == 1
    )
    assert await given.count("contacts", "merged_into IS NULL") == 1
    assert sorted(await given.load_transcript(other_lid)) == ["second by lid", "second by phone"]


async def test_a_host_that_does_not_own_the_thread_links_nothing(
    a: Host, b: Host, place: ChannelRef, given: RowBuilder, ownership: ShardAssignments
) -> None:
    by_lid, by_phone = await apart(a, place)
    await insert_commands(a, place, by_lid, [cmd.MergeThread(str(by_phone))])
    await ownership.assign_all(b)

    assert (await a.step(by_lid)).verdict is StepVerdict.LOST
    assert await given.count("threads", "merged_into IS NOT NULL") == 0
    await b.run(by_lid)
    assert await given.count("threads", "merged_into IS NOT NULL") == 1


async def test_a_link_is_done_once_however_often_it_is_asked_for(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    by_lid, by_phone = await apart(a, place)
    for n in range(3):
        await arrive(a, place, f"both {n}", lid=LID, phone=PHONE)
    await insert_commands(a, place, by_lid, [cmd.MergeThread(str(by_phone))])

    await a.run(by_lid)

    assert await given.count("inbox", "command ->> 'type' = 'link_thread'") == 2
    assert await given.count("events", "type = 'threads_linked'") == 1
    await holds(given)


async def test_a_link_that_cannot_be_done_is_parked_and_the_next_row_proceeds(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    by_lid, by_phone = await apart(a, place)
    (merged,) = await given.states(by_phone)
    await given.admin.execute(
        "INSERT INTO events SELECT tenant_id, conversation_id, 99, thread_id, type, body,"
        " schema_version, at FROM events WHERE conversation_id = $1 AND version = 1",
        merged,
    )
    await given.admin.execute(
        "UPDATE conversations SET state = state || '{\"version\": 98}' WHERE id = $1", merged
    )
    await insert_commands(
        a, place, by_lid, [cmd.MergeThread(str(by_phone)), build_message("after", "after")]
    )

    verdicts = [(await a.step(by_lid)).verdict for _ in range(3)]
    await a.run(by_lid)

    assert verdicts == [StepVerdict.FAILED] * 3
    assert await given.rows("SELECT outcome FROM inbox ORDER BY id DESC LIMIT 2") == [
        "done",
        "parked:step_failed",
    ]
    assert "after" in await given.load_transcript(by_lid)
    assert await given.count("threads", "merged_into IS NOT NULL") == 0


async def test_the_effects_of_a_merge_reach_the_host_like_those_of_any_step(
    a: Host, place: ChannelRef
) -> None:
    by_lid, by_phone = await apart(a, place)
    await insert_commands(a, place, by_lid, [cmd.MergeThread(str(by_phone))])

    linked = await a.step(by_lid)

    assert linked.verdict is StepVerdict.DONE
    assert {effect.turn for effect in linked.effects if isinstance(effect, fx.RunTurnEffect)} == {
        a.turn(by_lid).id
    }
