"""Journeys of who is who: by the gateway's own ids, never by likeness."""

import pytest

from tests.end_to_end.conftest import EndToEndFixture
from tests.end_to_end.provider_definitions import FAST

pytestmark = pytest.mark.asyncio


async def test_lid_first_then_phone_then_both_is_one_conversation(
    running_product: EndToEndFixture,
) -> None:
    customer = running_product.customer()
    lid = f"8{customer.number:014d}"

    await customer.say(f"{customer.tag(1)} primeira", lid=lid, hide_phone=True)
    await customer.hears(1)
    await customer.say(f"{customer.tag(2)} segunda", lid=False, hide_phone=False)
    await customer.hears(2)
    apart = await running_product.fetch(
        "SELECT DISTINCT contact_id FROM identities WHERE value = ANY ($1)", [lid, customer.phone]
    )
    await customer.say(f"{customer.tag(3)} terceira", lid=lid)
    await customer.hears(3)

    assert len(apart) == 2
    assert await customer.named() == [[customer.tag(n)] for n in (1, 2, 3)]
    contacts = await running_product.fetch(
        "SELECT DISTINCT contact_id FROM identities WHERE value = ANY ($1)", [lid, customer.phone]
    )
    assert len(contacts) == 1
    assert len(await customer.threads()) == 1
    live = [row for row in await customer.rows("conversations") if row["resolved_at"] is None]
    assert len(live) == 1
    said = [row["text"] for row in await customer.rows("messages") if row["author"] == "customer"]
    assert sorted(said) == [
        f"{customer.tag(1)} primeira",
        f"{customer.tag(2)} segunda",
        f"{customer.tag(3)} terceira",
    ]


async def test_two_customers_with_the_same_last_eight_digits_stay_two(
    running_product: EndToEndFixture,
) -> None:
    one = running_product.customer()
    other = running_product.customer(FAST, "5511" + one.phone[4:])

    await one.tell(1)
    await other.tell(1)
    await one.hears(1)
    await other.hears(1)

    assert await one.named() == [[one.tag(1)]]
    assert await other.named() == [[other.tag(1)]]
    assert await one.threads() != await other.threads()


async def test_who_changes_number_is_answered_at_the_new_one_alone(
    running_product: EndToEndFixture,
) -> None:
    old, new = running_product.customer(), running_product.customer()
    lid = f"8{old.number:014d}"

    await old.say(f"{old.tag(1)} do antigo", lid=lid)
    await old.hears(1)
    await new.say(f"{new.tag(1)} do novo", lid=lid)
    await new.hears(1)

    assert await old.named() == [[old.tag(1)]]
    assert await new.named() == [[new.tag(1)]]
    assert await old.threads() == await new.threads(), "one person"


async def test_whoever_gets_a_number_that_was_another_persons_is_somebody_else(
    running_product: EndToEndFixture,
) -> None:
    customer = running_product.customer()
    first, second = f"8{customer.number:014d}", f"9{customer.number:014d}"

    await customer.say(f"{customer.tag(1)} primeira", lid=first)
    await customer.hears(1)
    await customer.say(f"{customer.tag(2)} segunda", lid=second)
    await customer.hears(2)

    contacts = await running_product.fetch(
        "SELECT k.id FROM contacts k JOIN identities i ON i.contact_id = k.id"
        " WHERE i.value = ANY ($1)",
        [first, second],
    )
    assert len(contacts) == 2
