"""Rows that no step can take: set aside after three failures, or left to newer code."""

import secrets
from uuid import UUID

import pytest

from niochat.conversations.step.step_types import StepVerdict
from niochat.domain.errors import UnreadableDataError
from tests.builders import ChannelRef, Host, RowBuilder, build_message, insert_commands
from tests.transactions.steps.test_conversation_step import holds

pytestmark = pytest.mark.asyncio


async def test_a_poison_row_is_parked_after_three_failures_and_the_next_row_proceeds(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await insert_commands(a, place, thread, [build_message("m1")])
    await a.run(thread)
    await poison(given, place, thread)
    await insert_commands(a, place, thread, [build_message("m2")])

    verdicts = [(await a.step(thread)).verdict for _ in range(3)]
    assert verdicts == [StepVerdict.FAILED] * 3
    await a.run(thread)

    assert await given.rows("SELECT outcome FROM inbox ORDER BY id") == [
        "done",
        "parked:step_failed",
        "done",
    ]
    (log,) = (await given.logs(thread)).values()
    assert [event.type for event in log][-4:] == [
        "command_parked",
        "turn_cancelled",
        "conversation_handed_off",
        "message_received",
    ]
    await holds(given, thread)


async def test_a_poison_first_message_opens_a_conversation_for_people(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await poison(given, place, thread)

    for _ in range(3):
        await a.step(thread)
    await a.run(thread)

    assert await given.rows("SELECT status FROM conversations") == ["waiting"]
    assert await given.count("inbox", "processed_at IS NULL") == 0


async def test_poison_in_one_thread_does_not_hold_up_the_others_of_its_batch(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    other = await given.thread(place)
    await poison(given, place, thread)
    await insert_commands(a, place, other, [build_message("m1")])

    answers = await a.steps(a.work(thread), a.work(other))

    assert [answer.verdict for answer in answers] == [StepVerdict.FAILED, StepVerdict.DONE]
    assert await given.rows("SELECT failures FROM inbox ORDER BY id") == [1, 0]


async def test_rows_before_the_poison_are_processed_first(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await insert_commands(a, place, thread, [build_message("m1"), build_message("m2")])
    await poison(given, place, thread)

    await a.step(thread)
    await a.step(thread)

    assert await given.count("inbox", "outcome = 'done'") == 2


async def poison(given: RowBuilder, place: ChannelRef, thread: UUID) -> None:
    """A row that this code reads but no table takes: its id is too long for an index."""
    command = {
        "type": "receive_message",
        "external_id": secrets.token_hex(8000),
        "content": {"kind": "text", "text": "oi"},
        "sent_at": "2026-03-01T12:00:00+00:00",
    }
    await given.admin.execute(
        "INSERT INTO inbox (tenant_id, id, channel_id, thread_id, shard, dedupe_key, command)"
        " VALUES ($1, nextval('inbox_numbers'), $2, $3, shard_of($3), 'poison', $4)",
        place.tenant,
        place.channel,
        thread,
        command,
    )


@pytest.mark.parametrize("command", [{"type": "of_next_year"}, "words", [{"external_id": 1}]])
async def test_a_row_of_newer_code_waits_uncounted_and_what_came_before_it_is_processed(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder, command: object
) -> None:
    await insert_commands(a, place, thread, [build_message("m1")])
    await given.admin.execute(
        "INSERT INTO inbox (tenant_id, id, channel_id, thread_id, shard, dedupe_key, command)"
        " VALUES ($1, nextval('inbox_numbers'), $2, $3, shard_of($3), 'new', $4)",
        place.tenant,
        place.channel,
        thread,
        command,
    )

    first = await a.step(thread)
    second = await a.step(thread)

    assert (first.verdict, first.more) == (StepVerdict.DONE, True)
    assert second.verdict is StepVerdict.FAILED
    assert await given.rows(
        "SELECT (processed_at IS NULL, failures)::text FROM inbox ORDER BY id"
    ) == ["(f,0)", "(t,0)"]


async def test_a_state_of_newer_code_is_left_alone(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await insert_commands(a, place, thread, [build_message("m1")])
    await a.run(thread)
    await given.admin.execute("UPDATE conversations SET schema_version = 99")
    await insert_commands(a, place, thread, [build_message("m2")])
    a.memory.clear()

    assert (await a.step(thread)).verdict is StepVerdict.FAILED
    assert await given.rows("SELECT failures FROM inbox WHERE processed_at IS NULL") == [0]
    with pytest.raises(UnreadableDataError):
        await given.states(thread)
