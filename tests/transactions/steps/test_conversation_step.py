"""Statement 2: all of a step or nothing of it, by the one who owns the thread."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from niochat.conversations.step.step_types import MAX_ROWS_PER_STEP, StepVerdict
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.evolve import replay
from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.errors import UnavailableError
from niochat.domain.message import DeliveryStatus, MessageContent, MessageKind
from tests.builders import (
    SENT_AT,
    ChannelRef,
    Host,
    RowBuilder,
    ShardAssignments,
    build_finished_turn,
    build_message,
    insert_commands,
)

pytestmark = pytest.mark.asyncio
LATER = SENT_AT + timedelta(minutes=1)
"""When a person has read and typed."""

TABLES = ("events", "messages", "outbox", "timers", "turns", "unmatched")


async def everything(given: RowBuilder) -> dict[str, list[object]]:
    """Every row a step may write."""
    written = {t: await given.rows(f"SELECT t::text FROM {t} t ORDER BY 1") for t in TABLES}
    written["inbox"] = await given.rows("SELECT (id, outcome, failures) FROM inbox ORDER BY id")
    written["conversations"] = await given.rows("SELECT c::text FROM conversations c ORDER BY id")
    return written


async def holds(given: RowBuilder, thread: UUID) -> None:
    """The log has no gap and leads to the stored state."""
    logs, states = await given.logs(thread), await given.states(thread)
    assert {conversation: replay(log) for conversation, log in logs.items()} == states


async def test_a_burst_is_one_commit_and_each_message_is_stored_once(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await insert_commands(
        a, place, thread, [build_message(f"m{n}", f"texto {n}") for n in range(5)]
    )

    await a.run(thread)

    assert await given.load_transcript(thread) == [f"texto {n}" for n in range(5)]
    assert await given.count("inbox", "outcome = 'done'") == 5
    assert len(set(await given.rows("SELECT xid FROM events"))) == 1
    await holds(given, thread)


async def test_more_rows_than_a_step_takes_are_taken_by_the_next(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await insert_commands(
        a, place, thread, [build_message(f"m{n}") for n in range(MAX_ROWS_PER_STEP + 1)]
    )

    steps = await a.run(thread)

    assert [step.more for step in steps] == [True, False]
    assert await given.count("messages") == MAX_ROWS_PER_STEP + 1


async def test_a_whole_conversation_leaves_a_log_without_a_gap(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await insert_commands(a, place, thread, [build_message("m1", "oi")])
    await a.run(thread)
    await a.answer(thread, "Olá!", "Como posso ajudar?")
    await insert_commands(
        a, place, thread, [build_message("m2", "caiu"), cmd.AssignConversation("ana")]
    )
    await a.run(thread)
    await insert_commands(
        a, place, thread, [cmd.ResolveConversation("ana"), build_message("m3", "obrigado")]
    )
    await a.run(thread)

    assert await given.load_transcript(thread) == [
        "oi",
        "obrigado",
        "Olá!",
        "Como posso ajudar?",
        "caiu",
    ]
    assert await given.rows("SELECT status FROM conversations ORDER BY opened_at") == [
        "resolved",
        "pending",
    ]
    assert len(set(await given.rows("SELECT protocol FROM conversations"))) == 2
    await holds(given, thread)


async def test_of_two_hosts_at_the_same_version_one_wins_and_nothing_of_the_other_is_written(
    a: Host, b: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await insert_commands(a, place, thread, [build_message("m1")])
    await a.run(thread)
    b.name = a.name  # the instant between: both are taken for the owner
    b.__post_init__()
    b.epochs, b.memory = dict(a.epochs), dict(a.memory)

    answers = await asyncio.gather(
        a.step(thread, build_finished_turn(a.turn(thread), "De A.")),
        b.step(thread, build_finished_turn(b.turn(thread), "De B.")),
    )

    assert sorted(answer.verdict for answer in answers) == [StepVerdict.DONE, StepVerdict.LOST]
    winner = "De A." if answers[0].verdict is StepVerdict.DONE else "De B."
    assert await given.rows("SELECT text FROM outbox") == [winner]
    assert winner in await given.load_transcript(thread)
    await holds(given, thread)


async def test_a_stale_epoch_loses_even_at_the_right_version(
    a: Host,
    b: Host,
    place: ChannelRef,
    thread: UUID,
    given: RowBuilder,
    ownership: ShardAssignments,
) -> None:
    await insert_commands(a, place, thread, [build_message("m1")])
    await a.run(thread)
    await insert_commands(a, place, thread, [build_message("m2")])
    await ownership.assign_all(b)
    before = await everything(given)

    answer = await a.step(thread, build_finished_turn(a.turn(thread), "Tarde."))

    assert answer.verdict is StepVerdict.LOST
    assert await everything(given) == before
    assert thread not in a.memory
    assert (await b.step(thread)).verdict is StepVerdict.DONE


async def test_a_stale_epoch_opens_nothing_and_consumes_nothing(
    a: Host,
    b: Host,
    place: ChannelRef,
    thread: UUID,
    given: RowBuilder,
    ownership: ShardAssignments,
) -> None:
    silent = await given.thread(place)
    await insert_commands(a, place, thread, [build_message("m1")])
    phone = cmd.ReceiveProviderPhoneMessage("p1", MessageContent(MessageKind.TEXT, "oi"), LATER)
    await insert_commands(a, place, silent, [phone])
    await ownership.assign_all(b)
    before = await everything(given)

    answers = await a.steps(a.work(thread), a.work(silent))

    assert {answer.verdict for answer in answers} == {StepVerdict.LOST}
    assert await everything(given) == before


async def test_a_host_that_gets_its_shard_back_does_not_write_from_what_it_remembers(
    a: Host,
    b: Host,
    place: ChannelRef,
    thread: UUID,
    given: RowBuilder,
    ownership: ShardAssignments,
) -> None:
    await insert_commands(a, place, thread, [build_message("m1")])
    await a.run(thread)
    remembered = dict(a.memory)
    await ownership.assign_all(b)
    await insert_commands(b, place, thread, [cmd.ResolveConversation("ana"), build_message("m2")])
    await b.run(thread)
    await ownership.assign_all(a)
    a.memory = remembered
    await insert_commands(a, place, thread, [cmd.AssignConversation("ana")])

    assert (await a.step(thread)).verdict is StepVerdict.LOST
    assert (await a.step(thread)).verdict is StepVerdict.DONE
    await holds(given, thread)


async def test_a_silent_step_loses_to_another_conversation_of_the_same_version(
    a: Host,
    b: Host,
    place: ChannelRef,
    thread: UUID,
    given: RowBuilder,
    ownership: ShardAssignments,
) -> None:
    await insert_commands(a, place, thread, [build_message("m1")])
    await a.run(thread)
    remembered = dict(a.memory)
    await ownership.assign_all(b)
    await insert_commands(b, place, thread, [cmd.ResolveConversation("ana")])
    await b.run(thread)
    await insert_commands(b, place, thread, [build_message("m2")])
    await b.run(thread)
    await ownership.assign_all(a)
    a.memory = remembered
    await insert_commands(
        a, place, thread, [cmd.ReceiveDeliveryReceipt(("unknown",), DeliveryStatus.READ)]
    )
    assert (
        a.memory[thread].version
        == (await given.rows("SELECT version FROM conversations WHERE status = 'pending'"))[0]
    )

    assert (await a.step(thread)).verdict is StepVerdict.LOST


async def test_a_conversation_that_two_hosts_open_at_once_is_one(
    a: Host, b: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await insert_commands(a, place, thread, [build_message("m1")])
    b.name = a.name
    b.__post_init__()
    b.epochs = dict(a.epochs)

    answers = await asyncio.gather(a.step(thread), b.step(thread))

    assert StepVerdict.DONE in {answer.verdict for answer in answers}
    assert await given.count("conversations") == await given.count("messages") == 1
    assert await given.count("turns") == 1
    await holds(given, thread)


async def test_of_a_batch_each_thread_wins_or_loses_alone(
    a: Host, b: Host, place: ChannelRef, given: RowBuilder, ownership: ShardAssignments
) -> None:
    threads = [await given.thread(place) for _ in range(6)]
    for n, thread in enumerate(threads):
        await insert_commands(a, place, thread, [build_message(f"m{n}")])
    gone = threads[1::2]
    await ownership.assign_all(b, *gone)
    kept = [t for t in threads if t.int % 1024 not in {g.int % 1024 for g in gone}]

    answers = await a.steps(*(a.work(thread) for thread in threads))

    won = {answer.thread_id for answer in answers if answer.verdict is StepVerdict.DONE}
    assert won == set(kept)
    assert set(await given.rows("SELECT thread_id FROM conversations")) == won


async def test_a_step_whose_answer_was_lost_is_not_done_twice(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await insert_commands(a, place, thread, [build_message("m1")])
    await a.run(thread)
    turn = a.turn(thread)
    await a.step(thread, build_finished_turn(turn, "Olá!"))
    before = await everything(given)

    a.memory.clear()  # all of the batch is dropped and loaded again
    answer = await a.step(thread, build_finished_turn(turn, "Olá!"))

    assert answer.verdict is StepVerdict.DONE
    assert answer.effects == ()
    assert await everything(given) == before


async def test_a_refused_agent_command_is_consumed_with_its_reason(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await insert_commands(
        a,
        place,
        thread,
        [cmd.AssignConversation("ana"), build_message("m1"), cmd.AssignConversation("ana")],
    )

    await a.run(thread)

    assert await given.rows("SELECT outcome FROM inbox ORDER BY id") == [
        "refused:resolved",
        "done",
        "done",
    ]


async def test_an_edit_before_its_message_in_one_step_is_applied(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await insert_commands(
        a, place, thread, [cmd.ReceiveEdit("e", "m1", "certo"), build_message("m1", "errado")]
    )

    await a.run(thread)

    assert await given.load_transcript(thread) == ["certo"]
    assert await given.count("unmatched") == 0


async def test_news_before_their_message_are_kept_in_order_over_steps(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await insert_commands(
        a,
        place,
        thread,
        [
            cmd.ReceiveEdit("e1", "m1", "um"),
            cmd.ReceiveEdit("e2", "m1", "dois"),
            cmd.ReceiveEdit("e3", "m1", "um"),
        ],
    )
    await a.run(thread)
    await insert_commands(
        a,
        place,
        thread,
        [
            build_message("m1", "zero"),
            cmd.ReceiveDeletion(("m1",)),
            cmd.ReceiveReaction("r", "m1", "👍", False),
        ],
    )
    await a.run(thread)

    assert await given.load_transcript(thread) == ["um"]
    assert await given.rows("SELECT reactions FROM messages") == [{"customer": "👍"}]
    assert await given.count("messages", "deleted_at IS NOT NULL") == 1
    assert await given.count("unmatched") == 0


async def test_an_answer_and_a_takeover_in_one_step_leave_nothing_to_send(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await insert_commands(a, place, thread, [build_message("m1")])
    await a.run(thread)
    await insert_commands(a, place, thread, [cmd.AssignConversation("ana")])

    await a.answer(thread, "Olá!")

    assert await given.rows("SELECT status FROM outbox") == ["cancelled"]
    assert await a.claim(thread) is None


async def test_a_retry_and_a_takeover_in_one_step_leave_nothing_to_send(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await insert_commands(a, place, thread, [build_message("m1")])
    await a.run(thread)
    await a.answer(thread, "Olá!")
    claimed = await a.claim(thread)
    assert claimed is not None
    await insert_commands(a, place, thread, [cmd.AssignConversation("ana")])

    await a.settle(claimed, cmd.SendStatus.RETRY)

    assert await given.rows("SELECT status FROM outbox") == ["cancelled"]


async def test_a_message_typed_on_the_phone_is_stored_without_a_conversation(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    phone = cmd.ReceiveProviderPhoneMessage(
        "p1", MessageContent(MessageKind.TEXT, "bom dia"), LATER
    )
    await insert_commands(a, place, thread, [phone])

    await a.run(thread)

    assert await given.load_transcript(thread) == ["bom dia"]
    assert await given.count("conversations") == await given.count("events") == 0


async def test_without_the_database_the_step_says_so_and_the_rows_wait(
    b: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await insert_commands(b, place, thread, [build_message("m1")])
    b.database.terminate()

    with pytest.raises(UnavailableError):
        await b.step(thread)

    assert await given.count("inbox", "processed_at IS NULL AND failures = 0") == 1


async def test_a_state_survives_the_way_through_json(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    waiting = await given.tenant(burst_window_s=2.5)
    slow = ChannelRef(waiting, await given.channel(waiting))
    thread = await given.thread(slow)
    await insert_commands(a, slow, thread, [build_message("m1"), build_message("m2")])
    await a.run(thread)
    phone = cmd.ReceiveProviderPhoneMessage("p1", MessageContent(MessageKind.TEXT, "oi"), LATER)
    await insert_commands(a, slow, thread, [phone])
    await a.run(thread)

    (stored,) = (await given.states(thread)).values()

    assert stored == a.memory[thread].conversation
    assert stored.paused_until is not None
    assert replace(stored, timers={}) != stored
    assert stored.status is ConversationStatus.PENDING
