"""What may have left is looked up before anything is said again."""

import pytest

from tests.outbox.outbox_harness import OutboxHarness

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


@pytest.mark.parametrize("kind", ["lost_answer", "malformed"])
async def test_a_send_whose_answer_was_lost_is_found_and_not_repeated(
    harness: OutboxHarness, kind: str
) -> None:
    await harness.queue_reply("bom dia")
    await harness.provider.inject_fault("gateway", kind, path="/send")
    await harness.deliver_all()

    assert (await harness.load_send())["status"] == "uncertain"
    assert (await harness.load_send())["message_status"] == "uncertain"
    await harness.expire_waits()
    (arrived,) = await harness.provider.received()
    row = await harness.load_send()
    assert (row["status"], row["code"], row["attempts"]) == ("sent", "found", 1)
    assert row["external_id"] == arrived["messageid"]
    assert row["message_status"] == "sent"


@pytest.mark.parametrize("kind", ["drop", "status"])
async def test_a_send_that_was_never_done_is_looked_for_twice_and_sent_once_more(
    harness: OutboxHarness, kind: str
) -> None:
    await harness.queue_reply("bom dia")
    await harness.provider.inject_fault("gateway", kind, path="/send", status=500)
    await harness.deliver_all()
    before = await harness.load_send()
    assert before["status"] == "uncertain"

    await harness.expire_waits()
    assert ((await harness.load_send())["status"], (await harness.load_send())["lookups"]) == (
        "uncertain",
        1,
    )
    assert await harness.list_phone_texts() == [], "one look is not enough"
    await harness.expire_waits()
    await harness.expire_waits()

    (arrived,) = await harness.provider.received()
    row = await harness.load_send()
    assert (row["status"], row["resends"], row["attempts"]) == ("sent", 1, 2)
    assert arrived["track_id"] == str(before["id"])


async def test_a_message_that_never_arrives_fails_after_one_more_attempt(
    harness: OutboxHarness,
) -> None:
    await harness.queue_reply("bom dia")
    await harness.provider.inject_fault("gateway", "drop", path="/send", count=None)
    await harness.deliver_all()
    for _ in range(6):
        await harness.expire_waits()

    assert await harness.load_status() == ("failed", "never_arrived")
    assert (await harness.load_send())["attempts"] == 2
    assert await harness.given.rows("SELECT status FROM conversations") == ["waiting"]


async def test_a_send_that_cannot_be_looked_up_stays_uncertain(harness: OutboxHarness) -> None:
    await harness.queue_reply("bom dia")
    await harness.provider.inject_fault("gateway", "drop", path="/send")
    await harness.provider.inject_fault(
        "gateway", "status", path="/message/find", status=500, count=None
    )
    await harness.deliver_all()
    for _ in range(4):
        await harness.expire_waits()

    row = await harness.load_send()
    assert (row["status"], row["lookups"], row["attempts"]) == ("uncertain", 0, 1)
