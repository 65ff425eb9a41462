"""Journeys of subscribers whom the assistant serves out of the ERP, and of its operator."""

from typing import Any

import httpx
import pytest

from tests.end_to_end.conftest import EndToEndFixture
from tests.end_to_end.phone_customer import PhoneCustomer
from tests.end_to_end.provider_definitions import (
    SERVED,
    UNSERVED,
    ChannelDefinition,
    build_provider,
)
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio


async def subscriber(
    running_product: EndToEndFixture, case: str, line: ChannelDefinition = SERVED
) -> tuple[PhoneCustomer, str]:
    """The phone of somebody the ERP knows, and the document."""
    found = await running_product.sandbox("GET", f"/sgp/{line.key}/subscribers")
    person = next(each for each in found["items"] if each["case"] == case)
    return running_product.customer(line, person["phone"]), person["cpf"]


async def exchange_messages(customer: PhoneCustomer, *texts: str) -> list[dict[str, Any]]:
    """Say each when the one before was answered; what the phone shows in the end."""
    for text in texts:
        before = len(await customer.heard())
        await customer.say(text)
        await customer.hears(before + 1, within=60)
    return await customer.phone_shows()


async def test_a_subscriber_pays_by_pix_and_gets_the_code_alone_at_the_end(
    running_product: EndToEndFixture,
) -> None:
    customer, document = await subscriber(running_product, "active")
    heard = len(await exchange_messages(customer, "oi, quero pagar minha fatura", document, "sim"))

    await customer.say("pix")
    await customer.hears(heard + 3, within=60)
    text, image, code = (await customer.phone_shows())[heard:]

    assert "R$ 99,90" in text["text"]
    assert code["text"].startswith("000201")
    assert "6304" in code["text"][-8:]
    assert code["text"] not in text["text"]
    assert (image["kind"], image["file"]["mimetype"]) == ("image", "image/png")
    assert (await file_of(running_product, customer, image)).startswith(b"\x89PNG")


async def test_a_boleto_is_a_pdf_and_its_digit_line(running_product: EndToEndFixture) -> None:
    customer, document = await subscriber(running_product, "no_pix")
    heard = len(await exchange_messages(customer, "quero a segunda via por boleto", document))

    await customer.say("sim")
    await customer.hears(heard + 3, within=60)
    _, pdf, line = (await customer.phone_shows())[heard:]

    assert (await file_of(running_product, customer, pdf)).lstrip().startswith(b"%PDF")
    assert sum(c.isdigit() for c in line["text"]) == 47


async def test_what_was_written_to_the_erp_is_shown_to_the_operator(
    running_product: EndToEndFixture,
) -> None:
    customer, document = await subscriber(running_product, "suspended")
    shown = await exchange_messages(
        customer, "preciso do desbloqueio em confiança", document, "sim"
    )

    ledger = await running_product.sandbox("GET", f"/sgp/{SERVED.key}/ledger")
    (unlock,) = [each for each in ledger["items"] if each["kind"] == "unlock"]
    assert unlock["protocol"] in shown[-1]["text"]
    told = await running_product.niochat("show", customer.phone, "--tenant", SERVED.tenant)
    assert f"no ERP: Unlock feito {unlock['protocol']}" in told.out


async def test_silence_brings_a_reminder_then_the_end_with_the_protocol(
    running_product: EndToEndFixture,
) -> None:
    customer, _ = await subscriber(running_product, "slow")
    await exchange_messages(customer, "oi")
    conversation = await customer.conversation()
    assert conversation is not None

    await silence_is_over(running_product, customer)
    await customer.hears(2)
    await silence_is_over(running_product, customer)
    reminder, end = (await customer.hears(3))[1:]

    assert "Ainda posso ajudar" in reminder
    assert conversation["protocol"] in end
    await customer.shows("conversations", "status", "resolved")


async def silence_is_over(running_product: EndToEndFixture, customer: PhoneCustomer) -> None:
    """The timer that waits is due now; no test waits half an hour."""

    async def moved() -> bool:
        rows = await running_product.fetch(
            "UPDATE timers t SET due_at = now() WHERE name = 'idle' AND thread_id = ANY ($1)"
            " AND due_at > now() AND NOT EXISTS (SELECT FROM outbox o"
            "   WHERE o.thread_id = t.thread_id AND o.status <> 'sent') RETURNING thread_id",
            await customer.threads(),
        )
        return bool(rows)

    await wait_until(moved)


async def test_an_erp_that_is_down_is_told_once_and_the_right_team_gets_it(
    running_product: EndToEndFixture,
) -> None:
    customer, document = await subscriber(running_product, "active", UNSERVED)
    await exchange_messages(customer, "quero minha fatura")
    await running_product.inject_fault("sgp", "drop", UNSERVED.key)

    texts = [item["text"] for item in await exchange_messages(customer, document)]

    assert "Não consegui consultar o sistema" in texts[-1]
    (conversation,) = await customer.rows("conversations")
    assert (conversation["status"], conversation["team"]) == ("waiting", "financeiro")
    told = await running_product.niochat("show", customer.phone, "--tenant", UNSERVED.tenant)
    assert "o ERP" in told.out
    doctor = await running_product.niochat("doctor", UNSERVED.tenant, code=1)
    assert "(erp_" in doctor.out
    await running_product.clear_faults()

    other, document = await subscriber(running_product, "company", UNSERVED)
    await exchange_messages(other, "quero minha fatura")
    await wait_until(lambda: identified(other, document), within=90, every=2)


async def identified(customer: PhoneCustomer, document: str) -> bool:
    """Whether the ERP answers again: its breaker rests for a while."""
    texts = [item["text"] for item in await exchange_messages(customer, document)]
    if "PADARIA" in texts[-1]:
        return True
    await customer.running_product.niochat(
        "give-back", customer.phone, "--tenant", customer.line.tenant, code=None
    )
    return False


async def test_what_an_installation_lacks_is_not_offered(running_product: EndToEndFixture) -> None:
    route = "/api/ura/liberacaopromessa"
    await running_product.inject_fault("sgp", "status", UNSERVED.key, path=route, status=404)

    ill = await running_product.niochat("doctor", UNSERVED.tenant, code=1)
    customer, document = await subscriber(running_product, "suspended", UNSERVED)
    await exchange_messages(customer, "preciso do desbloqueio em confiança", document, "sim")
    await running_product.clear_faults()
    well = await running_product.niochat("doctor", UNSERVED.tenant)

    assert "without unlock" in ill.out
    assert "all tools are offered" in well.out
    ledger = await running_product.sandbox("GET", f"/sgp/{UNSERVED.key}/ledger")
    assert ledger["items"] == []


async def test_doctor_says_that_the_erp_refuses_the_token(running_product: EndToEndFixture) -> None:
    wrong = build_provider(UNSERVED, running_product.stack.sandbox)
    wrong["erp"]["token"] = "token-of-somebody-else"
    await running_product.apply_provider(wrong)

    said = await running_product.niochat("doctor", UNSERVED.tenant, code=1)
    await running_product.apply_provider(build_provider(UNSERVED, running_product.stack.sandbox))

    assert "erp_unauthorized" in said.out
    assert "token-of-somebody-else" not in said.out + said.err


async def test_demo_tells_whom_one_can_play(running_product: EndToEndFixture) -> None:
    first = running_product.demo["subscribers"][0]

    assert first == {
        "phone": "+5581988887777",
        "cpf": first["cpf"],
        "name": "Maria da Silva",
        "case": "active",
        "open_invoices": 1,
    }
    assert len(first["cpf"]) == 11


async def file_of(
    running_product: EndToEndFixture, customer: PhoneCustomer, item: dict[str, Any]
) -> bytes:
    path = f"/instances/{customer.line.token}/customers/{customer.phone}/files/{item['messageid']}"
    async with httpx.AsyncClient(base_url=running_product.stack.sandbox, trust_env=False) as http:
        answer = await http.get(f"/sandbox{path}")
    assert answer.is_success, answer.text
    return answer.content
