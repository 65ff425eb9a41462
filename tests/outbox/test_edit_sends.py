"""Editing, taking back, reacting and quoting: over the real gateway, once it is certain."""

from uuid import UUID

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.handlers.message_edits import MAX_CHANGE_ATTEMPTS
from niochat.domain.message import MessageKind
from tests.builders import build_message, insert_commands
from tests.outbox.outbox_harness import OutboxHarness

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


async def asks(harness: OutboxHarness, *commands: cmd.DurableCommand) -> None:
    await insert_commands(harness.host, harness.provider.place, harness.thread, list(commands))
    await harness.host.run(harness.thread)
    await harness.deliver_all()


async def answered(harness: OutboxHarness, words: str = "bom dia") -> str:
    """Ana took over and answered; the gateway's id of her message."""
    await asks(
        harness,
        build_message("m1"),
        cmd.AssignConversation("ana"),
        cmd.ReplyToCustomer("ana", words),
    )
    external: str = (await harness.load_send())["external_id"]
    return external


async def line(harness: OutboxHarness, external: str) -> dict[str, object]:
    """What of it is stored."""
    found = await harness.given.admin.fetchrow(
        "SELECT text, edited_at, deleted_at, reactions FROM messages WHERE external_id = $1",
        external,
    )
    assert found is not None
    return dict(found)


async def test_an_edit_counts_once_the_gateway_took_it(harness: OutboxHarness) -> None:
    external = await answered(harness)
    await harness.provider.inject_fault("gateway", "status", path="/message/edit", status=429)
    await asks(harness, cmd.EditReply("ana", external, "boa tarde"))
    assert (await line(harness, external))["text"] == "bom dia"

    await harness.expire_waits()

    stored = await line(harness, external)
    assert (stored["text"], stored["edited_at"] is not None) == ("boa tarde", True)
    assert [each["kind"] for each in await harness.provider.received()] == ["text", "edit"]


async def test_deletions_and_reactions_are_shown(harness: OutboxHarness) -> None:
    external = await answered(harness)
    await asks(harness, cmd.ReactToMessage("ana", external, "👍"))
    await asks(harness, cmd.DeleteReply("ana", external))

    stored = await line(harness, external)
    assert stored["deleted_at"] is not None
    assert "👍" in str(stored["reactions"])
    types = await harness.given.rows("SELECT type FROM events WHERE type LIKE 'message_%ed'")
    assert {"message_reacted", "message_deleted"} <= set(types)


async def test_a_change_whose_answer_was_lost_leaves_again_and_happens_once(
    harness: OutboxHarness,
) -> None:
    external = await answered(harness)
    await harness.provider.inject_fault("gateway", "lost_answer", path="/message/edit")
    await asks(harness, cmd.EditReply("ana", external, "boa tarde"))
    assert await harness.load_status() == ("queued", "answer_lost")

    await harness.expire_waits()

    assert (await line(harness, external))["text"] == "boa tarde"
    assert (await harness.load_send())["attempts"] == 2


async def test_a_change_that_is_refused_leaves_the_message_and_says_so(
    harness: OutboxHarness,
) -> None:
    external = await answered(harness)
    await harness.provider.inject_fault("gateway", "status", path="/message/edit", status=400)
    await asks(harness, cmd.EditReply("ana", external, "tarde demais"))

    assert (await line(harness, external))["text"] == "bom dia"
    assert await harness.given.rows(
        "SELECT body ->> 'change' FROM events WHERE type = 'change_failed'"
    ) == ["edit"]
    assert await harness.given.rows("SELECT status FROM messages WHERE author = 'agent'") == [
        "sent"
    ]


async def test_a_change_is_given_up_after_some_tries(harness: OutboxHarness) -> None:
    external = await answered(harness)
    await harness.provider.inject_fault(
        "gateway", "lost_answer", path="/message/edit", count=MAX_CHANGE_ATTEMPTS
    )
    await asks(harness, cmd.EditReply("ana", external, "nunca"))
    for _ in range(MAX_CHANGE_ATTEMPTS):
        await harness.expire_waits()

    assert (await harness.load_send())["status"] == "failed"
    assert (await harness.load_send())["attempts"] == MAX_CHANGE_ATTEMPTS


async def test_an_answer_quotes_the_message_it_answers(harness: OutboxHarness) -> None:
    await answered(harness)
    await asks(harness, cmd.ReplyToCustomer("ana", "sobre isto", reply_to="m1"))

    quoted = await harness.given.rows(
        "SELECT reply_to FROM shown_messages WHERE text = 'sobre isto'"
    )
    (asked,) = await harness.given.rows("SELECT id FROM messages WHERE external_id = 'm1'")
    assert quoted == [asked]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (cmd.EditReply("ana", "m1", "x"), "not_yours"),
        (cmd.DeleteReply("ana", "m1"), "not_yours"),
        (cmd.EditReply("ana", "none", "x"), "no_message"),
        (cmd.ReactToMessage("ana", "none", "👍"), "no_message"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.type,
)
async def test_an_impossible_change_is_refused_and_nothing_is_sent(
    harness: OutboxHarness, command: cmd.DurableCommand, code: str
) -> None:
    await answered(harness)
    before = await harness.given.count("outbox")
    await asks(harness, command)

    outcome = await harness.given.rows("SELECT outcome FROM inbox ORDER BY id DESC LIMIT 1")
    assert (outcome, await harness.given.count("outbox")) == ([f"refused:{code}"], before)


async def test_a_files_bytes_leave_from_the_store(harness: OutboxHarness) -> None:
    file = UUID(int=7)
    await harness.given.admin.execute(
        "INSERT INTO attachments (tenant_id, id, mimetype, filename, size)"
        " VALUES ($1, $2, 'application/pdf', 'contrato.pdf', 9)",
        harness.provider.place.tenant,
        file,
    )
    harness.host.files[file] = b"%PDF-1.4 contrato"
    attached = cmd.AttachedFile(
        str(file), MessageKind.DOCUMENT, "contrato.pdf", "application/pdf", 17
    )
    await asks(
        harness,
        build_message("m1"),
        cmd.AssignConversation("ana"),
        cmd.ReplyToCustomer("ana", "segue", file=attached),
    )

    (arrived,) = await harness.provider.received()
    assert (arrived["kind"], arrived["text"], arrived["file"]["name"]) == (
        "document",
        "segue",
        "contrato.pdf",
    )
