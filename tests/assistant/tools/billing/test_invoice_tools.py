"""Several invoices at once, whether one is paid, and why it is dearer: by what the ERP says."""

from collections.abc import Sequence
from typing import Any

import pytest

from niochat.domain.conversation.commands import TurnOutcome
from niochat.domain.message import MessageKind
from niochat.ports.erp import ErpCapability
from tests.assistant.assistant_pipeline import AssistantPipeline
from tests.assistant.scripted_customer import Call, ScriptedCustomer

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


async def of(pipeline: AssistantPipeline, case: str, **more: Any) -> ScriptedCustomer:
    return await (await pipeline.create_customer(case, **more)).complete_identification()


async def asks(customer: ScriptedCustomer, text: str, *calls: Call, says: str = "Certo.") -> Any:
    """The result of the last call that the model made."""
    finish = await customer.run_with_model_output(text, calls, says)
    assert finish.outcome is TurnOutcome.ANSWERED
    return (await customer.list_tool_calls())[-1][1]


async def pays(pipeline: AssistantPipeline, customer: ScriptedCustomer, count: int = 1) -> None:
    path = f"/sgp/{pipeline.erp_token}/subscribers/{customer.cpf}"
    await pipeline.sandbox.control("PUT", path, json={"paid": count})


def kinds(customer: ScriptedCustomer) -> Sequence[MessageKind]:
    return [each.kind for each in customer.left]


async def test_a_list_tells_sums_delay_and_parts_at_once(pipeline: AssistantPipeline) -> None:
    customer = await of(pipeline, "three_open")

    told = await asks(customer, "quais eu devo?", ("consultar_faturas", {}))

    first, second, third = told["faturas"]
    assert (first["dias_de_atraso"], second["dias_de_atraso"]) == (40, 10)
    assert (first["valor"], first["valor_original"]) == ("R$ 103,22", "R$ 99,90")
    assert (first["multa"], first["juros"]) == ("R$ 2,00", "R$ 1,32")
    assert "dias_de_atraso" not in third
    assert "multa" not in third
    assert (told["total"], told["total_vencido"]) == ("R$ 305,35", "R$ 205,45")
    assert told["apresentar"].endswith("Total: *R$ 305,35*")


async def test_all_invoices_leave_in_order_and_are_remembered_one_by_one(
    pipeline: AssistantPipeline,
) -> None:
    customer = await of(pipeline, "three_open")
    await asks(customer, "quanto devo?", ("consultar_faturas", {}))

    told = await asks(
        customer,
        "manda todas no pix",
        ("enviar_fatura", {"forma": "pix", "todas": True}),
        says="Seguem as três faturas, R$ 305,35 no total.",
    )

    assert kinds(customer) == [MessageKind.TEXT, *[MessageKind.IMAGE, MessageKind.TEXT] * 3]
    captions = [each.text for each in customer.left if each.kind is MessageKind.IMAGE]
    assert [text.split(",")[0] for text in captions] == [
        "Fatura de R$ 103",
        "Fatura de R$ 102",
        "Fatura de R$ 99",
    ]
    assert told["total"] == "R$ 305,35"
    assert [each["fatura"] for each in told["enviadas"]] == [1, 2, 3]
    assert [each["sent"] for each in (await customer.load_facts())["bills"]] == [["pix"]] * 3


async def test_all_may_leave_without_a_list_before(pipeline: AssistantPipeline) -> None:
    customer = await of(pipeline, "three_open")
    says = "Seguem 3 faturas, R$ 305,35 no total, cada uma com o seu código."

    await asks(
        customer, "tudo no pix", ("enviar_fatura", {"forma": "pix", "todas": True}), says=says
    )

    assert customer.texts[0] == says


async def test_some_of_them_leave_and_the_sum_is_of_those(pipeline: AssistantPipeline) -> None:
    customer = await of(pipeline, "three_open")
    await asks(customer, "quanto devo?", ("consultar_faturas", {}))

    told = await asks(
        customer, "a 3 e a 1", ("enviar_fatura", {"forma": "boleto", "faturas": [3, 1, 3]})
    )

    assert [each["fatura"] for each in told["enviadas"]] == [1, 3]
    assert told["total"] == "R$ 203,12"
    assert [each["sent"] for each in (await customer.load_facts())["bills"]] == [
        ["boleto"],
        [],
        ["boleto"],
    ]


@pytest.mark.parametrize("wanted", [[4], [0], [1, 9], [-1]])
async def test_a_number_that_is_not_in_the_list_sends_nothing(
    pipeline: AssistantPipeline, wanted: list[int]
) -> None:
    customer = await of(pipeline, "three_open")

    told = await asks(customer, "essa", ("enviar_fatura", {"forma": "pix", "faturas": wanted}))

    assert told["erro"] == "fatura_invalida"
    assert kinds(customer) == [MessageKind.TEXT]


async def test_one_number_under_its_old_name_is_still_understood(
    pipeline: AssistantPipeline,
) -> None:
    customer = await of(pipeline, "three_open")

    told = await asks(customer, "a 2", ("enviar_fatura", {"forma": "pix", "fatura": 2}))

    assert (told["valor"], told["enviado"]) == ("R$ 102,23", ["pix"])


async def test_an_erp_that_fails_after_the_first_sends_what_it_had(
    pipeline: AssistantPipeline,
) -> None:
    customer = await of(pipeline, "three_open")
    await asks(customer, "quanto devo?", ("consultar_faturas", {}))
    await pipeline.inject_fault("sgp", "status", path="/boleto/", status=500)

    told = await asks(
        customer, "todas em pix e boleto", ("enviar_fatura", {"forma": "ambos", "todas": True})
    )

    assert told["ok"]
    assert kinds(customer)[0] is MessageKind.TEXT


async def test_what_is_still_open_is_not_paid_whatever_the_customer_says(
    pipeline: AssistantPipeline,
) -> None:
    customer = await of(pipeline, "active")
    await asks(customer, "manda o pix", ("enviar_fatura", {"forma": "pix"}))

    told = await asks(
        customer,
        "paguei agora, caiu aí?",
        ("consultar_pagamento", {}),
        says="Sua fatura de R$ 99,90 consta como paga, obrigada!",
    )

    (looked,) = told["consultadas"]
    assert (looked["situacao"], looked["valor"]) == ("em aberto", "R$ 99,90")
    assert "3 dias úteis" in told["orientacao"]
    assert "consta como paga" not in " ".join(customer.texts)


async def test_what_the_erp_has_as_paid_is_told_with_its_day(pipeline: AssistantPipeline) -> None:
    customer = await of(pipeline, "active")
    await asks(customer, "manda o pix", ("enviar_fatura", {"forma": "pix"}))
    await pays(pipeline, customer)

    told = await asks(customer, "ja paguei, ve ai", ("consultar_pagamento", {}))
    (looked,) = told["consultadas"]
    assert looked["situacao"] == "paga"
    assert told["faturas"] == []

    says = f"Sua fatura de R$ 99,90 consta como paga em {looked['pago_em']}. Obrigada!"
    await asks(customer, "e aí?", ("consultar_pagamento", {}), says=says)
    assert customer.texts == [says]


async def test_where_the_erp_lists_no_payments_it_is_gone_and_not_said_to_be_paid(
    pipeline: AssistantPipeline,
) -> None:
    pipeline.capabilities = frozenset(ErpCapability) - {ErpCapability.PAID}
    customer = await of(pipeline, "active")
    await asks(customer, "manda o pix", ("enviar_fatura", {"forma": "pix"}))
    await pays(pipeline, customer)

    told = await asks(
        customer,
        "caiu?",
        ("consultar_pagamento", {}),
        says="Sua fatura de R$ 99,90 foi paga, está confirmado o pagamento.",
    )
    assert told["consultadas"][0]["situacao"] == "não está mais em aberto"
    assert "confirmado" not in customer.texts[0]

    says = "Essa fatura de R$ 99,90 não está mais em aberto no sistema."
    await asks(customer, "e agora?", ("consultar_pagamento", {}), says=says)
    assert customer.texts == [says]


async def test_a_route_that_is_away_for_payments_costs_no_conversation(
    pipeline: AssistantPipeline,
) -> None:
    customer = await of(pipeline, "paid")
    await pipeline.inject_fault("sgp", "html", path="/api/ura/titulos/", status=404)

    told = await asks(customer, "minha conta ta paga?", ("consultar_pagamento", {}))

    assert told["ok"]
    assert "pagas" not in told
    assert await customer.load_status() == ("pending", None)


async def test_paid_invoices_are_the_holders_to_see(pipeline: AssistantPipeline) -> None:
    holder = await of(pipeline, "paid")
    told = await asks(holder, "ta pago?", ("consultar_pagamento", {}))
    assert [each["situacao"] for each in told["pagas"]] == ["paga", "paga"]

    other = await of(pipeline, "paid", phone="5581911112222")
    told = await asks(other, "ta pago?", ("consultar_pagamento", {}))
    assert "pagas" not in told


async def test_a_dearer_invoice_is_explained_and_what_nobody_told_is_said_to_be_so(
    pipeline: AssistantPipeline,
) -> None:
    customer = await of(pipeline, "dearer")

    told = await asks(
        customer,
        "pq veio mais cara?",
        ("explicar_fatura", {}),
        says="Sua fatura veio R$ 33,24 a mais que a anterior: R$ 2,60 de multa, R$ 0,64 de juros e "
        "R$ 30,00 sem motivo informado no sistema.",
    )

    assert (told["multa"], told["juros"]) == ("R$ 2,60", "R$ 0,64")
    assert told["diferenca"] == "R$ 33,24 a mais que a anterior"
    assert told["sem_explicacao"] == "R$ 30,00"
    assert told["preco_do_plano"] == "R$ 129,90"
    assert "não invente" in told["orientacao"]
    assert customer.texts[0].startswith("Sua fatura veio R$ 33,24 a mais")


async def test_an_invoice_with_nothing_odd_is_explained_by_its_parts_alone(
    pipeline: AssistantPipeline,
) -> None:
    customer = await of(pipeline, "active")

    told = await asks(customer, "por que esse valor?", ("explicar_fatura", {}))

    assert told["diferenca"] == "nenhuma para a anterior"
    assert "sem_explicacao" not in told


async def test_a_third_party_is_not_told_what_was_paid_before(pipeline: AssistantPipeline) -> None:
    other = await of(pipeline, "dearer", phone="5581911112222")

    told = await asks(other, "pq veio mais cara?", ("explicar_fatura", {}))

    assert told["erro"] == "terceiro"


async def test_an_appointment_is_told_as_the_erp_has_it(pipeline: AssistantPipeline) -> None:
    customer = await of(pipeline, "visit")
    told = await asks(customer, "que horas vem o tecnico?", ("consultar_chamados", {}))
    ticket, closed = told["chamados"]
    assert ticket["agendado_para"].endswith(" 14:00")
    assert ticket["tecnico"] == "Carlos Souza"
    assert "agendado_para" not in closed

    when = ticket["agendado_para"].replace(" ", " às ")
    says = f"A visita está agendada para {when}, com o técnico Carlos Souza."
    await asks(customer, "e aí?", ("consultar_chamados", {}), says=says)
    assert customer.texts == [says]

    lie = f"A visita está agendada para {when[:-5]}16:00."
    await asks(customer, "certeza?", ("consultar_chamados", {}), says=lie)
    assert lie not in customer.texts


async def test_an_order_without_an_appointment_says_that_nobody_knows(
    pipeline: AssistantPipeline,
) -> None:
    customer = await of(pipeline, "open_ticket")

    told = await asks(
        customer,
        "quando vem?",
        ("consultar_chamados", {}),
        says="O técnico chega amanhã às 14h.",
    )

    assert told["chamados"][0]["agendado_para"] is None
    assert "não informa quando" in told["orientacao"]
    assert "amanhã" not in " ".join(customer.texts)
