"""What the desk sorts conversations by, put off, and taken up again: as rows."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import pytest_asyncio

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.state import ConversationPriority, ConversationStatus
from niochat.domain.ids import ConversationId
from tests.builders import ChannelRef, Host, RowBuilder, build_message, insert_commands

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def thread(a: Host, place: ChannelRef, given: RowBuilder) -> UUID:
    """A customer wrote and Ana took over."""
    thread = await given.thread(place)
    await says(a, place, thread, "m-1", cmd.AssignConversation("ana"))
    return thread


async def says(
    a: Host, place: ChannelRef, thread: UUID, name: str, *then: cmd.DurableCommand
) -> None:
    await insert_commands(a, place, thread, [build_message(name), *then])
    await a.run(thread)


async def asks(a: Host, place: ChannelRef, thread: UUID, *commands: cmd.DurableCommand) -> None:
    await insert_commands(a, place, thread, list(commands))
    await a.run(thread)


async def row(given: RowBuilder, thread: UUID) -> dict[str, object]:
    """The thread's newest conversation."""
    found = await given.admin.fetchrow(
        "SELECT * FROM conversations WHERE thread_id = $1 ORDER BY opened_at DESC LIMIT 1", thread
    )
    assert found is not None
    return dict(found)


def later(minutes: int = 60) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)


async def test_a_customer_waits_since_the_first_unanswered_message_until_an_agent_replies(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    first = (await row(given, thread))["waiting_since"]
    await says(a, place, thread, "m-2")
    again = (await row(given, thread))["waiting_since"]
    await asks(a, place, thread, cmd.ReplyToCustomer("ana", "Oi"))
    answered = (await row(given, thread))["waiting_since"]

    assert first is not None
    assert (again, answered) == (first, None)


async def test_labels_and_priority_are_found_in_their_columns(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await asks(
        a,
        place,
        thread,
        cmd.SetConversationLabels("ana", ("vip", "boleto", "vip")),
        cmd.SetConversationPriority("ana", ConversationPriority.URGENT),
    )

    found = await row(given, thread)

    assert (found["labels"], found["priority"]) == (["boleto", "vip"], 3)


async def test_a_snoozed_conversation_returns_to_its_agent_when_due(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await asks(a, place, thread, cmd.SnoozeConversation("ana", later()))
    asleep = await row(given, thread)
    await given.admin.execute("UPDATE timers SET due_at = now() WHERE name = 'snooze'")
    await a.run(thread)
    awake = await row(given, thread)

    assert (asleep["status"], asleep["waiting_since"]) == ("snoozed", None)
    assert asleep["snoozed_until"] is not None
    assert (awake["status"], awake["agent"], awake["snoozed_until"]) == ("open", "ana", None)
    assert awake["waiting_since"] is not None


async def test_a_snoozed_conversation_returns_when_the_customer_writes(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await asks(a, place, thread, cmd.SnoozeConversation("ana", later()))
    await says(a, place, thread, "m-2")

    assert (await row(given, thread))["status"] == ConversationStatus.OPEN


@pytest.mark.parametrize("remembered", [True, False])
async def test_a_reopened_conversation_goes_on_under_its_number_with_who_reopened_it(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder, remembered: bool
) -> None:
    await asks(a, place, thread, cmd.ResolveConversation("ana"))
    over = await row(given, thread)
    if not remembered:
        a.memory.clear()
    await asks(
        a, place, thread, cmd.ReopenConversation("bia", ConversationId(UUID(str(over["id"]))))
    )
    await says(a, place, thread, "m-2")
    again = await row(given, thread)

    assert (again["id"], again["protocol"]) == (over["id"], over["protocol"])
    assert (again["status"], again["agent"], again["resolved_at"]) == ("open", "bia", None)
    versions = await given.rows("SELECT version FROM events ORDER BY version")
    assert versions == list(range(1, len(versions) + 1))


async def test_a_conversation_is_not_reopened_while_another_one_of_its_customer_goes_on(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await asks(a, place, thread, cmd.ResolveConversation("ana"))
    over = await row(given, thread)
    await says(a, place, thread, "m-2")
    await asks(
        a, place, thread, cmd.ReopenConversation("bia", ConversationId(UUID(str(over["id"]))))
    )

    outcome = await given.admin.fetchval("SELECT outcome FROM inbox ORDER BY id DESC LIMIT 1")
    assert outcome == "refused:another_is_open"
    assert (await row(given, thread))["id"] != over["id"]


async def test_messages_received_while_resolved_belong_to_the_conversation_reopened_first(
    a: Host, place: ChannelRef, thread: UUID, given: RowBuilder
) -> None:
    await asks(a, place, thread, cmd.ResolveConversation("ana"))
    over = ConversationId(UUID(str((await row(given, thread))["id"])))
    await asks(a, place, thread, cmd.ReopenConversation("ana", over), build_message("m-2"))

    found = await given.admin.fetch(
        "SELECT id, status FROM conversations WHERE thread_id = $1", thread
    )
    assert [(each["id"], each["status"]) for each in found] == [(over, "open")]
