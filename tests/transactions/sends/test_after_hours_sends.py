"""Statement 3 while nobody is there: the assistant's words leave, until a person does anything."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import pytest_asyncio

from niochat.adapters.postgres.queries import queries
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.state import ConversationStatus, TimerName
from niochat.domain.message import MessageContent, MessageKind
from tests.builders import (
    ChannelRef,
    Host,
    RowBuilder,
    ShardAssignments,
    build_message,
    insert_commands,
)

pytestmark = pytest.mark.asyncio
CLOSED = [{"days": [0, 1, 2, 3, 4, 5, 6], "opens": "03:33:00", "closes": "03:34:00"}]
ALWAYS = [{"days": [0, 1, 2, 3, 4, 5, 6], "opens": "00:00:00", "closes": "23:59:59.999999"}]


@pytest_asyncio.fixture
async def place(given: RowBuilder) -> AsyncIterator[ChannelRef]:
    yield await given.place(hours=CLOSED)


@pytest_asyncio.fixture
async def served(a: Host, place: ChannelRef, thread: UUID) -> UUID:
    """Handed off, nobody there; the assistant has answered what came since."""
    await writes(a, place, thread, "m1")
    turn = a.turn(thread)
    said, handoff = (
        (MessageContent(MessageKind.TEXT, "Passei."),),
        cmd.HandoffRequest("atendimento", "asked_for_human"),
    )
    ended = cmd.TurnOutcome.ANSWERED
    await a.step(thread, cmd.FinishAssistantTurn(turn.id, turn.attempt, ended, said, handoff))
    claimed = await a.claim(thread)
    assert claimed is not None
    await a.settle(claimed, cmd.SendStatus.SENT, "out-0")
    await writes(a, place, thread, "m2")
    await a.answer(thread, "Um.", "Dois.")
    return thread


async def writes(host: Host, place: ChannelRef, thread: UUID, external: str) -> None:
    await insert_commands(host, place, thread, [build_message(external)])
    await host.run(thread)


async def stored(given: RowBuilder, thread: UUID) -> tuple[str, bool]:
    (row,) = await given.admin.fetch("SELECT * FROM conversations WHERE thread_id = $1", thread)
    return row["status"], row["state"]["after_hours"]


async def test_it_leaves_though_the_conversation_waits_for_people(
    a: Host, served: UUID, given: RowBuilder
) -> None:
    assert await stored(given, served) == ("waiting", True)

    claimed = await a.claim(served)

    assert claimed is not None
    assert claimed.text == "Um."


@pytest.mark.parametrize(
    "act",
    [cmd.AssignConversation("ana"), cmd.ResolveConversation("ana"), cmd.SuspendAssistant()],
    ids=lambda act: act.type,
)
async def test_nothing_starts_to_leave_after_a_persons_commit(
    act: cmd.DurableCommand, a: Host, place: ChannelRef, served: UUID, given: RowBuilder
) -> None:
    leaving = await a.claim(served)
    await insert_commands(a, place, served, [act])
    await a.run(served)

    assert leaving is not None
    await a.settle(leaving, cmd.SendStatus.SENT, "out-1")
    assert await a.claim(served) is None
    assert await given.rows("SELECT status FROM outbox ORDER BY position") == [
        "sent",
        "sent",
        "cancelled",
    ]


async def test_a_host_that_was_asleep_when_a_person_took_it_starts_nothing(
    a: Host, b: Host, place: ChannelRef, served: UUID, ownership: ShardAssignments
) -> None:
    """The row is the arbiter: what memory believes does not count."""
    old = dict(a.epochs)
    await ownership.assign_all(b)
    await insert_commands(b, place, served, [cmd.AssignConversation("ana")])
    await b.run(served)
    a.epochs = old

    assert await a.claim(served) is None
    assert await b.claim(served) is None


async def test_the_timer_of_the_opening_ends_it_once_people_are_there(
    a: Host, place: ChannelRef, served: UUID, given: RowBuilder
) -> None:
    due = "UPDATE timers SET due_at = now() WHERE thread_id = $1 AND name = 'opening'"
    await given.admin.execute(due, served)
    await a.run(served)
    assert await stored(given, served) == ("waiting", True), "nobody is there yet"

    await given.admin.execute(
        "UPDATE tenants SET policy = policy || jsonb_build_object('hours', $2::jsonb)"
        " WHERE tenant_id = $1",
        place.tenant,
        ALWAYS,
    )
    await given.admin.execute(due, served)
    await a.run(served)

    assert await stored(given, served) == ("waiting", False)
    assert await a.claim(served) is None
    assert await given.count("outbox", "status = 'cancelled'") == 2


async def test_killed_between_commit_and_memory_it_goes_on_from_the_row(
    a: Host, b: Host, place: ChannelRef, served: UUID, ownership: ShardAssignments
) -> None:
    a.memory.clear()
    await ownership.assign_all(b)

    await writes(b, place, served, "m3")

    known = b.memory[served].conversation
    assert known is not None
    assert known.after_hours
    assert known.status is ConversationStatus.WAITING
    assert known.turn is not None
    assert TimerName.OPENING in known.timers


async def test_a_suspension_reaches_what_is_served_after_hours(
    a: Host, place: ChannelRef, served: UUID, given: RowBuilder
) -> None:
    await given.admin.execute(
        "UPDATE tenants SET status = 'suspended' WHERE tenant_id = $1", place.tenant
    )
    assert await a.claim(served) is None, "before anybody is told"
    await given.admin.execute(queries("inbox")["suspend_pending"], place.tenant, 1)
    await a.run(served)
    assert await stored(given, served) == ("waiting", False)
