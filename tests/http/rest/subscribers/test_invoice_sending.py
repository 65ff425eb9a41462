"""An agent sends an invoice: the assistant's messages, by the rules of an answer."""

import pytest

from tests.http.rest.conftest import assert_problem
from tests.http.rest.subscribers.erp_desk import Body, Customer, ErpDesk, Who

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


async def taken_customer(desk: ErpDesk, case: str) -> tuple[Customer, Who, str]:
    """Whose conversation an agent took over; and the number of the first invoice."""
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer(case)
    path = f"/conversations/{customer.visit.id}/assign"
    assert (await desk.api.http.post(path, json={}, headers=who)).status_code == 200
    invoices = (await customer.of_contract("invoices", who)).json()["open"]
    return customer, who, invoices[0]["id"]


def outline(messages: list[Body]) -> list[str]:
    return [each["kind"] for each in messages]


async def test_pix_and_boleto_are_sent_as_the_assistant_sends_them(desk: ErpDesk) -> None:
    customer, who, invoice = await taken_customer(desk, "active")

    told = await customer.post(f"invoices/{invoice}/send", who, method="both")

    said = await customer.messages(who)
    assert told.json() == {
        "done": True,
        "methods": ["pix", "boleto"],
        "messages": 5,
        "message_ids": [each["id"] for each in said],
    }
    assert outline(said) == ["text", "image", "text", "document", "text"]
    first, image, pix, _, line = said
    assert first["text"].startswith("Segue sua fatura de R$ ")
    assert image["text"].startswith("Fatura de R$ ")
    assert pix["text"].startswith("000201")
    assert line["text"].replace(" ", "").replace(".", "").isdigit()
    queued = await desk.api.given.rows("SELECT DISTINCT origin FROM outbox WHERE origin = 'agent'")
    assert queued == ["agent"]


async def test_the_agents_own_words_come_first(desk: ErpDesk) -> None:
    customer, who, invoice = await taken_customer(desk, "active")
    await customer.post(f"invoices/{invoice}/send", who, method="pix", text="Aqui está, Maria.")
    said = await customer.messages(who)
    assert outline(said) == ["text", "image", "text"]
    assert said[0]["text"] == "Aqui está, Maria."


async def test_a_repeated_request_sends_nothing_again(desk: ErpDesk) -> None:
    customer, who, invoice = await taken_customer(desk, "active")
    for _ in range(2):
        told = await customer.post(f"invoices/{invoice}/send", who, "click-1", method="boleto")
        assert told.status_code == 200, told.text
    assert outline(await customer.messages(who)) == ["text", "document", "text"]


async def test_who_does_not_hold_the_conversation_sends_nothing(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("active")
    (invoice,) = (await customer.of_contract("invoices", who)).json()["open"]
    told = await customer.post(f"invoices/{invoice['id']}/send", who, method="pix")
    assert told.status_code == 409, told.text
    assert await customer.messages(who) == []


async def test_a_method_that_the_invoice_lacks_is_refused(desk: ErpDesk) -> None:
    customer, who, invoice = await taken_customer(desk, "no_pix")
    told = await customer.post(f"invoices/{invoice}/send", who, method="pix")
    assert_problem(told, 409, "method_unavailable")
    both = await customer.post(f"invoices/{invoice}/send", who, method="both")
    assert both.json()["methods"] == ["boleto"]
    assert outline(await customer.messages(who)) == ["text", "document", "text"]


async def test_an_erp_that_fails_sends_nothing(desk: ErpDesk) -> None:
    customer, who, invoice = await taken_customer(desk, "pix_on_demand")
    await desk.sgp.inject_fault("status", "/api/ura/pagamento/pix/", status=500)
    told = await customer.post(f"invoices/{invoice}/send", who, method="pix")
    assert told.status_code == 503, told.text
    assert await customer.messages(who) == []


async def test_an_invoice_of_another_contract_is_not_sent(desk: ErpDesk) -> None:
    customer, who, _ = await taken_customer(desk, "active")
    other = await desk.customer("three_open")
    theirs = (await other.of_contract("invoices", who)).json()["open"][0]["id"]
    told = await customer.post(f"invoices/{theirs}/send", who, method="pix")
    assert_problem(told, 404, "not_found")
    customer.row["contracts"] = other.row["contracts"]
    told = await customer.post(f"invoices/{theirs}/send", who, method="pix")
    assert_problem(told, 404, "not_found")
    assert await customer.messages(who) == []
