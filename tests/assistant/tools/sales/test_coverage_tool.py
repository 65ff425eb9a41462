"""Whether a place is covered: by the ERP, else by the provider's own list, else nobody knows."""

from typing import Any

import pytest

from niochat.ports.erp import ErpCapability
from tests.assistant.assistant_pipeline import AssistantPipeline
from tests.assistant.scripted_customer import ScriptedCustomer

STRANGER = "5581911112222"


async def asks(
    customer: ScriptedCustomer, text: str, says: str = "Certo.", **where: str
) -> dict[str, Any]:
    await customer.run_with_model_output(text, [("verificar_cobertura", where)], says)
    return dict((await customer.list_tool_calls())[-1][1])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("text", "cep", "answer", "says"),
    [
        (
            "vcs atende no cep 53110-000?",
            "53110-000",
            "sim",
            "Temos cobertura no CEP 53110-000, sim! Quer conhecer os planos?",
        ),
        ("tem fibra no 57000000?", "57000000", "nao", "Hoje não temos cobertura no CEP 57000-000."),
    ],
)
async def test_coverage_by_postal_code_needs_no_identification(
    pipeline: AssistantPipeline, text: str, cep: str, answer: str, says: str
) -> None:
    customer = await pipeline.create_customer(phone=STRANGER)

    told = await asks(customer, text, cep=cep, says=says)

    assert (told["cobertura"], told["fonte"]) == (answer, "sistema")
    assert customer.texts[0].startswith(says)
    lie = "Não temos cobertura nesse CEP." if answer == "sim" else "Temos cobertura nesse CEP!"
    await asks(customer, text, cep=cep, says=lie)
    assert lie not in customer.texts


@pytest.mark.asyncio
async def test_a_whole_address_is_as_good(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer(phone=STRANGER)
    address = {"rua": "Rua do Sol", "numero": "10", "bairro": "Centro"}

    told = await asks(customer, "rua do sol 10 centro olinda", **address, cidade="Olinda")
    assert told["cobertura"] == "sim"
    told = await asks(customer, "rua do sol 10 centro natal", **address, cidade="Natal")
    assert told["cobertura"] == "nao"


@pytest.mark.asyncio
@pytest.mark.parametrize("where", [{}, {"rua": "Rua A"}, {"cep": "53110"}, {"cidade": "Olinda"}])
async def test_half_an_address_is_asked_for(
    pipeline: AssistantPipeline, where: dict[str, str]
) -> None:
    customer = await pipeline.create_customer(phone=STRANGER)

    assert (await asks(customer, "tem aqui?", **where))["erro"] == "falta_endereco"
    assert await pipeline.count_erp_requests() == {}


@pytest.mark.asyncio
async def test_a_cep_that_nobody_wrote_is_not_looked_up(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer(phone=STRANGER)

    assert (await asks(customer, "tem aqui?", cep="53110-000"))["erro"] == "cep_nao_informado"


@pytest.mark.asyncio
async def test_repeated_coverage_queries_are_limited(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer(phone=STRANGER)
    for number in range(5):
        cep = f"5311000{number}"
        assert (await asks(customer, f"e o {cep}?", cep=cep))["ok"]

    told = await asks(customer, "e o 53110009?", cep="53110009")

    assert told["erro"] == "limite_de_consultas"
    assert (await pipeline.count_erp_requests())["/api/ura/viabilidade/"] == 5


@pytest.mark.asyncio
async def test_an_erp_that_does_not_answer_leaves_it_unknown(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer(phone=STRANGER)
    await pipeline.inject_fault("sgp", "status", path="/api/ura/viabilidade/", status=500)

    told = await asks(
        customer, "tem no 53110-000?", cep="53110-000", says="Temos cobertura no CEP 53110-000!"
    )

    assert told["cobertura"] == "desconhecida"
    assert "Temos cobertura" not in " ".join(customer.texts)
    assert await customer.load_status() == ("pending", None)


@pytest.mark.asyncio
async def test_without_the_route_and_without_a_list_it_is_not_offered(
    pipeline: AssistantPipeline,
) -> None:
    pipeline.capabilities = frozenset(ErpCapability) - {ErpCapability.COVERAGE}
    customer = await pipeline.create_customer(phone=STRANGER)

    told = await asks(customer, "tem no 53110-000?", cep="53110-000")

    assert told["erro"] == "argumento_invalido"


@pytest.mark.asyncio
async def test_a_place_that_nobody_named_is_not_looked_up(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer(phone=STRANGER)
    where = {"rua": "Rua do Sol", "bairro": "Centro", "cidade": "Natal"}

    assert (await asks(customer, "tem aqui?", **where))["erro"] == "endereco_nao_informado"
    assert await pipeline.count_erp_requests() == {}
