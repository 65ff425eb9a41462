"""Journeys of a rating: a customer is asked after the end, and whatever comes back is heard."""

from typing import Any

import pytest

from tests.end_to_end.conftest import EndToEndFixture
from tests.end_to_end.phone_customer import PhoneCustomer
from tests.end_to_end.provider_definitions import RATED
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio


async def asked(running_product: EndToEndFixture) -> PhoneCustomer:
    """The assistant answered and ended the conversation; the phone shows the request."""
    customer = running_product.customer(RATED)
    await customer.tell(1)
    await customer.hears(1)
    await customer.say("era só isso, obrigado, tchau")
    await customer.shows("conversations", "status", "resolved")
    await wait_until(lambda: _hears(customer, "Como foi?"), 60)
    await customer.shows("conversations", "rating_status", "sent")
    return customer


async def _hears(customer: PhoneCustomer, text: str) -> bool:
    return (await customer.heard())[-1:] == [text]


async def test_an_emoji_is_a_rating_and_a_comment_may_follow(
    running_product: EndToEndFixture,
) -> None:
    customer = await asked(running_product)

    await customer.say("🤩")
    await wait_until(lambda: _hears(customer, "Obrigada!"))
    await customer.say("a moça foi super atenciosa comigo")

    async def has_comment() -> bool:  # the gateway delivers when it likes
        (rating,) = await ratings_of(customer)
        return len(rating["comment_ids"]) == 1

    await wait_until(has_comment)
    (rating,) = await ratings_of(customer)
    assert (rating["status"], rating["score"]) == ("answered", 5)
    await customer.shows("conversations", "rating_score", 5)
    assert await customer.column("conversations", "status") == ["resolved"]


async def test_a_short_text_is_understood_by_the_model(running_product: EndToEndFixture) -> None:
    customer = await asked(running_product)

    await customer.say("demorou bastante")
    await wait_until(lambda: _hears(customer, "Que pena!"))

    (rating,) = await ratings_of(customer)
    assert (rating["status"], rating["score"]) == ("answered", 2)


async def test_anything_else_is_answered_like_any_message(
    running_product: EndToEndFixture,
) -> None:
    customer = await asked(running_product)
    before = len(await customer.heard())

    await customer.say(f"{customer.tag(2)} minha internet caiu de novo")
    await customer.hears(before + 1)

    assert (await customer.named())[-1] == [customer.tag(2)]
    await customer.shows("conversations", "status", "resolved", "pending")
    (rating,) = await ratings_of(customer)
    assert (rating["status"], rating["reason"]) == ("expired", "customer_wrote")


async def ratings_of(customer: PhoneCustomer) -> list[dict[str, Any]]:
    rows = await customer.running_product.fetch(
        "SELECT * FROM ratings WHERE thread_id = ANY ($1)", await customer.threads()
    )
    return [dict(row) for row in rows]
