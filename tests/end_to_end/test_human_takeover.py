"""Journeys of the reply right: once a person has it, the assistant says nothing."""

import pytest

from tests.end_to_end.conftest import EndToEndFixture
from tests.end_to_end.phone_customer import PhoneCustomer
from tests.end_to_end.provider_definitions import BROKEN, FAST, SUSPENDED, build_provider
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio


async def assign(customer: PhoneCustomer) -> None:
    await customer.running_product.niochat(
        "assign", f"+{customer.phone}", "--agent", "ana", "--tenant", customer.line.tenant
    )


async def give_back(customer: PhoneCustomer) -> None:
    await customer.running_product.niochat(
        "give-back", customer.phone, "--tenant", customer.line.tenant
    )


async def test_after_a_takeover_in_the_middle_of_a_turn_nothing_is_said(
    running_product: EndToEndFixture,
) -> None:
    customer = running_product.customer()
    await running_product.inject_fault("model", "hold", FAST.key, count=1)
    await customer.tell(1)
    await customer.turn_runs()

    await assign(customer)
    await customer.tell(2)
    await customer.stored(2)
    await running_product.release_held_webhooks(customer.line)

    assert await customer.heard() == []
    assert await customer.column("turns", "status") == ["cancelled"]
    assert await customer.column("turns", "code") == ["takeover"]
    assert await customer.rows("outbox") == []
    conversation = await customer.conversation()
    assert conversation is not None
    assert (conversation["status"], conversation["agent"]) == ("open", "ana")


async def test_give_back_answers_what_nobody_answered(running_product: EndToEndFixture) -> None:
    customer = running_product.customer()
    await customer.tell(1)
    await customer.hears(1)
    await assign(customer)
    await customer.tell(2, 3)

    await give_back(customer)
    await customer.hears(2)

    assert await customer.named() == [[customer.tag(1)], [customer.tag(2), customer.tag(3)]]
    await customer.shows("conversations", "status", "pending")
    await customer.shows("turns", "status", "answered", "answered")


async def test_a_takeover_cancels_the_reply_that_is_queued_behind_one_on_the_wire(
    running_product: EndToEndFixture,
) -> None:
    customer = running_product.customer()
    await running_product.inject_fault("gateway", "hold", FAST.token, path="/send/text", count=1)
    await customer.tell(1)
    await customer.shows("outbox", "status", "sending")
    await customer.tell(2)
    await customer.shows("outbox", "status", "sending", "queued")

    await assign(customer)
    await customer.shows("outbox", "status", "sending", "cancelled")
    await running_product.release_held_webhooks(customer.line)

    await customer.shows("outbox", "status", "sent", "cancelled")
    await customer.tell(3)
    await customer.stored(3)
    assert await customer.named() == [[customer.tag(1)]]
    replies = [row for row in await customer.rows("messages") if row["author"] == "assistant"]
    assert [row["code"] for row in replies] == [None, "cancelled"]


async def test_a_takeover_cancels_the_reply_that_a_held_channel_keeps(
    running_product: EndToEndFixture,
) -> None:
    customer = running_product.customer(BROKEN["preso"])
    await running_product.inject_fault("model", "hold", customer.line.key, count=1)
    await customer.tell(1)
    await customer.turn_runs()
    await connection(customer, "disconnected")
    await running_product.clear_faults()
    await customer.shows("outbox", "status", "queued")

    await assign(customer)
    await customer.shows("outbox", "status", "cancelled")
    await connection(customer, "connected")
    await give_back(customer)
    await customer.tell(2)
    await customer.hears(1)

    # What was cancelled was never said, so the customer still waits for it.
    assert await customer.named() == [[customer.tag(1), customer.tag(2)]]
    await customer.shows("outbox", "status", "cancelled", "sent")


async def connection(customer: PhoneCustomer, status: str) -> None:
    path = f"/instances/{customer.line.token}/connection"
    await customer.running_product.sandbox("POST", path, {"status": status})

    async def known() -> bool:
        rows = await customer.running_product.fetch(
            "SELECT FROM channels WHERE id = $1::text::uuid AND status = $2",
            customer.running_product.channel(customer.line)["id"],
            status,
        )
        return bool(rows)

    await wait_until(known)


async def test_a_message_typed_on_the_provider_s_phone_pauses_the_assistant(
    running_product: EndToEndFixture,
) -> None:
    customer = running_product.customer()
    await running_product.inject_fault("model", "hold", FAST.key, count=1)
    await customer.tell(1)
    await customer.turn_runs()

    await types(customer, "Oi, aqui é a Ana")
    await customer.shows("turns", "status", "cancelled")
    await customer.tell(2)
    await customer.stored(2)
    await running_product.release_held_webhooks(customer.line)

    assert await customer.heard() == ["Oi, aqui é a Ana"]
    assert await customer.rows("outbox") == []
    assert await customer.column("messages", "author") == ["customer", "phone", "customer"]
    conversation = await customer.conversation()
    assert conversation is not None
    assert conversation["status"] == "pending"
    assert conversation["paused_until"] is not None

    await give_back(customer)
    await customer.hears(2)
    assert (await customer.named())[1:] == [[customer.tag(2)]]


async def test_a_message_typed_on_the_provider_s_phone_opens_no_conversation(
    running_product: EndToEndFixture,
) -> None:
    customer = running_product.customer()

    await types(customer, "Bom dia, seu técnico chega às 10h")
    await customer.shows("messages", "author", "phone")
    assert await customer.rows("conversations") == []

    await customer.tell(1)
    await customer.hears(2)
    assert (await customer.named())[1:] == [[customer.tag(1)]]


async def test_a_greeting_of_the_provider_s_phone_silences_nobody(
    running_product: EndToEndFixture,
) -> None:
    customer = running_product.customer()
    await running_product.inject_fault("model", "hold", FAST.key, count=1)
    await customer.tell(1)
    await customer.stored(1)

    await types(customer, "Olá! Bem-vindo.", after_s=0)
    await customer.shows("messages", "author", "customer", "automatic")
    await running_product.release_held_webhooks(customer.line)

    await customer.hears(2)
    assert (await customer.named())[1:] == [[customer.tag(1)]]
    conversation = await customer.conversation()
    assert conversation is not None
    assert conversation["paused_until"] is None


async def types(customer: PhoneCustomer, text: str, **more: int) -> None:
    path = f"/instances/{customer.line.token}/phone-messages"
    await customer.running_product.sandbox(
        "POST", path, {"phone": customer.phone, "text": text, **more}
    )


async def test_a_tenant_suspended_in_the_middle_of_a_turn_says_nothing_then_or_later(
    running_product: EndToEndFixture,
) -> None:
    customer = running_product.customer(SUSPENDED)
    sandbox = running_product.stack.sandbox
    await running_product.inject_fault("model", "hold", SUSPENDED.key, count=1)
    await customer.tell(1)
    await customer.turn_runs()

    await running_product.apply_provider(build_provider(SUSPENDED, sandbox, suspended=True))
    await customer.shows("conversations", "status", "waiting")
    await customer.tell(2)
    await customer.stored(2)
    await running_product.clear_faults()
    newcomer = running_product.customer(SUSPENDED)
    await newcomer.tell(1)
    await newcomer.shows("conversations", "status", "waiting")

    await running_product.apply_provider(build_provider(SUSPENDED, sandbox, suspended=False))
    await customer.tell(3)
    await customer.stored(3)
    fresh = running_product.customer(SUSPENDED)
    await fresh.tell(1)
    await fresh.hears(1)

    assert await customer.heard() == await newcomer.heard() == []
    assert await customer.column("turns", "status") == ["cancelled"]
    assert await customer.column("messages", "author") == ["customer"] * 3
    assert await newcomer.rows("turns") == []
    assert await fresh.named() == [[fresh.tag(1)]]
    conversation = await customer.conversation()
    assert conversation is not None
    assert (conversation["status"], conversation["team"]) == ("waiting", "atendimento")
