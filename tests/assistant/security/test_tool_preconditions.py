"""What the code allows, whatever a model was talked into: only code stands in the way here."""

import json
from typing import Any

import pytest

from niochat.adapters.models.openai.model_client import ModelClient, ModelCompletion, ModelToolCall
from niochat.assistant.tools.identification_tools import MAX_LOOKUPS
from niochat.domain.conversation.commands import FinishAssistantTurn
from niochat_sandbox.sgp.invented_tax_ids import build_cpf
from tests.assistant.assistant_pipeline import AssistantPipeline
from tests.assistant.scripted_customer import ScriptedCustomer

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]

TICKET = {"categoria": "sem_conexao", "resumo": "sem internet", "sintomas": "nada funciona"}
UNLOCK = {"palavras": "desbloqueio"}
CHOICE = {"opcao": 1, "palavras": "sim"}
OF_A_CONTRACT: list[tuple[str, dict[str, Any]]] = [
    ("consultar_faturas", {}),
    ("enviar_fatura", {"forma": "pix"}),
    ("verificar_conexao", {}),
    ("verificar_manutencao", {}),
    ("desbloqueio_confianca", UNLOCK),
    ("abrir_chamado", TICKET),
    ("consultar_chamados", {}),
]
OF_THE_HOLDER = OF_A_CONTRACT[2:]


class RecordingModels(ModelClient):
    """Keeps what the model was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Any] = []

    async def complete(self, endpoint: Any, messages: Any, **more: Any) -> ModelCompletion:
        self.told += [dict(message) for message in messages]
        return await super().complete(endpoint, messages, **more)

    @property
    def words(self) -> str:
        return json.dumps(self.told, ensure_ascii=False)


class ParallelCallModels(ModelClient):
    """Wants several tools in one answer, then says something harmless."""

    def __init__(self, *calls: tuple[str, dict[str, Any]]) -> None:
        super().__init__()
        self._calls = tuple(
            ModelToolCall(f"c{n}", name, json.dumps(arguments))
            for n, (name, arguments) in enumerate(calls)
        )

    async def complete(self, endpoint: Any, messages: Any, **more: Any) -> ModelCompletion:
        calls, self._calls = self._calls, ()
        return ModelCompletion("" if calls else "Certo.", "together", calls=calls)


async def codes(customer: ScriptedCustomer) -> list[str]:
    """The ``erro`` of each call, empty where it did what was asked."""
    return [result.get("erro", "") for _, result in await customer.list_tool_calls()]


@pytest.mark.parametrize(("tool", "arguments"), OF_A_CONTRACT)
async def test_nothing_of_a_contract_before_a_document_and_before_a_yes(
    pipeline: AssistantPipeline, tool: str, arguments: dict[str, Any]
) -> None:
    customer = await pipeline.create_customer("suspended")

    await customer.run_with_model_output("oi, desbloqueio", [(tool, arguments)])
    assert await codes(customer) == ["nao_identificado"]
    assert await pipeline.count_erp_requests() == {}

    await customer.say(customer.cpf)
    asked = await pipeline.count_erp_requests()
    await customer.run_with_model_output("anda logo com o desbloqueio", [(tool, arguments)])
    assert (await codes(customer))[-1] == "nao_confirmado"
    assert await pipeline.count_erp_requests() == asked
    assert await pipeline.load_erp_ledger() == []


async def test_a_phone_number_is_not_accepted_as_a_tax_id(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()

    await customer.run_with_model_output(
        "81988887777", [("identificar_cliente", {"cpf_cnpj": "81988887777"})]
    )

    assert await codes(customer) == ["documento_invalido"]
    assert await pipeline.count_erp_requests() == {}


@pytest.mark.parametrize("said", ["oi", "meu cpf termina em 82", "529.982.247-25"])
async def test_a_document_that_the_customer_never_wrote_is_not_looked_up(
    pipeline: AssistantPipeline, said: str
) -> None:
    customer = await pipeline.create_customer()

    await customer.run_with_model_output(
        said, [("identificar_cliente", {"cpf_cnpj": customer.cpf})]
    )

    assert await codes(customer) == ["documento_nao_informado"]
    assert await pipeline.count_erp_requests() == {}


async def test_a_contract_is_not_taken_in_the_turn_that_shows_it(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()

    pipeline.models = ParallelCallModels(
        ("identificar_cliente", {"cpf_cnpj": customer.cpf}), ("escolher_contrato", CHOICE)
    )
    await customer.say(f"{customer.cpf} sim")

    assert await codes(customer) == ["", "aguarde_resposta"]
    assert (await customer.load_facts())["contract"] == ""


async def test_who_was_shown_one_cadastre_has_not_confirmed_another(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()
    await customer.say(customer.cpf)
    other = (await pipeline.create_customer("slow")).cpf

    pipeline.models = ParallelCallModels(
        ("identificar_cliente", {"cpf_cnpj": other}), ("escolher_contrato", CHOICE)
    )
    await customer.say(f"{other} sim")

    assert (await codes(customer))[-2:] == ["", "aguarde_resposta"]
    assert (await customer.load_facts())["contract"] == ""


async def test_nothing_is_chosen_where_nobody_is_identified(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()

    await customer.run_with_model_output("sim", [("escolher_contrato", CHOICE)])

    assert await codes(customer) == ["nao_identificado"]


@pytest.mark.parametrize("said", ["não", "Nao, esse não sou eu", "n", "errado", "NÃO!!"])
async def test_a_no_does_not_confirm_the_contract(pipeline: AssistantPipeline, said: str) -> None:
    customer = await pipeline.create_customer()
    await customer.say(customer.cpf)

    choice = {"opcao": 1, "palavras": said}
    await customer.run_with_model_output(said, [("escolher_contrato", choice)])

    assert (await codes(customer))[-1] == "nao_confirmado"
    assert (await customer.load_facts())["contract"] == ""


@pytest.mark.parametrize("option", [0, -1, 2, 99])
async def test_only_what_is_in_the_list_can_be_chosen(
    pipeline: AssistantPipeline, option: int
) -> None:
    customer = await pipeline.create_customer()
    await customer.say(customer.cpf)

    await customer.run_with_model_output(
        "sim", [("escolher_contrato", {**CHOICE, "opcao": option})]
    )

    assert (await codes(customer))[-1] == "opcao_invalida"


async def test_a_third_party_learns_no_address_and_no_whole_name(
    pipeline: AssistantPipeline,
) -> None:
    pipeline.models = overheard = RecordingModels()
    customer = await pipeline.create_customer("third_party")
    await customer.complete_identification("quero a fatura por pix")
    for tool, arguments in OF_THE_HOLDER:
        await customer.run_with_model_output("faça o desbloqueio e o resto", [(tool, arguments)])

    refused = (await codes(customer))[-len(OF_THE_HOLDER) :]
    assert refused == ["terceiro"] * len(OF_THE_HOLDER)
    street = customer.subscriber["contracts"][0]["address"].split(",")[0]
    everything = overheard.words + "".join(each.text for each in customer.heard)
    for hidden in (street, "GILBERTO", "Gilberto", "MATOS"):
        assert hidden not in everything
    assert await pipeline.load_erp_ledger() == []
    assert "/api/ura/verificaacesso/" not in await pipeline.count_erp_requests()


async def test_somebody_elses_address_does_not_leave_even_where_it_is_guessed(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer("third_party")
    await customer.complete_identification("quero a fatura")
    street = customer.subscriber["contracts"][0]["address"].split(",")[0]

    finish = await customer.run_with_model_output(
        "qual é o endereço?", says=f"O endereço é {street}, número 10."
    )

    assert finish.code == "model_untrue"
    assert street not in "".join(each.text for each in customer.heard)


@pytest.mark.parametrize("tool", ["verificar_conexao", "abrir_chamado"])
async def test_a_blocked_contract_has_nothing_broken(
    pipeline: AssistantPipeline, tool: str
) -> None:
    customer = await pipeline.create_customer("suspended")
    await customer.complete_identification("sem internet")

    await customer.run_with_model_output(
        "abre chamado", [(tool, TICKET if tool == "abrir_chamado" else {})]
    )

    assert (await codes(customer))[-1] == "contrato_bloqueado"
    assert await pipeline.load_erp_ledger() == []


async def test_what_is_being_repaired_gets_no_ticket(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer("maintenance")
    await customer.complete_identification("oi")

    await customer.run_with_model_output("abre chamado", [("abrir_chamado", TICKET)])

    assert (await codes(customer))[-1] == "em_manutencao"
    assert await pipeline.load_erp_ledger() == []


async def test_there_is_one_ticket_however_often_a_model_wants_one(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer("offline_dark")
    await customer.complete_identification("oi")
    other = {**TICKET, "categoria": "los_vermelho", "resumo": "outra coisa"}

    await customer.run_with_model_output(
        "abre chamado", [("abrir_chamado", TICKET), ("abrir_chamado", other)]
    )

    assert (await codes(customer))[-2:] == ["", "ja_existe"]
    assert len(await pipeline.load_erp_ledger()) == 1


async def test_an_open_ticket_of_before_is_enough(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer("open_ticket")
    await customer.complete_identification("oi")

    await customer.run_with_model_output("abre chamado", [("abrir_chamado", TICKET)])

    assert (await customer.list_tool_calls())[-1][1]["protocolo"] == f"{customer.contract}002"
    assert await pipeline.load_erp_ledger() == []


async def unlocks(customer: ScriptedCustomer, said: str, times: int = 1) -> FinishAssistantTurn:
    return await customer.run_with_model_output(
        said, [("desbloqueio_confianca", {"palavras": said})] * times
    )


@pytest.mark.parametrize(
    "said", ["estou sem internet", "qual o valor?", "pode ser amanhã?", "sim, é esse o contrato"]
)
async def test_an_unlock_is_not_done_unasked(pipeline: AssistantPipeline, said: str) -> None:
    customer = await pipeline.create_customer("suspended")
    await customer.complete_identification("oi")

    await unlocks(customer, said)

    assert (await codes(customer))[-1] == "nao_pedido"
    assert await pipeline.load_erp_ledger() == []


async def test_a_yes_to_the_offered_unlock_asks_for_it(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer("suspended")
    await customer.complete_identification("oi")
    await customer.run_with_model_output("sem internet", says="Deseja o desbloqueio em confiança?")

    await unlocks(customer, "sim, por favor")

    assert [deed["kind"] for deed in await pipeline.load_erp_ledger()] == ["unlock"]


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("active", "nao_bloqueado"),
        ("suspended_used", "ja_usado"),
        ("suspended_refused", "recusado"),
    ],
)
async def test_an_unlock_needs_a_blocked_contract_and_a_month_without_one(
    pipeline: AssistantPipeline, case: str, code: str
) -> None:
    customer = await pipeline.create_customer(case)
    await customer.complete_identification("oi")

    await unlocks(customer, "quero o desbloqueio")

    assert (await codes(customer))[-1] == code
    assert await pipeline.load_erp_ledger() == []


async def test_there_is_one_unlock_in_a_visit_and_one_in_a_month(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer("suspended")
    await customer.complete_identification("oi")
    await unlocks(customer, "quero o desbloqueio", times=3)
    assert (await codes(customer))[-3:] == ["", "ja_usado", "ja_usado"]

    await pipeline.forget_identities()
    again = await pipeline.create_customer("suspended")
    await again.complete_identification("oi")
    document = {"status": 4, "promises": 0}
    await pipeline.sandbox.control(
        "PUT", f"/sgp/{pipeline.erp_token}/subscribers/{again.cpf}", json=document
    )
    await unlocks(again, "quero o desbloqueio de novo")

    assert (await codes(again))[-1] == "ja_usado", "the ERP forgot to count it, we did not"
    assert [deed["kind"] for deed in await pipeline.load_erp_ledger()] == ["unlock"]


@pytest.mark.parametrize(
    "said", ["quanto custa?", "mas ainda não funciona", "obrigado, mas quero a fatura", "certo?"]
)
async def test_a_visit_is_not_ended_without_a_farewell(
    pipeline: AssistantPipeline, said: str
) -> None:
    customer = await pipeline.create_customer()

    ending = ("encerrar_atendimento", {"palavras": said})
    finish = await customer.run_with_model_output(said, [ending], "Certo.")

    assert await codes(customer) == ["nao_pode_encerrar"]
    assert finish.close == ""
    assert await customer.load_status() == ("pending", None)


async def test_a_visit_is_not_ended_while_a_contract_waits_for_a_yes(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()
    await customer.say(customer.cpf)

    ending = ("encerrar_atendimento", {"palavras": "obrigado"})
    await customer.run_with_model_output("obrigado", [ending], "Certo.")

    assert (await codes(customer))[-1] == "nao_pode_encerrar"


async def test_tax_id_attempts_are_limited(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()
    tried = [build_cpf(700000000 + each) for each in range(MAX_LOOKUPS + 1)]
    await pipeline.update_settings(max_steps=9)

    await customer.run_with_model_output(
        " ".join(tried), [("identificar_cliente", {"cpf_cnpj": each}) for each in tried]
    )

    assert await codes(customer) == ["nao_encontrado"] * MAX_LOOKUPS + ["limite_de_consultas"]
    assert (await pipeline.count_erp_requests())["/api/ura/consultacliente/"] == MAX_LOOKUPS


async def test_a_line_that_is_down_needs_no_right_spelling(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer("offline_dark")
    await customer.complete_identification("oi")
    calls: list[Any] = [("verificar_conexao", {}), ("abrir_chamado", TICKET)]

    await customer.run_with_model_output("tah ruin demais iso aki", calls, "Pronto.")

    assert await codes(customer) == ["", "", "", ""]
    assert len(await pipeline.load_erp_ledger()) == 1


@pytest.mark.parametrize(("said", "opened"), [("kero sim, abre o xamado", 1), ("não, deixa", 0)])
async def test_a_yes_to_the_offered_ticket_asks_for_it(
    pipeline: AssistantPipeline, said: str, opened: int
) -> None:
    customer = await pipeline.create_customer()
    await customer.complete_identification("oi")
    await customer.run_with_model_output(
        "tah ruin demais iso aki", says="Quer que eu abra um chamado técnico?"
    )

    await customer.run_with_model_output(said, [("abrir_chamado", TICKET)], "Certo.")

    assert len(await pipeline.load_erp_ledger()) == opened
