"""What happens to a provider's customers is found in its project, and nothing else."""

from uuid import UUID

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.message import DeliveryStatus
from niochat.domain.tenant.supabase_project import MirroredMessages
from niochat.mirror.mirror_sources import SOURCES
from tests.builders import build_message
from tests.mirror.mirror_fixture import MirrorFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


async def test_a_conversation_is_found_in_the_shape_of_the_reference(
    mirrored: MirrorFixture,
) -> None:
    thread = await mirrored.insights.serve()
    await mirrored.send()
    (conversation,) = await mirrored.rows("conversations")
    (contact,) = await mirrored.rows("contacts")
    messages = await mirrored.rows("mensagens")
    assert conversation["provedor_id"] == mirrored.tenant
    assert conversation["contact_id"] == contact["id"]
    assert conversation["status"] == "resolved"
    assert conversation["ended_at"] is not None
    texts = sorted(row["content"] for row in messages)
    assert texts == sorted(await mirrored.given.load_transcript(thread))
    assert {row["is_from_customer"] for row in messages} == {True, False}
    ended = [row for row in await mirrored.rows("auditoria") if row["ended_at"] is not None]
    assert [row["conversation_id"] for row in ended] == [conversation["id"]]
    assert await mirrored.differences() == []


async def test_what_is_older_than_the_mirror_is_sent_too(mirrored: MirrorFixture) -> None:
    for _ in range(3):
        await mirrored.insights.serve()
    await mirrored.insights.project()
    await mirrored.send()
    assert len(await mirrored.rows("conversations")) == 3
    await mirrored.insights.serve()
    await mirrored.send()
    assert len(await mirrored.rows("conversations")) == 4
    assert await mirrored.rows("rollups")
    assert await mirrored.differences() == []


async def test_a_change_without_an_event_is_sent(mirrored: MirrorFixture) -> None:
    thread = await mirrored.insights.serve()
    await mirrored.insights.writes(thread)  # another conversation
    await mirrored.send()
    old = await mirrored.given.admin.fetch(
        "SELECT id, external_id FROM messages WHERE thread_id = $1 AND text = 'oi'"
        " ORDER BY stored_at LIMIT 1",
        thread,
    )
    await mirrored.insights.do(thread, cmd.ReceiveDeletion((old[0]["external_id"],)))
    await mirrored.send()
    (row,) = [row for row in await mirrored.rows("mensagens") if row["id"] == old[0]["id"]]
    assert row["deleted_at"] is not None
    assert row["content"] is None
    assert await mirrored.differences() == []


async def test_contacts_are_sent_when_somebody_renames_them(mirrored: MirrorFixture) -> None:
    await mirrored.insights.serve()
    await mirrored.send()
    await mirrored.given.admin.execute("UPDATE contacts SET name = 'Maria de Souza'")
    await mirrored.send()
    (contact,) = await mirrored.rows("contacts")
    assert contact["name"] == "Maria de Souza"


async def test_an_erased_person_is_erased_there_too(mirrored: MirrorFixture) -> None:
    thread = await mirrored.insights.serve()
    await mirrored.send()
    (contact,) = await mirrored.rows("contacts")
    # As an erasure would: texts are gone, and the rows of the person too.
    await mirrored.given.admin.execute("UPDATE messages SET text = '', external_id = NULL")
    await mirrored.given.admin.execute("DELETE FROM messages WHERE author = 'customer'")
    await mirrored.given.admin.execute(
        "INSERT INTO mirror_changes (tenant_id, source, ref) SELECT tenant_id, 'messages', id::text"
        " FROM unnest($1::uuid[]) AS m (id), (SELECT $2::uuid AS tenant_id) AS t"
        " UNION ALL SELECT $2, 'threads', $3::text",
        [row["id"] for row in await mirrored.rows("mensagens")],
        mirrored.tenant,
        str(thread),
    )
    await mirrored.send()
    for row in await mirrored.rows("mensagens"):
        assert not row["content"]
        if row["deleted_at"] is not None:
            assert row["contact_id"] is None
    assert await mirrored.differences() == []
    assert contact["id"] is not None


@pytest.mark.parametrize("policy", list(MirroredMessages))
async def test_a_provider_chooses_what_is_mirrored_of_messages(
    mirrored: MirrorFixture, policy: MirroredMessages
) -> None:
    await mirrored.insights.serve()
    await mirrored.send()
    await mirrored.mirror_messages(policy)
    await mirrored.send()
    rows = await mirrored.live_rows("mensagens")
    contents = {row["content"] for row in await mirrored.rows("mensagens")}
    match policy:
        case MirroredMessages.FULL:
            assert None not in contents
        case MirroredMessages.METADATA:
            assert len(rows) == 4
            assert contents == {None}
        case MirroredMessages.NONE:
            assert rows == []
            assert contents == {None}
    await mirrored.insights.serve()
    await mirrored.send()
    assert await mirrored.differences() == []


async def test_without_messages_no_row_of_one_ever_leaves(mirrored: MirrorFixture) -> None:
    await mirrored.mirror_messages(MirroredMessages.NONE)
    await mirrored.insights.serve()
    await mirrored.send()
    assert await mirrored.rows("mensagens") == []
    assert len(await mirrored.rows("conversations")) == 1


async def test_a_message_that_never_left_is_no_message_to_the_customer(
    mirrored: MirrorFixture,
) -> None:
    thread = await mirrored.given.thread(mirrored.insights.place)
    await mirrored.insights.writes(thread)
    await mirrored.insights.host.answer(thread, "Já estou verificando.")
    await mirrored.insights.do(thread, cmd.AssignConversation("ana"))
    await mirrored.send()
    rows = await mirrored.rows("mensagens")
    statuses = {row["content"]: row["additional_attributes"]["status"] for row in rows}
    assert statuses["Já estou verificando."] == "cancelled"


async def test_merged_threads_show_their_remaining_contact(mirrored: MirrorFixture) -> None:
    place = mirrored.insights.place
    first = await mirrored.given.thread(place)
    second = await mirrored.given.thread(place)
    for thread in (first, second):
        await mirrored.insights.do(thread, build_message(f"in-{thread}"))
    await mirrored.send()
    await mirrored.insights.do(first, cmd.MergeThread(str(second)))
    await mirrored.send()
    assert len({row["contact_id"] for row in await mirrored.rows("mensagens")}) == 1
    assert await mirrored.differences() == []


async def test_all_rows_of_a_table_have_the_columns_of_the_project(
    mirrored: MirrorFixture,
) -> None:
    """PostgREST sets a column that a request leaves out to NULL."""
    for source in SOURCES.values():
        if not source.columns:
            continue
        found = await mirrored.project_rows.fetch(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = $1",
            source.table,
        )
        marked = source.deleted_row(mirrored.tenant, str(UUID(int=1)), "now")
        assert {row["column_name"] for row in found} == set(marked) | {"version"}


async def test_late_receipts_reach_the_mirror(mirrored: MirrorFixture) -> None:
    thread = await mirrored.given.thread(mirrored.insights.place)
    await mirrored.insights.do(thread, build_message("in-1"), cmd.AssignConversation("ana"))
    await mirrored.insights.do(thread, cmd.ReplyToCustomer("ana", "Bom dia"))
    claimed = await mirrored.insights.host.claim(thread)
    assert claimed is not None
    await mirrored.insights.host.settle(claimed, cmd.SendStatus.SENT, "out-1")
    await mirrored.insights.do(thread, cmd.ResolveConversation("ana"))
    await mirrored.insights.do(thread, build_message("in-2"))
    await mirrored.send()
    await mirrored.insights.do(thread, cmd.ReceiveDeliveryReceipt(("out-1",), DeliveryStatus.READ))
    await mirrored.send()
    rows = {row["content"]: row for row in await mirrored.rows("mensagens")}
    assert rows["Bom dia"]["additional_attributes"]["status"] == "read"
