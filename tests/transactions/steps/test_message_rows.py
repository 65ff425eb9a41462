"""What was said, and what became of it, in the tables: notices, edits, deletions, greetings."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from niochat.conversations.conversation_inspection import ConversationInspector
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.evolve import replay
from niochat.domain.message import MessageContent, MessageKind
from tests.builders import SENT_AT, ChannelRef, Host, RowBuilder, build_message, insert_commands
from tests.transactions.turn_scenario import TurnScenario

pytestmark = pytest.mark.asyncio
GREETING = "Olá! Bem-vindo à Rede Norte."


def at(seconds: float) -> datetime:
    return SENT_AT + timedelta(seconds=seconds)


def edit(target: str, words: str, seconds: float) -> cmd.ReceiveEdit:
    return cmd.ReceiveEdit(f"e-{target}-{seconds}", target, words, at(seconds))


def phone(external: str, words: str, seconds: float) -> cmd.ReceiveProviderPhoneMessage:
    return cmd.ReceiveProviderPhoneMessage(
        external, MessageContent(MessageKind.TEXT, words), at(seconds)
    )


async def holds(given: RowBuilder, thread: UUID) -> None:
    logs, states = await given.logs(thread), await given.states(thread)
    assert {conversation: replay(log) for conversation, log in logs.items()} == states


async def each_alone(
    host: Host, place: ChannelRef, thread: UUID, commands: Sequence[cmd.DurableCommand]
) -> None:
    """A step for each, and nothing remembered: whatever is known comes from the tables."""
    for command in commands:
        await insert_commands(host, place, thread, [command])
        host.memory.clear()
        await host.run(thread)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("order", [(10, 20), (20, 10)])
@pytest.mark.parametrize("early", [True, False])
async def test_the_newest_edit_stands_in_the_tables(
    a: Host,
    place: ChannelRef,
    thread: UUID,
    given: RowBuilder,
    order: tuple[int, int],
    together: bool,
    early: bool,
) -> None:
    edits = [edit("m1", f"depois de {seconds}", seconds) for seconds in order]
    message = build_message("m1", "oi")
    commands: list[cmd.DurableCommand] = [*edits, message] if early else [message, *edits]
    if together:
        await insert_commands(a, place, thread, commands)
        await a.run(thread)
    else:
        await each_alone(a, place, thread, commands)

    (row,) = await given.admin.fetch("SELECT text, edited_at FROM messages")
    assert (row["text"], row["edited_at"]) == ("depois de 20", at(20))
    assert await given.count("unmatched") == 0
    await holds(given, thread)


async def test_an_edit_of_what_was_answered_is_the_last_thing_the_turn_reads(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    room = TurnScenario(a, place, thread, given)
    await room.submit_commands(build_message("m1", "meu CPF é 1"))
    await room.finish_turn("Não encontrei.")

    await room.submit_commands(edit("m1", "meu CPF é 2", 60))

    visit = await room.load_turn_snapshot()
    assert [line.text for line in visit.transcript] == ["Não encontrei.", "meu CPF é 2"]
    assert visit.unanswered_texts == ["meu CPF é 2"]
    await holds(given, thread)


async def test_a_turn_whose_only_message_is_deleted_is_over(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    room = TurnScenario(a, place, thread, given)
    await room.submit_commands(build_message("m1", "oi"))
    await room.submit_commands(cmd.ReceiveDeletion(("m1",)))

    assert await given.rows("SELECT status FROM turns") == ["cancelled"]
    assert await given.rows(
        "SELECT reason FROM (SELECT body ->> 'reason' AS reason FROM events"
        " WHERE type = 'turn_cancelled') AS e"
    ) == ["deleted"]
    await holds(given, thread)


async def test_a_message_and_its_deletion_in_one_step_make_no_turn(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    both_orders: tuple[list[cmd.DurableCommand], ...] = (
        [build_message("m1"), cmd.ReceiveDeletion(("m1",))],
        [cmd.ReceiveDeletion(("m2",)), build_message("m2")],
    )
    for commands in both_orders:
        await insert_commands(a, place, thread, commands)
        await a.run(thread)

    assert await given.count("turns", "status = 'running'") == 0
    assert await given.count("messages", "deleted_at IS NOT NULL") == 2
    await holds(given, thread)


async def test_a_notice_is_processed_and_leaves_nothing(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await insert_commands(a, place, thread, [cmd.ReceiveSystemNotice("m1", "pinInChatMessage")])
    await a.run(thread)

    assert await given.rows("SELECT outcome FROM inbox") == ["done"]
    assert await given.count("conversations") + await given.count("messages") == 0


async def test_a_greeting_is_shown_as_such_and_the_assistant_answers(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    room = TurnScenario(a, place, thread, given)
    await room.submit_commands(build_message("m1", "oi"))
    await room.submit_commands(phone("p1", GREETING, 1))

    visit = await room.load_turn_snapshot()
    assert [line.text for line in visit.transcript] == ["oi"]
    assert await given.rows("SELECT author FROM shown_messages ORDER BY version") == [
        "customer",
        "automatic",
    ]
    assert await given.rows("SELECT paused_until FROM conversations") == [None]
    channel = (await given.rows("SELECT slug FROM channels"))[0]
    assert await ConversationInspector(a.database).count_automatic_messages(place.tenant) == {
        channel: 1
    }
    await holds(given, thread)


async def test_a_text_that_greeted_two_customers_is_known_with_the_third(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    other = ChannelRef(place.tenant, await given.channel(place.tenant))
    for where in (place, place, other):
        thread = await given.thread(where)
        await each_alone(a, where, thread, [build_message("m1", "oi"), phone("p1", GREETING, 1)])
    assert await given.count("messages", "author = 'automatic'") == 3

    for where, author in ((place, "automatic"), (other, "phone")):
        thread = await given.thread(where)
        same = phone("p1", f" {GREETING}", 4)
        await each_alone(a, where, thread, [build_message("m1", "oi"), same])
        assert await given.rows(
            "SELECT author FROM messages WHERE thread_id = $1 AND external_id = 'p1'", thread
        ) == [author], "one channel's phone knows nothing of another's"


async def test_an_author_who_typed_within_the_hour_is_a_person_in_the_next_conversation(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await each_alone(
        a,
        place,
        thread,
        [
            phone("p1", "oi, aqui é o Rui", -60),
            build_message("m1", "oi"),
            phone("p2", "já vejo", 1),
        ],
    )

    assert await given.count("messages", "author = 'phone'") == 2
    assert await given.count("conversations", "paused_until IS NOT NULL") == 1


async def test_a_state_of_the_version_before_goes_on(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    """It knows how many are unanswered, not which: a deletion of one of them changes nothing."""
    room = TurnScenario(a, place, thread, given)
    await room.submit_commands(build_message("m1", "oi"))
    await given.admin.execute(
        "UPDATE conversations SET schema_version = 3,"
        " state = state - '{asked,in_hand,heard_at,first_heard_at}'::text[]"
    )
    a.memory.clear()

    await room.submit_commands(cmd.ReceiveDeletion(("m1",)))
    await room.finish_turn("Olá!")
    await room.submit_commands(build_message("m2", "fatura"), cmd.ReceiveDeletion(("m2",)))

    assert await given.rows("SELECT status FROM turns ORDER BY started_at") == [
        "answered",
        "cancelled",
    ], "without a burst window the second began, and was cancelled in the same step"
