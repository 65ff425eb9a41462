"""Invoices and blocked contracts from the first word to the last, by a model that behaves."""

import re

import pytest

from niochat.domain.conversation.commands import TurnOutcome
from niochat.domain.message import MessageKind
from tests.assistant.assistant_pipeline import GREETING, AssistantPipeline
from tests.assistant.scripted_customer import ScriptedCustomer

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]

PIX = re.compile(r"000201\d{2}.*6304[0-9A-F]{4}")
DIGIT_LINE = re.compile(r"[\d. ]{47,60}")
OPTIONS = "PIX ou boleto) ou o desbloqueio em confiança?"


def kinds(customer: ScriptedCustomer) -> list[MessageKind]:
    return [each.kind for each in customer.left]


async def test_a_greeting_is_answered_with_the_protocol_and_only_the_first_time(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()

    await customer.say("bom dia")
    (protocol,) = await pipeline.given.rows("SELECT protocol FROM conversations")
    assert customer.texts == [f"{GREETING}\n\nProtocolo: {protocol}"]

    await customer.say("quero minha fatura")
    assert "Protocolo" not in "".join(customer.texts)
    assert "CPF ou CNPJ" in customer.texts[0]


async def test_pix_is_a_text_then_an_image_then_the_code_alone(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()
    await customer.complete_identification("oi, quero pagar minha fatura por pix")

    assert kinds(customer) == [MessageKind.TEXT, MessageKind.IMAGE, MessageKind.TEXT]
    words, image, code = customer.left
    assert words.text.startswith("Segue sua fatura de R$ 99,90 com vencimento em ")
    assert image.data.startswith(b"\x89PNG")
    assert image.text.startswith("Fatura de R$ 99,90, vencimento ")
    assert PIX.fullmatch(code.text)
    assert (await customer.load_facts())["sent"] == ["pix"]
    assert await pipeline.load_erp_ledger() == []


async def test_a_boleto_is_a_text_then_the_pdf_then_the_digit_line(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()
    await customer.complete_identification("preciso do boleto")

    assert kinds(customer) == [MessageKind.TEXT, MessageKind.DOCUMENT, MessageKind.TEXT]
    assert customer.left[1].data.startswith(b"%PDF")
    assert DIGIT_LINE.fullmatch(customer.left[2].text)


async def test_both_forms_follow_one_text(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()
    await customer.complete_identification("quero minha fatura")
    assert "PIX ou boleto?" in customer.texts[0]

    await customer.say("os dois")

    assert kinds(customer) == [
        MessageKind.TEXT,
        MessageKind.IMAGE,
        MessageKind.TEXT,
        MessageKind.DOCUMENT,
        MessageKind.TEXT,
    ]
    assert (await customer.load_facts())["sent"] == ["pix", "boleto"]


async def test_an_invoice_without_pix_is_offered_as_boleto(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer("no_pix")
    await customer.complete_identification("quero pagar minha fatura por pix")

    assert kinds(customer) == [MessageKind.TEXT]
    assert customer.texts == ["Essa forma não está disponível para esta fatura. Pode ser boleto?"]
    await customer.say("boleto")
    assert kinds(customer)[0] is MessageKind.TEXT
    assert DIGIT_LINE.fullmatch(customer.left[-1].text)


async def test_a_pix_code_that_the_list_lacks_is_asked_for(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer("pix_on_demand")
    await customer.complete_identification("quero pagar minha fatura por pix")

    assert kinds(customer) == [MessageKind.TEXT, MessageKind.IMAGE, MessageKind.TEXT]
    assert PIX.fullmatch(customer.left[-1].text)


async def test_who_owes_nothing_is_told_so(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer("no_invoice")
    await customer.complete_identification("quero a segunda via da fatura")

    assert customer.texts[0].startswith("Não há faturas em aberto neste contrato.")


async def test_of_two_contracts_one_is_chosen_by_its_number(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer("two_contracts")
    await customer.say("quero minha fatura no boleto")
    await customer.say(customer.cpf)
    assert "Qual é o contrato?" in customer.texts[0]
    assert all(f"({each['id']})" in customer.texts[0] for each in customer.subscriber["contracts"])

    await customer.say("2")

    chosen = customer.subscriber["contracts"][1]["id"]
    assert (await customer.load_facts())["contract"] == str(chosen)
    assert kinds(customer)[:2] == [MessageKind.TEXT, MessageKind.DOCUMENT]


async def test_a_company_chooses_among_its_invoices(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer("company")
    await customer.complete_identification("quero minha fatura")
    assert customer.texts[0].startswith("1 - *R$ 2")
    assert "(vencida)" in customer.texts[0]
    assert "2 - *R$ 199,90*" in customer.texts[0]

    await customer.say("a 2, por boleto")

    (sent,) = [
        result for tool, result in await customer.list_tool_calls() if tool == "enviar_fatura"
    ]
    listed = next(r for tool, r in await customer.list_tool_calls() if tool == "escolher_contrato")
    assert sent["vencimento"] == listed["faturas"][1]["vencimento"]


async def test_who_is_suspended_hears_both_ways_out_and_is_unlocked_on_request(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer("suspended")
    await customer.complete_identification("estou sem internet")
    assert customer.texts[0].startswith("Seu contrato está suspenso por uma fatura pendente.")
    assert OPTIONS in customer.texts[0]
    assert await pipeline.load_erp_ledger() == []

    await customer.say("quero o desbloqueio em confiança")

    (deed,) = await pipeline.load_erp_ledger()
    assert (deed["kind"], deed["contract"]) == ("unlock", customer.contract)
    assert deed["protocol"] in customer.texts[0]
    assert customer.texts[0].startswith("Pronto! Seu acesso está liberado até ")
    assert await customer.load_status() == ("pending", None)


async def test_who_has_reduced_speed_hears_of_the_invoice_and_gets_no_ticket(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer("reduced")
    await customer.complete_identification("minha internet está muito lenta")

    assert OPTIONS in customer.texts[0]
    assert await pipeline.load_erp_ledger() == []


@pytest.mark.parametrize(
    ("case", "said"), [("suspended_used", "já foi usado"), ("suspended_refused", "não disponível")]
)
async def test_an_unlock_that_may_not_be_is_explained(
    pipeline: AssistantPipeline, case: str, said: str
) -> None:
    customer = await pipeline.create_customer(case)
    await customer.complete_identification("quero o desbloqueio em confiança")

    assert said in customer.texts[0]
    assert await pipeline.load_erp_ledger() == []


async def test_who_says_to_have_paid_is_not_told_that_it_is_confirmed(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()
    await customer.complete_identification("quero pagar minha fatura por pix")

    finish = await customer.say("paguei, segue o comprovante")

    assert finish.outcome is TurnOutcome.ANSWERED
    assert "A baixa é automática" in customer.texts[0]
    assert "confirmado" not in customer.texts[0]


async def test_a_no_to_the_shown_contract_asks_for_the_right_document(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()
    await customer.complete_identification("quero minha fatura", yes="não, está errado")

    assert "o CPF ou CNPJ do titular correto" in customer.texts[0]
    assert (await customer.load_facts())["contract"] == ""


async def test_who_is_done_is_let_go_and_comes_back_to_a_new_protocol(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()
    await customer.complete_identification("quero pagar minha fatura por pix")

    finish = await customer.say("era só isso, obrigado")
    assert finish.close
    assert await customer.load_status() == ("resolved", None)
    assert "Até logo" in customer.texts[0]

    await customer.say("oi")
    protocols = await pipeline.given.rows("SELECT protocol FROM conversations ORDER BY opened_at")
    assert len(protocols) == 2
    assert protocols[1] in customer.texts[0]
