"""Several wishes are kept in their order, and none is dropped; who wants people gets the right
ones, for the reason that their own words show.
"""

import json
from typing import Any

import pytest

from niochat.assistant.tools.intent_tools import MAX_PENDING_INTENTS
from tests.assistant.assistant_pipeline import AssistantPipeline
from tests.assistant.scripted_customer import ScriptedCustomer
from tests.assistant.security.test_tool_preconditions import codes
from tests.assistant.test_turn_cost import RequestRecordingModels

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


def noted(wish: str, words: str) -> tuple[str, dict[str, Any]]:
    return "anotar_pedido", {"desejo": wish, "palavras": words}


async def waiting(customer: ScriptedCustomer) -> list[str]:
    return [each["wish"] for each in (await customer.load_facts())["waiting"]]


async def test_wishes_are_served_one_after_the_other(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()
    await customer.complete_identification("quero minha fatura")
    said = "manda no pix, e a net tá lenta, e quero ver os planos"
    await customer.run_with_model_output(
        said, [noted("lentidao", "a net tá lenta"), noted("planos", "os planos")]
    )
    assert await waiting(customer) == ["lentidao", "planos"]

    finish = await customer.run_with_model_output(
        "no pix", [("enviar_fatura", {"forma": "pix"})], "E a lentidão?"
    )

    facts = await customer.load_facts()
    assert (facts["wish"], await waiting(customer)) == ("lentidao", ["planos"])
    assert finish.replies[0].text.startswith("E a lentidão?"), "the model goes on: more is wanted"


async def test_unanswered_intents_are_listed_in_the_handoff_note(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()
    await customer.complete_identification("quero minha fatura")
    await customer.run_with_model_output("e a net tá lenta", [noted("lentidao", "a net tá lenta")])

    await customer.say("quero falar com um atendente")

    assert "Pedido: fatura; lentidao («a net tá lenta»)." in (await customer.load_notes())[-1]


async def test_a_wish_that_nobody_wrote_is_not_noted(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()

    await customer.run_with_model_output("oi", [noted("planos", "quero todos os planos")])

    assert await codes(customer) == ["palavras_nao_encontradas"]


async def test_a_wish_is_noted_once_and_not_without_end(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()
    wishes = ["fatura", "fatura", "lentidao", "planos", "chamado", "desbloqueio", "sem_internet"]
    await pipeline.update_settings(max_steps=12)

    await customer.run_with_model_output("tudo isso", [noted(each, "tudo isso") for each in wishes])

    assert (await customer.load_facts())["wish"] is None
    assert await waiting(customer) == list(dict.fromkeys(wishes))[:MAX_PENDING_INTENTS]


async def test_a_visit_does_not_end_while_a_wish_waits(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()
    await customer.complete_identification("quero minha fatura")
    await customer.run_with_model_output("e os planos", [noted("planos", "os planos")])

    ending = ("encerrar_atendimento", {"palavras": "obrigado"})
    finish = await customer.run_with_model_output(
        "obrigado", [ending], "Antes disso: quer ver os planos?"
    )

    assert (await codes(customer))[-1] == "ha_pedidos"
    assert finish.close == ""


@pytest.mark.parametrize(
    ("said", "motive", "words", "reason"),
    [
        ("quero uma pessoa", "pediu_pessoa", "quero uma pessoa", "asked_for_human"),
        ("vou trocar de operadora", "cancelamento", "vou trocar de operadora", "cancellation"),
        ("vou processar vocês", "orgao_ou_justica", "vou processar vocês", "complaint_body"),
        ("tô de saco cheio", "insatisfeito", "tô de saco cheio", "anger"),
        ("tudo bem", "insatisfeito", "que absurdo", "assistant_transfer"),
        ("me ajuda", "nao_resolvido", "me ajuda", "assistant_transfer"),
    ],
)
async def test_the_reason_is_one_that_the_customers_words_show(
    pipeline: AssistantPipeline, said: str, motive: str, words: str, reason: str
) -> None:
    customer = await pipeline.create_customer()
    arguments = {"setor": "financeiro", "motivo": motive, "resumo": "r", "palavras": words}

    finish = await customer.run_with_model_output(said, [("transferir_atendimento", arguments)])

    assert finish.handoff is not None
    assert (finish.handoff.reason, finish.handoff.team) == (reason, "financeiro")


@pytest.mark.parametrize("words", ["não é o caso", "", "x"])
async def test_nobody_is_kept_from_people_by_a_quote(
    pipeline: AssistantPipeline, words: str
) -> None:
    customer = await pipeline.create_customer()
    arguments = {"setor": "suporte", "motivo": "pediu_pessoa", "resumo": "r"}
    if words:
        arguments["palavras"] = words

    finish = await customer.run_with_model_output(
        "alguém aí?", [("transferir_atendimento", arguments)]
    )

    assert finish.handoff is not None


async def test_harmless_words_are_the_models_to_understand(pipeline: AssistantPipeline) -> None:
    """An expression took them for anger and a cancellation, and called people."""
    pipeline.models = requests = RequestRecordingModels()
    customer = await pipeline.create_customer()
    for said in ("porra, voltou! valeu", "cancela, já consegui pagar"):
        asked = len(requests.made)

        await customer.run_with_model_output(said, says="Que bom! Precisa de mais alguma coisa?")

        assert len(requests.made) > asked
        assert (await customer.load_status())[0] == "pending"


async def test_what_a_turn_asked_its_model_is_kept(pipeline: AssistantPipeline) -> None:
    pipeline.models = requests = RequestRecordingModels()
    customer = await pipeline.create_customer()

    await customer.say("oi")
    await customer.say("tudo bem?")

    rows = await pipeline.given.admin.fetch(
        "SELECT model_calls, tokens_in, tokens_cached FROM turns WHERE thread_id = $1"
        " ORDER BY started_at, id",
        customer.thread,
    )
    assert [row["model_calls"] for row in rows] == [1, 1]
    assert rows[1]["tokens_cached"] >= 1024
    assert rows[1]["tokens_cached"] < rows[1]["tokens_in"]
    assert json.loads(requests.made[0])[1][0]["role"] == "system"
