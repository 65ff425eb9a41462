"""The subscriber of a contact: found by document or phone, masked by role, or why not."""

import pytest

from niochat.domain.tax_id import format_masked_tax_id, format_tax_id
from tests.builders import ChannelRef
from tests.erp.sgp_installation_client import OWNER_ROUTE
from tests.http.rest.conftest import ConversationFixture, RestApiFixture, assert_problem
from tests.http.rest.subscribers.erp_desk import Customer, ErpDesk

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


async def test_an_agent_sees_the_subscriber_with_the_contracts(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("two_contracts")

    told = await customer.subscribers(who)

    assert (told["status"], told["code"], told["retry_after_s"]) == ("ok", None, None)
    assert told["read_at"]
    assert {"invoices", "unlock"} <= set(told["capabilities"])
    (owner,) = told["items"]
    assert owner["name"].casefold() == customer.row["name"].casefold()
    assert owner["document"] == format_tax_id(customer.row["cpf"])
    assert (owner["masked"], owner["matched_by"]) == (False, "document")
    blocked, active = owner["contracts"]
    assert (blocked["status"], blocked["blocked"], blocked["can_unlock"]) == (
        "suspended",
        True,
        True,
    )
    assert (active["status"], active["blocked"], active["can_unlock"]) == ("active", False, False)
    assert active["address"]


async def test_a_viewer_sees_it_masked(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("viewer")
    customer = await desk.customer("active")

    told = await customer.subscribers(who)

    (owner,) = told["items"]
    assert owner["masked"]
    assert owner["document"] == format_masked_tax_id(customer.row["cpf"])
    assert customer.row["name"].split()[-1].casefold() not in owner["name"].casefold()
    assert [each["address"] for each in owner["contracts"]] == [None]


async def test_a_role_without_the_permission_sees_nothing(desk: ErpDesk) -> None:
    await desk.api.house.admin.execute(
        "INSERT INTO roles VALUES ($1, 'conferente', ARRAY['contacts:read'])", desk.tenant
    )
    _, who = await desk.api.add_signed_in_user("conferente")
    customer = await desk.customer("active")
    path = f"/contacts/{customer.contact}/subscribers"
    assert_problem(await desk.get(path, who), 403, "forbidden")


async def test_an_unlock_that_was_used_cannot_be_used_again(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    told = await (await desk.customer("suspended_used")).subscribers(who)
    (contract,) = told["items"][0]["contracts"]
    assert (contract["can_unlock"], contract["unlocks_this_month"]) == (False, 1)


async def test_without_an_erp_the_screen_knows(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    visit = await rest_api.conversation()
    (contact,) = await rest_api.given.rows(
        "SELECT contact_id FROM threads WHERE id = $1", visit.thread
    )
    told = await rest_api.http.get(f"/contacts/{contact}/subscribers", headers=who)
    assert (told.json()["status"], told.json()["items"]) == ("not_configured", [])
    path = f"/contacts/{contact}/contracts/5501/invoices"
    assert_problem(await rest_api.http.get(path, headers=who), 404, "not_found")


async def test_a_contact_without_document_and_phone_is_not_identified(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    visit = await desk.api.conversation()
    customer = Customer(desk, visit, await desk.contact_of(visit), {})
    assert (await customer.subscribers(who))["status"] == "not_identified"
    assert await desk.sgp.count_requests(OWNER_ROUTE) == 0


async def test_without_a_document_the_phone_finds_the_subscriber(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    row = await desk.sgp.subscriber("active")
    customer = await writes_from(desk, row["phone"])

    told = await customer.subscribers(who)

    (owner,) = told["items"]
    assert told["status"] == "ok"
    assert (owner["document"], owner["matched_by"]) == (None, "phone")
    assert [each["id"] for each in owner["contracts"]] == [str(row["contracts"][0]["id"])]


async def test_a_phone_that_the_erp_does_not_know_is_not_identified(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await writes_from(desk, "5585977770000")
    assert (await customer.subscribers(who))["status"] == "not_identified"


async def writes_from(desk: ErpDesk, phone: str) -> Customer:
    """Somebody whose CPF nobody stored."""
    place = ChannelRef(desk.tenant, await desk.api.given.channel(desk.tenant))
    thread = await desk.api.given.thread(place, phone=phone)
    (contact,) = await desk.api.given.rows("SELECT contact_id FROM threads WHERE id = $1", thread)
    return Customer(desk, ConversationFixture(thread, thread, place), contact, {})


async def test_a_document_that_the_erp_does_not_know_is_not_found(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("active")
    await customer.identify("52998224725")
    told = await customer.subscribers(who)
    assert (told["status"], told["items"]) == ("not_found", [])


async def test_an_erp_that_fails_is_unavailable_for_a_known_time(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("active")
    await desk.sgp.inject_fault("status", OWNER_ROUTE, status=500)

    told = [await customer.subscribers(who) for _ in range(6)]

    assert {each["status"] for each in told} == {"unavailable"}
    assert told[-1]["code"] == "erp_resting"  # the circuit breaker is open
    assert told[-1]["retry_after_s"] > 5
    answer = await customer.of_contract("invoices", who)
    assert_problem(answer, 503, "erp_resting")
    assert int(answer.headers["retry-after"]) > 5


async def test_reading_a_subscriber_is_audited_without_names(desk: ErpDesk) -> None:
    ana, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("active")
    await customer.subscribers(who)
    assert (await customer.of_contract("orders", who)).status_code == 200
    rows = await desk.api.house.admin.fetch(
        "SELECT who, target, after FROM audit WHERE action = 'subscribers.read' ORDER BY id"
    )
    assert [(row["who"], row["target"]) for row in rows] == [
        (str(ana), f"contact:{customer.contact}")
    ] * 2
    assert rows[0]["after"] == {"status": "ok", "shown": 1}
    assert rows[1]["after"] == {"contract": customer.contract, "what": "orders"}
