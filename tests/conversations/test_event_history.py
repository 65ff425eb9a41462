"""Promises about replay: the state after any event, why it came, and whether the log is whole."""

from uuid import UUID

import pytest

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.domain_json_codec import event_to_json, state_to_json
from niochat.conversations.conversation_replay import ConversationReplay, load_history
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.evolve import replay
from niochat.domain.errors import NotFoundError
from tests.builders import (
    ChannelRef,
    Host,
    RowBuilder,
    ShardAssignments,
    build_message,
    insert_commands,
)

pytestmark = pytest.mark.asyncio


async def visited(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> tuple[ChannelRef, UUID, ConversationReplay]:
    """A visit with a turn, an answer and a takeover; its history."""
    place = await given.place(burst_window_s=0)
    host = Host("host-a:1", database)
    await ownership.assign_all(host)
    thread = await given.thread(place)
    await insert_commands(host, place, thread, [build_message("m1", "palavra secreta")])
    await host.run(thread)
    await host.answer(thread, "Olá!")
    await insert_commands(host, place, thread, [cmd.AssignConversation("ana")])
    await host.run(thread)
    (conversation,) = await given.rows("SELECT id FROM conversations")
    return place, conversation, await load_history(database, place.tenant, conversation)


async def test_the_state_after_each_event_is_the_fold_up_to_it(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> None:
    _, conversation, history = await visited(database, given, ownership)
    (thread,) = await given.rows("SELECT id FROM threads")
    log = (await given.logs(thread))[conversation]

    assert [moment.version for moment in history.entries] == list(range(1, len(log) + 1))
    assert [moment.event for moment in history.entries] == [event_to_json(event) for event in log]
    for count, moment in enumerate(history.entries, start=1):
        assert moment.state == state_to_json(replay(log[:count]))
    assert history.differences == {}


async def test_each_event_names_the_command_that_it_came_from(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> None:
    _, _, history = await visited(database, given, ownership)
    numbers = await given.rows("SELECT id FROM inbox ORDER BY id")
    causes = {moment.event["type"]: str(moment.cause) for moment in history.entries}

    assert causes["message_received"] == f"receive_message:{numbers[0]}"
    assert causes["turn_finished"].startswith("finish_assistant_turn:")
    assert causes["conversation_assigned"] == f"assign_conversation:{numbers[1]}"
    came = {moment.event["type"]: moment.command_stored_at for moment in history.entries}
    assert came["message_received"] is not None
    assert came["turn_finished"] is None


async def test_message_text_stands_beside_the_event_and_never_in_it(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> None:
    _, _, history = await visited(database, given, ownership)
    said = [moment.message_text for moment in history.entries if moment.message_text is not None]

    assert "palavra secreta" in said
    for moment in history.entries:
        assert "palavra" not in f"{moment.event}{moment.state}{moment.changed}{moment.cause}"


async def test_a_state_that_differs_from_its_log_is_reported_field_by_field(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> None:
    place, conversation, _ = await visited(database, given, ownership)
    await given.admin.execute(
        """UPDATE conversations SET state = state || '{"agent": "bia", "cancels": 2}'"""
    )

    history = await load_history(database, place.tenant, conversation)

    assert history.differences == {"agent": ("ana", "bia"), "cancels": (0, 2)}


async def test_another_tenants_conversation_is_not_there(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> None:
    _, conversation, _ = await visited(database, given, ownership)

    with pytest.raises(NotFoundError):
        await load_history(database, await given.tenant(), conversation)
