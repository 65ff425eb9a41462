"""Journeys past a gateway that fails: the customer gets every answer once."""

import asyncio

import pytest

from tests.end_to_end.conftest import EndToEndFixture
from tests.end_to_end.phone_customer import PhoneCustomer
from tests.end_to_end.provider_definitions import BROKEN, FORGOTTEN, build_provider
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio

SEND = "/send/text"


async def got_it_once(customer: PhoneCustomer) -> None:
    """The answer is on the phone once, and our row says so with the gateway's id."""
    (shown,) = await customer.phone_shows()
    (row,) = await customer.rows("outbox")
    assert await customer.named() == [[customer.tag(1)]]
    assert row["status"] == "sent"
    assert (row["external_id"], str(row["id"])) == (shown["messageid"], shown["track_id"])


async def test_an_answer_lost_by_the_gateway_arrives_once(running_product: EndToEndFixture) -> None:
    """Its echo says that it arrived, long before anybody has to look it up."""
    customer = running_product.customer(BROKEN["perdida"])
    await running_product.inject_fault(
        "gateway", "lost_answer", customer.line.token, path=SEND, count=1
    )

    await customer.tell(1)
    await customer.shows("outbox", "status", "sent")

    await got_it_once(customer)
    (row,) = await customer.rows("outbox")
    assert (row["attempts"], row["resends"]) == (1, 0)
    await customer.shows("messages", "status", None, "read")


async def test_whatever_the_gateway_answers_the_customer_gets_it_once(
    running_product: EndToEndFixture,
) -> None:
    """All at once: what is uncertain is only looked up after the time of a send is over."""
    async with asyncio.TaskGroup() as group:
        group.create_task(an_answer_lost_without_an_echo(running_product))
        group.create_task(an_error_that_may_have_sent(running_product))
        group.create_task(a_busy_gateway(running_product, "limite", 429, times=2))
        # The gateway says so when its session is away, which holds the channel for a while.
        group.create_task(a_busy_gateway(running_product, "ocupado", 503, times=1))
        group.create_task(a_gateway_that_is_not_there(running_product))


async def an_answer_lost_without_an_echo(running_product: EndToEndFixture) -> None:
    customer = running_product.customer(BROKEN["sem-eco"])
    await without_echo(customer)
    await running_product.inject_fault(
        "gateway", "lost_answer", customer.line.token, path=SEND, count=1
    )

    await customer.tell(1)
    await customer.shows("outbox", "status", "uncertain")
    await customer.shows("outbox", "status", "sent", within=60)

    await got_it_once(customer)
    assert await customer.column("outbox", "attempts") == [1]


async def without_echo(customer: PhoneCustomer) -> None:
    line = customer.line
    settings = {
        "url": customer.running_product.channel(line)["webhook_url"],
        "enabled": True,
        "events": ["messages", "messages_update", "connection"],
        "excludeMessages": ["wasSentByApi"],
    }
    answer = await customer.running_product.http.post(
        "/gateway/webhook", json=settings, headers={"token": line.token}
    )
    assert answer.is_success


async def an_error_that_may_have_sent(running_product: EndToEndFixture) -> None:
    customer = running_product.customer(BROKEN["erro"])
    await running_product.inject_fault(
        "gateway", "status", customer.line.token, path=SEND, status=500, count=1
    )

    await customer.tell(1)
    await customer.shows("outbox", "status", "uncertain")
    await customer.shows("outbox", "status", "sent", within=60)

    await got_it_once(customer)
    assert await customer.column("outbox", "resends") == [1]


async def a_busy_gateway(
    running_product: EndToEndFixture, name: str, status: int, times: int
) -> None:
    customer = running_product.customer(BROKEN[name])
    order = {"path": SEND, "status": status, "count": times, "retry_after": 1}
    await running_product.inject_fault("gateway", "status", customer.line.token, **order)

    await customer.tell(1)
    await customer.shows("outbox", "status", "sent", within=60)

    await got_it_once(customer)
    assert await customer.column("outbox", "attempts") == [times + 1]


async def a_gateway_that_is_not_there(running_product: EndToEndFixture) -> None:
    customer = running_product.customer(BROKEN["recusado"])
    well = build_provider(customer.line, running_product.stack.sandbox)
    away = [
        {**each, "base_url": "http://127.0.0.1:9/gateway"}
        for each in well["channels"]
        if each["slug"] == customer.line.channel
    ]
    await running_product.apply_provider({**well, "channels": away})

    await customer.tell(1)
    await customer.shows("outbox", "code", "unreachable")
    assert await customer.column("outbox", "status") in (["queued"], ["sending"])
    await running_product.apply_provider(well)
    await customer.shows("outbox", "status", "sent", within=60)

    await got_it_once(customer)


async def test_a_gateway_that_refuses_us_holds_the_channel_until_it_takes_us_again(
    running_product: EndToEndFixture,
) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(a_held_channel(running_product, "barrado", 401, "unauthorized"))
        group.create_task(a_held_channel(running_product, "preso", 463, "capped"))


async def a_held_channel(
    running_product: EndToEndFixture, name: str, status: int, reason: str
) -> None:
    customer, other = running_product.customer(BROKEN[name]), running_product.customer(BROKEN[name])
    await running_product.inject_fault(
        "gateway", "status", customer.line.token, path=SEND, status=status, count=1
    )

    await customer.tell(1)
    held = await wait_until(lambda: hold(customer))
    await other.tell(1)
    await other.shows("outbox", "status", "queued")
    assert held == reason
    assert await customer.column("outbox", "status") == ["queued"]
    assert await other.column("outbox", "attempts") == [0]

    await asyncio.gather(customer.hears(1, within=60), other.hears(1, within=60))
    await asyncio.gather(*(one.shows("outbox", "status", "sent") for one in (customer, other)))
    for one in (customer, other):
        await got_it_once(one)

    async def released() -> bool:
        return await hold(customer) is None

    await wait_until(released)


async def hold(customer: PhoneCustomer) -> str | None:
    """Why the customer's channel is held."""
    (row,) = await customer.running_product.fetch(
        "SELECT held_reason FROM channels WHERE id = $1::text::uuid",
        customer.running_product.channel(customer.line)["id"],
    )
    reason: str | None = row["held_reason"]
    return reason


async def test_what_a_gateway_never_repeats_is_fetched_and_answered(
    running_product: EndToEndFixture,
) -> None:
    customer = running_product.customer(FORGOTTEN)
    await running_product.configure_delivery(FORGOTTEN, repeat=1)
    await running_product.inject_fault("webhook", "drop", FORGOTTEN.token)

    await customer.tell(1, 2)
    await wait_until(customer.threads)
    await running_product.clear_faults()
    await customer.hears(1)
    await customer.shows("outbox", "status", *["sent"] * len(await customer.rows("outbox")))

    assert [tag for names in await customer.named() for tag in names] == [
        customer.tag(1),
        customer.tag(2),
    ]
    await customer.tell(3)
    await customer.hears(len(await customer.heard()) + 1)
    assert [tag for names in await customer.named() for tag in names][-1] == customer.tag(3)
