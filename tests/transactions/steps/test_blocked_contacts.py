"""Why the statements of the path know blocked contacts and conversations that agents start."""

from uuid import UUID

import pytest

from niochat.adapters.postgres.database import Database
from niochat.domain.conversation import commands as cmd
from tests.builders import (
    Admin,
    ChannelRef,
    Host,
    RowBuilder,
    ShardAssignments,
    build_inbound,
    build_message,
    insert_commands,
)

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


async def block(admin: Admin, thread: UUID) -> None:
    await admin.execute(
        "UPDATE contacts SET blocked_at = now()"
        " WHERE id = (SELECT contact_id FROM threads WHERE id = $1)",
        thread,
    )
    await admin.execute("UPDATE threads SET blocked = true WHERE id = $1", thread)


@pytest.fixture
def a(database: Database) -> Host:
    return Host("host-a:1", database)


async def test_a_started_conversation_gets_a_protocol_number_of_its_own(
    a: Host, given: RowBuilder, ownership: ShardAssignments
) -> None:
    """``load_threads`` gives a number for it, also in the batch that ends the one before."""
    await ownership.assign_all(a)
    place = await given.place()
    thread = await given.thread(place)
    commands: list[cmd.DurableCommand] = [
        build_message("m1"),
        cmd.ResolveConversation("ana"),
        cmd.StartConversation("ana", "Voltou?"),
        cmd.StartConversation("rui", "Oi"),
    ]
    await insert_commands(a, place, thread, commands)
    await a.run(thread)
    assert await given.rows("SELECT outcome FROM inbox ORDER BY id") == [
        "done",
        "done",
        "done",
        "refused:conversation_open",
    ]
    protocols = await given.rows("SELECT protocol FROM conversations")
    assert len(set(protocols)) == 2
    assert all(protocols)
    assert await given.rows("SELECT text FROM outbox WHERE origin = 'agent'") == ["Voltou?"]


async def test_a_step_reads_the_block_whatever_the_host_remembers(
    a: Host, given: RowBuilder, ownership: ShardAssignments, admin: Admin
) -> None:
    await ownership.assign_all(a)
    place = await given.place()
    thread = await given.thread(place)
    await insert_commands(a, place, thread, [build_message("m1"), cmd.ResolveConversation("ana")])
    await a.run(thread)
    await block(admin, thread)
    await insert_commands(a, place, thread, [build_message("m2")])
    await a.run(thread)
    assert await given.count("conversations") == 1
    assert await given.rows("SELECT conversation_id FROM messages ORDER BY stored_at") == [
        *await given.rows("SELECT id FROM conversations"),
        None,
    ]


@pytest.mark.parametrize("blocked", ["lid", "phone", "neither"])
async def test_who_turns_out_to_be_a_blocked_person_is_blocked(
    a: Host, given: RowBuilder, ownership: ShardAssignments, admin: Admin, blocked: str
) -> None:
    """``merge_contacts`` keeps the block of either, on all threads, and the labels of both."""
    await ownership.assign_all(a)
    place = await given.place()
    other = ChannelRef(place.tenant, await given.channel(place.tenant))
    threads = {}
    for kind, where, shown in (("lid", place, ("77", None)), ("phone", other, (None, PHONE))):
        accepted = await a.inbox.accept(
            place.tenant, where.channel, build_inbound(f"m-{kind}", lid=shown[0], phone=shown[1])
        )
        assert accepted.thread_id is not None
        threads[kind] = accepted.thread_id
        await admin.execute(
            "UPDATE contacts SET labels = ARRAY['vip', $2]"
            " WHERE id = (SELECT contact_id FROM threads WHERE id = $1)",
            accepted.thread_id,
            kind,
        )
    if blocked in threads:
        await block(admin, threads[blocked])

    both = build_inbound("m-both", lid="77", phone=PHONE)
    accepted = await a.inbox.accept(place.tenant, place.channel, both)
    assert accepted.thread_id is not None
    assert await given.count("contacts", "merged_into IS NOT NULL") == 1
    expected = blocked != "neither"
    assert set(await given.rows("SELECT blocked FROM threads")) == {expected}
    assert await given.rows(
        "SELECT blocked_at IS NOT NULL FROM contacts WHERE merged_into IS NULL"
    ) == [expected]
    assert await given.rows("SELECT labels FROM contacts WHERE merged_into IS NULL") == [
        ["lid", "phone", "vip"]
    ]


PHONE = "5511987654321"
