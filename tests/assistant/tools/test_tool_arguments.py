"""A tool called wrongly goes back to the model once; a model that repeats it cannot go on."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from niochat.assistant.toolbox import TOOLS
from niochat.domain.conversation.commands import TurnOutcome
from tests.assistant.assistant_pipeline import AssistantPipeline
from tests.assistant.scripted_customer import Call, ScriptedCustomer
from tests.assistant.security.test_tool_preconditions import RecordingModels

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]

WORDS = {"motivo": "nao_resolvido", "resumo": "r"}
LEAD = {"plano": 1, "nome": "Ana", "cpf_cnpj": "52998224725", "endereco": "Rua A, 1"}
GOOD: dict[str, dict[str, Any]] = {
    "identificar_cliente": {"cpf_cnpj": "52998224725"},
    "escolher_contrato": {"opcao": 1, "palavras": "sim"},
    "consultar_faturas": {},
    "enviar_fatura": {"forma": "pix"},
    "consultar_pagamento": {"fatura": 1},
    "explicar_fatura": {"fatura": 1},
    "verificar_conexao": {},
    "verificar_manutencao": {},
    "desbloqueio_confianca": {"palavras": "p"},
    "abrir_chamado": {"categoria": "outro", "resumo": "r", "sintomas": "s"},
    "consultar_chamados": {},
    "listar_planos": {},
    "registrar_interesse": LEAD,
    "verificar_cobertura": {"cep": "53000000"},
    "registrar_solicitacao": {"tipo": "vencimento", "palavras": "mudar o dia", "novo": "10"},
    "anotar_pedido": {"desejo": "planos", "palavras": "p"},
    "transferir_atendimento": {"setor": "vendas", **WORDS},
    "encerrar_atendimento": {"palavras": "m"},
}
FOREIGN = ("contrato", "tenant_id", "telefone")
"""What the server knows by itself: a model that names it is told so, not obeyed."""


def mistyped(tool: str) -> dict[str, Any]:
    """Every argument of the tool is a list; one without arguments gets some."""
    return {name: [1] for name in GOOD[tool]} or {"x": [1]}


def bad_calls(tool: str) -> list[Any]:
    return [
        {**GOOD[tool], **dict.fromkeys(FOREIGN, "5501")},
        mistyped(tool),
        "isto não é JSON",
        "[1, 2]",
        json.dumps({"x": "-" * 9000}),
        "[" * 5000,
    ]


async def refusals(customer: ScriptedCustomer, overheard: RecordingModels) -> list[str]:
    told = [json.loads(each["content"]) for each in overheard.told if each["role"] == "tool"]
    return [each["erro"] for each in told]


async def test_every_tool_is_called_here() -> None:
    assert list(GOOD) == [tool.name for tool in TOOLS]


@pytest.mark.parametrize("tool", GOOD)
async def test_a_bad_call_goes_back_once_and_does_nothing(
    pipeline: AssistantPipeline, tool: str
) -> None:
    customer = await pipeline.create_customer()
    for arguments in bad_calls(tool):
        pipeline.models = overheard = RecordingModels()

        finish = await customer.run_with_model_output("oi", [(tool, arguments)], says="Certo.")

        assert (finish.outcome, finish.code) == (TurnOutcome.ANSWERED, "")
        assert await refusals(customer, overheard) == ["argumento_invalido"]
        assert await customer.load_status() == ("pending", None)
        await overheard.close()
    kept = await customer.list_tool_calls()
    assert [(name, result["erro"]) for name, result in kept] == [
        (tool, "argumento_invalido")
    ] * len(bad_calls(tool))
    assert await pipeline.count_erp_requests() == {}


@pytest.mark.parametrize("tool", GOOD)
async def test_a_second_bad_call_of_a_tool_calls_people(
    pipeline: AssistantPipeline, tool: str
) -> None:
    customer = await pipeline.create_customer()
    calls: list[Call] = [(tool, mistyped(tool)), (tool, "[1")]

    finish = await customer.run_with_model_output("oi", calls, says="Certo.")

    assert (finish.outcome, finish.code) == (TurnOutcome.FAILED, "model_bad_call")
    assert await customer.load_status() == ("waiting", "atendimento")
    assert len(customer.texts) == 1
    assert customer.texts[0].startswith("No momento não consigo responder por aqui.")
    assert "o modelo de linguagem falhou" in (await customer.load_notes())[0]


async def test_a_tool_that_does_not_exist_is_a_bad_call(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()

    finish = await customer.run_with_model_output(
        "oi", [("cancelar_contrato", {}), ("executar_sql", {})], "Certo."
    )
    assert finish.outcome is TurnOutcome.ANSWERED

    finish = await customer.run_with_model_output("oi", [("cancelar_contrato", {})] * 2, "Certo.")
    assert finish.code == "model_bad_call"


async def test_a_tool_that_is_not_offered_is_a_bad_call(pipeline: AssistantPipeline) -> None:
    pipeline.capabilities = frozenset()
    pipeline.models = overheard = RecordingModels()
    customer = await pipeline.create_customer()

    await customer.run_with_model_output("oi", [("listar_planos", {})], "Certo.")

    assert await refusals(customer, overheard) == ["argumento_invalido"]
    assert await pipeline.count_erp_requests() == {}


async def test_a_bad_call_of_each_of_several_tools_goes_back(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()
    calls: list[Call] = [(tool, "[") for tool in list(GOOD)[:4]]

    assert (
        await customer.run_with_model_output("oi", calls, "Certo.")
    ).outcome is TurnOutcome.ANSWERED


async def test_a_schema_tells_names_types_words_and_closed_sets_and_nothing_of_ours() -> None:
    offers = {each["function"]["name"]: each["function"]["parameters"] for each in _offers()}

    for tool, schema in offers.items():
        assert set(GOOD[tool]) <= set(schema.get("properties", {}))
        assert not {"$ref", "title", "anyOf"} & set(_keys(schema)), tool
        assert "description" not in schema
    assert offers["enviar_fatura"]["properties"]["forma"]["enum"] == ["pix", "boleto", "ambos"]


async def test_what_a_parameter_means_reaches_the_model() -> None:
    offers = {each["function"]["name"]: each["function"]["parameters"] for each in _offers()}

    choose = offers["escolher_contrato"]["properties"]
    assert choose["palavras"]["description"] == "palavras exatas do cliente"
    assert "lista" in choose["opcao"]["description"]
    motive = offers["transferir_atendimento"]["properties"]["motivo"]
    assert "pediu_pessoa" in motive["enum"]


def _keys(schema: Any) -> Iterator[str]:
    """Keywords of a schema; the names of its properties are none."""
    if isinstance(schema, list):
        for each in schema:
            yield from _keys(each)
    if isinstance(schema, dict):
        for key, value in schema.items():
            yield key
            below = value.values() if key == "properties" else [value]
            for each in below:
                yield from _keys(each)


def _offers() -> list[dict[str, Any]]:
    return [tool.function_schema() for tool in TOOLS]


async def test_words_that_the_database_cannot_hold_are_cleaned(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()
    words = {"motivo": "nao_resolvido", "resumo": "quer\x00 ajuda"}

    finish = await customer.run_with_model_output(
        "oi", [("transferir_atendimento", {"setor": "vendas", **words})]
    )

    assert finish.handoff is not None
    assert "quer ajuda" in finish.handoff.note
    assert await customer.load_status() == ("waiting", "vendas")
