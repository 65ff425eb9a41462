"""A message with a file leaves as any other: once, in order, whole or not at all."""

from hashlib import sha256
from uuid import UUID, uuid4

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.message import MessageContent, MessageKind
from niochat.outbox.dispatcher import MAX_START_DELAY_S
from niochat.ports.gateway import OutboundMessage
from tests.builders import build_inbound, insert_commands
from tests.outbox.outbox_harness import FILES, PDF, PNG, OutboxHarness

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


@pytest.mark.parametrize("kind", [MessageKind.IMAGE, MessageKind.DOCUMENT])
async def test_a_file_arrives_whole_with_its_caption(
    harness: OutboxHarness, kind: MessageKind
) -> None:
    await harness.queue_reply(await harness.build_file_content(kind, "Fatura de março"))
    await harness.deliver_all()

    data, mimetype, filename = FILES[kind]
    (arrived,) = await harness.provider.received()
    assert (arrived["kind"], arrived["text"]) == (kind.value, "Fatura de março")
    assert arrived["file"] == {
        "mimetype": mimetype,
        "name": filename,
        "size": len(data),
        "sha256": sha256(data).hexdigest(),
        "voice": False,
    }
    row = await harness.load_send()
    assert (row["status"], row["message_status"], row["attempts"]) == ("sent", "sent", 1)
    assert (arrived["messageid"], arrived["track_id"]) == (row["external_id"], str(row["id"]))


async def test_a_voice_note_arrives_as_one(harness: OutboxHarness) -> None:
    await harness.queue_reply(await harness.build_file_content(MessageKind.VOICE))
    await harness.deliver_all()

    data, _, filename = FILES[MessageKind.VOICE]
    (arrived,) = await harness.provider.received()
    assert (arrived["kind"], arrived["text"]) == ("ptt", "")
    assert arrived["file"] == {
        "mimetype": "audio/ogg; codecs=opus",
        "name": filename,
        "size": len(data),
        "sha256": sha256(data).hexdigest(),
        "voice": True,
    }
    assert await harness.load_status() == ("sent", None)


async def test_texts_and_files_arrive_in_the_order_they_were_said(harness: OutboxHarness) -> None:
    image = await harness.build_file_content(MessageKind.IMAGE, "QR do PIX")
    document = await harness.build_file_content(MessageKind.DOCUMENT)
    await harness.queue_reply("o código vem a seguir", image, "00020126BR.GOV.BCB.PIX", document)
    await harness.deliver_all()

    assert [(line["kind"], line["text"]) for line in await harness.provider.received()] == [
        ("text", "o código vem a seguir"),
        ("image", "QR do PIX"),
        ("text", "00020126BR.GOV.BCB.PIX"),
        ("document", ""),
    ]


async def test_a_claim_names_the_file_and_a_text_has_none(harness: OutboxHarness) -> None:
    image = await harness.build_file_content(MessageKind.IMAGE, "QR")
    await harness.queue_reply("oi", image)
    text = await harness.host.claim(harness.thread)
    assert text is not None
    assert (text.kind, text.attachment_id) == (MessageKind.TEXT, None)
    await harness.host.settle(text, cmd.SendStatus.SENT, "A")
    picture = await harness.host.claim(harness.thread)
    assert picture is not None
    named = UUID(str(image.details["attachment"]))
    assert (picture.kind, picture.attachment_id, picture.text) == (MessageKind.IMAGE, named, "QR")
    outgoing = await harness.host.outbox.load_outbound(picture)
    assert isinstance(outgoing, OutboundMessage)
    assert outgoing.file is not None
    assert outgoing.file.data == PNG


async def test_a_file_that_is_gone_has_failed_and_people_are_called(harness: OutboxHarness) -> None:
    await harness.queue_reply(await harness.build_file_content(MessageKind.DOCUMENT, "Boleto"))
    await harness.given.admin.execute("UPDATE outbox SET attachment_id = NULL")
    await harness.given.admin.execute("DELETE FROM attachments")
    await harness.deliver_all()

    assert await harness.load_status() == ("failed", "attachment_missing")
    assert (await harness.load_send())["message_status"] == "failed"
    assert await harness.list_phone_texts() == []
    assert await harness.given.rows("SELECT status FROM conversations") == ["waiting"]


async def test_a_file_that_was_never_stored_does_not_stop_the_step(harness: OutboxHarness) -> None:
    await harness.queue_reply(MessageContent(MessageKind.IMAGE, "QR", {"attachment": str(uuid4())}))
    await harness.deliver_all()

    assert await harness.load_status() == ("failed", "attachment_missing")


async def test_a_file_of_another_tenant_does_not_leave(harness: OutboxHarness) -> None:
    foreign, theirs = await harness.given.tenant(), uuid4()
    await harness.given.admin.execute(
        "INSERT INTO attachments (tenant_id, id, mimetype, filename, data)"
        " VALUES ($1, $2, 'application/pdf', 'boleto.pdf', $3)",
        *(foreign, theirs, PDF),
    )
    await harness.queue_reply(
        MessageContent(MessageKind.DOCUMENT, "Boleto", {"attachment": str(theirs)})
    )
    await harness.deliver_all()

    assert await harness.load_status() == ("failed", "attachment_missing")
    assert await harness.list_phone_texts() == []


@pytest.mark.parametrize("status", [413, 415])
async def test_a_file_that_the_gateway_refuses_has_failed(
    harness: OutboxHarness, status: int
) -> None:
    await harness.queue_reply(await harness.build_file_content(MessageKind.IMAGE))
    await harness.provider.inject_fault("gateway", "status", path="/send/media", status=status)
    await harness.deliver_all()
    await harness.expire_waits()

    assert await harness.load_status() == ("failed", f"gateway_{status}")
    assert await harness.list_phone_texts() == []
    assert await harness.given.rows("SELECT status FROM conversations") == ["waiting"]


async def test_a_file_that_is_not_what_it_says_is_refused_by_the_gateway(
    harness: OutboxHarness,
) -> None:
    image = await harness.build_file_content(MessageKind.IMAGE)
    await harness.given.admin.execute("UPDATE attachments SET data = $1", PDF)
    await harness.queue_reply(image)
    await harness.deliver_all()

    assert await harness.load_status() == ("failed", "gateway_415")


async def test_a_file_whose_answer_was_lost_is_found_and_not_repeated(
    harness: OutboxHarness,
) -> None:
    await harness.queue_reply(await harness.build_file_content(MessageKind.DOCUMENT, "Boleto"))
    await harness.provider.inject_fault("gateway", "lost_answer", path="/send/media")
    await harness.deliver_all()

    assert (await harness.load_send())["status"] == "uncertain"
    await harness.expire_waits()
    (arrived,) = await harness.provider.received()
    row = await harness.load_send()
    assert (row["status"], row["code"], row["attempts"]) == ("sent", "found", 1)
    assert row["external_id"] == arrived["messageid"]


async def test_a_file_that_never_arrived_is_sent_whole_once_more(harness: OutboxHarness) -> None:
    await harness.queue_reply(await harness.build_file_content(MessageKind.IMAGE, "QR"))
    await harness.provider.inject_fault("gateway", "drop", path="/send/media")
    await harness.deliver_all()
    assert (await harness.load_send())["status"] == "uncertain"
    for _ in range(3):
        await harness.expire_waits()

    (arrived,) = await harness.provider.received()
    assert arrived["file"]["sha256"] == sha256(PNG).hexdigest()
    row = await harness.load_send()
    assert (row["status"], row["resends"], row["attempts"]) == ("sent", 1, 2)


async def test_a_process_that_was_paused_while_it_loaded_a_file_does_not_send(
    harness: OutboxHarness,
) -> None:
    await harness.queue_reply(await harness.build_file_content(MessageKind.IMAGE, "QR"))
    harness.clock.skip = [0.0, MAX_START_DELAY_S + 0.1]
    await harness.deliver_all()

    assert await harness.load_status() == ("queued", "paused")
    assert await harness.list_phone_texts() == []
    await harness.expire_waits()
    assert await harness.list_phone_texts() == ["QR"]


async def test_a_takeover_before_the_claim_keeps_the_file_here(harness: OutboxHarness) -> None:
    await harness.queue_reply(await harness.build_file_content(MessageKind.IMAGE, "QR"))
    await insert_commands(
        harness.host, harness.provider.place, harness.thread, [cmd.AssignConversation("ana")]
    )
    await harness.host.run(harness.thread)
    await harness.deliver_all()

    assert (await harness.load_send())["status"] == "cancelled"
    assert await harness.list_phone_texts() == []


async def test_a_file_goes_along_when_two_threads_of_a_person_become_one(
    harness: OutboxHarness,
) -> None:
    image, place, host = (
        await harness.build_file_content(MessageKind.IMAGE, "QR"),
        harness.provider.place,
        harness.host,
    )
    await harness.queue_reply("um", image)
    came = build_inbound("by lid", "oi", lid="100000000000001")
    stays = (await host.inbox.accept(place.tenant, place.channel, came)).thread_id
    assert stays is not None
    await insert_commands(host, place, stays, [cmd.MergeThread(str(harness.thread))])
    await host.run(stays)

    text = await host.claim(stays)
    assert text is not None
    await host.settle(text, cmd.SendStatus.SENT, "A")
    picture = await host.claim(stays)
    assert picture is not None
    named = UUID(str(image.details["attachment"]))
    assert (picture.kind, picture.attachment_id, picture.text) == (MessageKind.IMAGE, named, "QR")
