"""Trouble with the line, plans, and people, by a model that behaves."""

import pytest

from niochat.ports.erp import ErpCapability
from tests.assistant.assistant_pipeline import AssistantPipeline

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


async def test_known_maintenance_is_told_and_no_ticket_is_opened(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer("maintenance")
    await customer.complete_identification("estou sem internet")

    assert customer.texts[0].startswith("Há uma manutenção na sua região:")
    assert "Previsão:" in customer.texts[0]
    assert await pipeline.load_erp_ledger() == []


@pytest.mark.parametrize("nth", [0, 1, 2])
async def test_no_light_leads_to_one_ticket_and_to_support(
    pipeline: AssistantPipeline, nth: int
) -> None:
    customer = await pipeline.create_customer("offline_dark", nth)
    await customer.complete_identification("minha internet caiu")
    assert customer.texts[0].endswith("A luz LOS do modem está vermelha?")

    finish = await customer.say("sim, está vermelha")

    (deed,) = await pipeline.load_erp_ledger()
    assert (deed["kind"], deed["contract"]) == ("ticket", customer.contract)
    assert deed["protocol"] in customer.texts[0]
    assert finish.handoff is not None
    assert finish.handoff.reason == "ticket_opened"
    assert await customer.load_status() == ("waiting", "suporte")
    (note,) = await customer.load_notes()
    assert f"Chamado aberto: {deed['protocol']}" in note
    assert customer.subscriber["name"].upper() in note
    assert "sem_internet" in note


async def test_a_modem_with_light_is_restarted_before_a_ticket(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer("offline_light")
    await customer.complete_identification("sem internet aqui")
    await customer.say("não, está verde")
    assert "Desligue por 30 segundos" in customer.texts[0]
    assert await pipeline.load_erp_ledger() == []

    await customer.say("não voltou")

    assert [deed["kind"] for deed in await pipeline.load_erp_ledger()] == ["ticket"]
    assert await customer.load_status() == ("waiting", "suporte")


async def test_a_modem_that_comes_back_needs_no_ticket(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer("offline_light")
    await customer.complete_identification("sem internet aqui")
    await customer.say("não está vermelha")
    await customer.say("voltou!")

    assert customer.texts[0].startswith("Que bom!")
    assert await pipeline.load_erp_ledger() == []


async def test_what_stays_slow_by_cable_gets_a_ticket(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer("slow")
    await customer.complete_identification("internet lenta demais")
    assert "Wi-Fi ou cabo?" in customer.texts[0]
    await customer.say("wifi")
    await customer.say("continua lenta no cabo também")

    (deed,) = await pipeline.load_erp_ledger()
    assert (deed["kind"], deed["type"]) == ("ticket", "2")
    assert await customer.load_status() == ("waiting", "suporte")


async def test_an_open_ticket_is_named_instead_of_a_second_one(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer("open_ticket")
    await customer.complete_identification("sem internet")
    await customer.say("sim, vermelha")

    assert f"protocolo {customer.contract}002" in customer.texts[0]
    assert await pipeline.load_erp_ledger() == []


async def test_a_stranger_hears_the_plans_and_sales_gets_the_lead(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer(phone="5581911112222")
    await customer.say("quero contratar um plano")
    assert "2 - FIBRA 500 MEGA: R$ 99,90 por mês" in customer.texts[0]
    await customer.say("o 2")
    await customer.say("Joana Prado Lima")
    await customer.say("529.982.247-25")
    finish = await customer.say("Rua Nova, 77, Centro, Olinda")

    (deed,) = await pipeline.load_erp_ledger()
    assert (deed["kind"], deed["plan"], deed["name"]) == ("lead", "2", "Joana Prado Lima")
    assert finish.handoff is not None
    assert finish.handoff.reason == "plan_wanted"
    assert await customer.load_status() == ("waiting", "vendas")
    (note,) = await customer.load_notes()
    assert "FIBRA 500 MEGA, registrado no sistema" in note
    assert "529.982.247-25" not in note


async def test_where_the_erp_takes_no_leads_sales_have_it_all_the_same(
    pipeline: AssistantPipeline,
) -> None:
    pipeline.capabilities = frozenset(ErpCapability) - {ErpCapability.LEADS}
    customer = await pipeline.create_customer(phone="5581911112222")
    for words in ("quero assinar um plano", "1", "Joana Prado", "52998224725", "Rua Nova, 7"):
        await customer.say(words)

    assert await pipeline.load_erp_ledger() == []
    assert await customer.load_status() == ("waiting", "vendas")
    assert "conferir" in (await customer.load_notes())[0]


async def test_a_third_party_sees_a_masked_name_and_may_pay(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer("third_party")
    await customer.complete_identification("quero pagar a fatura por pix")

    shown = customer.heard[1].text
    assert shown.startswith("Encontrei o cadastro de G••••••• Q•••••• M••••:")
    assert "Endereço" not in shown
    assert customer.left[-1].text.startswith("000201")


async def test_who_cancelled_is_offered_plans_or_people(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer("cancelled")
    await customer.say("quero minha fatura")
    await customer.say(customer.cpf)

    assert "sem contrato ativo" in customer.texts[0]


async def test_a_phone_written_without_its_ninth_digit_is_the_same_phone(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer("short_phone")
    await customer.complete_identification("quero minha fatura")

    assert (await customer.load_facts())["trusted"] is True


async def test_an_unknown_document_is_rechecked_once(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()
    await customer.say("quero minha fatura")
    await customer.say("529.982.247-25")
    assert "Confira e envie" in customer.texts[0]
    await customer.say("111.444.777-35")
    assert "Posso mostrar nossos planos ou chamar um atendente" in customer.texts[0]


async def test_without_an_erp_people_are_called(pipeline: AssistantPipeline) -> None:
    pipeline.capabilities = frozenset()
    customer = await pipeline.create_customer()
    await customer.say("quero minha fatura")

    assert await customer.load_status() == ("waiting", "financeiro")
    assert "Passei seu atendimento para a equipe Financeiro" in customer.texts[0]
    assert await pipeline.count_erp_requests() == {}


async def test_who_complains_is_passed_on_with_a_summary(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()
    await customer.complete_identification("minha internet está lenta")
    finish = await customer.say("quero fazer uma reclamação")

    assert finish.handoff is not None
    assert finish.handoff.reason == "anger"
    assert (await customer.load_status())[0] == "waiting"
    assert "Últimas mensagens" in (await customer.load_notes())[0]
