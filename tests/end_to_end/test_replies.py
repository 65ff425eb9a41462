"""Journeys of a question: asked, gathered, interrupted, repeated, answered once."""

import asyncio
import json

import pytest

from tests.adapters.gateways.uazapi.captured_webhooks import build_message_body
from tests.end_to_end.conftest import EndToEndFixture
from tests.end_to_end.phone_customer import PhoneCustomer
from tests.end_to_end.provider_definitions import FAST, STREAMING
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio


async def test_a_burst_of_four_messages_makes_one_turn_and_one_answer(
    running_product: EndToEndFixture,
) -> None:
    customer = running_product.customer()

    await customer.tell(1, 2, 3, 4)
    await customer.hears(1)

    await customer.shows("turns", "status", "answered")
    assert await customer.named() == [[customer.tag(n) for n in (1, 2, 3, 4)]]
    assert await customer.column("messages", "author") == ["customer"] * 4 + ["assistant"]


async def test_a_message_during_a_turn_cancels_it_and_one_answer_covers_everything(
    running_product: EndToEndFixture,
) -> None:
    customer = running_product.customer()
    await running_product.inject_fault("model", "hold", FAST.key, count=1)

    await customer.tell(1)
    await customer.turn_runs()
    await customer.tell(2)
    await customer.hears(1)

    await customer.shows("turns", "status", "cancelled", "answered")
    assert await customer.column("turns", "code") == ["customer_wrote", ""]
    await running_product.release_held_webhooks(FAST)
    assert await customer.named() == [[customer.tag(1), customer.tag(2)]]


async def test_after_two_cancels_an_answer_comes_though_the_customer_writes_on(
    running_product: EndToEndFixture,
) -> None:
    customer = running_product.customer()
    await running_product.inject_fault("model", "delay", FAST.key, seconds=2)
    written = 0

    async def answered_while_writing() -> bool:
        nonlocal written
        written += 1
        await customer.tell(written)
        return bool(await customer.heard())

    await wait_until(answered_while_writing, 40, every=0.6)
    await running_product.clear_faults()
    everything = [customer.tag(number + 1) for number in range(written)]

    async def all_answered() -> bool:
        return [tag for names in await customer.named() for tag in names] == everything

    await wait_until(all_answered)
    statuses = await customer.column("turns", "status")
    assert statuses[:3] == ["cancelled", "cancelled", "answered"]
    assert "failed" not in statuses


async def test_redelivery_at_once_and_a_day_later_changes_nothing(
    running_product: EndToEndFixture,
) -> None:
    customer = running_product.customer()
    body = webhook_of(customer, 1)

    assert await running_product.post_webhook(FAST, body, times=5) == [200] * 5
    await customer.hears(1)
    await customer.shows("messages", "author", "customer", "assistant")
    await running_product.database.execute(
        "UPDATE inbox SET received_at = received_at - interval '1 day' WHERE thread_id = ANY ($1)",
        await customer.threads(),
    )
    assert await running_product.post_webhook(FAST, body) == [200]
    assert await running_product.post_webhook(FAST, webhook_of(customer, 2)) == [200]
    await customer.hears(2)

    assert await customer.named() == [[customer.tag(1)], [customer.tag(2)]]
    assert len(await customer.rows("turns")) == 2
    authors = await customer.column("messages", "author")
    assert authors == ["customer", "assistant"] * 2


def webhook_of(customer: PhoneCustomer, number: int) -> dict[str, object]:
    """A captured text message, as if this customer had written it."""
    jid = f"{customer.phone}@s.whatsapp.net"
    lid = f"9{customer.number:014d}@lid"
    identity = {"chatid": jid, "sender_pn": jid, "chatlid": lid, "sender_lid": lid, "sender": lid}
    text = f"{customer.tag(number)} bom dia"
    messageid = f"AC{customer.number:015d}{number:015d}"
    message = {**identity, "messageid": messageid, "text": text, "content": {"text": text}}
    chat = {"wa_chatid": jid, "wa_chatlid": lid, "phone": f"+{customer.phone}"}
    return {**build_message_body(message, chat), "token": customer.line.token}


async def test_the_same_text_twice_is_two_messages(running_product: EndToEndFixture) -> None:
    customer = running_product.customer()

    ids = [await customer.say("cadê meu boleto") for _ in range(2)]
    await customer.hears(1)
    await customer.shows("turns", "status", "answered")

    rows = [row for row in await customer.rows("messages") if row["author"] == "customer"]
    assert len(set(ids)) == 2
    assert [row["external_id"] for row in rows] == ids
    assert [row["text"] for row in rows] == ["cadê meu boleto"] * 2
    assert len(await customer.heard()) == 1


async def test_a_streaming_model_answers(running_product: EndToEndFixture) -> None:
    customer = running_product.customer(STREAMING)

    await customer.tell(1)
    await customer.hears(1)

    await customer.shows("turns", "status", "answered")
    assert await customer.named() == [[customer.tag(1)]]
    (turn,) = await customer.rows("turns")
    assert turn["tokens_in"] > 0
    assert turn["tokens_out"] > 0


async def test_acknowledgements_before_the_reply_end_as_read_and_never_move_backwards(
    running_product: EndToEndFixture,
) -> None:
    await running_product.configure_delivery(FAST, acks_first=True)
    customer = running_product.customer()

    await customer.tell(1)
    await customer.hears(1)

    await customer.shows("messages", "status", None, "read")
    (outbox,) = await customer.rows("outbox")
    (shown,) = await customer.phone_shows()
    assert outbox["status"] == "sent"
    assert outbox["external_id"] == shown["messageid"]
    assert shown["track_id"] == str(outbox["id"])
    changes = [
        json.loads(row["body"])["status"]
        for row in await customer.rows("events")
        if row["type"] == "message_status_changed"
    ]
    assert changes == sorted(changes, key=["sent", "delivered", "read"].index)
    assert changes[-1] == "read"
    assert not await running_product.fetch(
        "SELECT FROM unmatched WHERE thread_id = ANY ($1)", await customer.threads()
    )


async def test_a_receipt_that_comes_late_takes_nothing_back(
    running_product: EndToEndFixture,
) -> None:
    await running_product.configure_delivery(FAST, acks=False)
    customer = running_product.customer()
    await customer.tell(1)
    await customer.hears(1)
    await customer.shows("messages", "status", None, "sent")
    (shown,) = await customer.phone_shows()

    for state, expected in (("Read", "read"), ("Delivered", "read")):
        assert await running_product.post_webhook(
            FAST, receipt(customer, shown["messageid"], state)
        ) == [200]
        await customer.settled()
        assert await customer.column("messages", "status") == [None, expected]


def receipt(customer: PhoneCustomer, messageid: str, state: str) -> dict[str, object]:
    jid = f"{customer.phone}@s.whatsapp.net"
    event = {"MessageIDs": [messageid], "Chat": jid, "sender_pn": jid, "IsFromMe": False}
    return {
        "EventType": "messages_update",
        "type": "ReadReceipt",
        "state": state,
        "event": event,
        "token": customer.line.token,
    }


async def test_many_customers_at_once_get_one_answer_each(running_product: EndToEndFixture) -> None:
    customers = [running_product.customer() for _ in range(30)]

    await asyncio.gather(*(customer.tell(1, 2) for customer in customers))
    await asyncio.gather(*(customer.hears(1) for customer in customers))

    for customer in customers:
        names = [tag for names in await customer.named() for tag in names]
        assert names == [customer.tag(1), customer.tag(2)]
