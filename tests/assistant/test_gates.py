"""What the code allows, whatever a model was talked into: only code stands in the way here."""

import json
from typing import Any

import pytest

from niochat.adapters.openai.model import ModelClient, ModelCompletion, ModelToolCall
from niochat.assistant.tools.identification import MAX_LOOKUPS
from niochat.domain.commands import FinishAssistantTurn
from niochat.sandbox.taxpayers import build_cpf
from tests.assistant.customer import Customer
from tests.assistant.office import Office

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


class Overheard(ModelClient):
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


class Together(ModelClient):
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


async def codes(customer: Customer) -> list[str]:
    """The ``erro`` of each call, empty where it did what was asked."""
    return [result.get("erro", "") for _, result in await customer.used()]


@pytest.mark.parametrize(("tool", "arguments"), OF_A_CONTRACT)
async def test_nothing_of_a_contract_before_a_document_and_before_a_yes(
    office: Office, tool: str, arguments: dict[str, Any]
) -> None:
    customer = await office.customer("suspended")

    await customer.obeys("oi, desbloqueio", [(tool, arguments)])
    assert await codes(customer) == ["nao_identificado"]
    assert await office.asked() == {}

    await customer.say(customer.cpf)
    asked = await office.asked()
    await customer.obeys("anda logo com o desbloqueio", [(tool, arguments)])
    assert (await codes(customer))[-1] == "nao_confirmado"
    assert await office.asked() == asked
    assert await office.ledger() == []


async def test_a_phone_is_no_cpf(office: Office) -> None:
    customer = await office.customer()

    await customer.obeys("81988887777", [("identificar_cliente", {"cpf_cnpj": "81988887777"})])

    assert await codes(customer) == ["documento_invalido"]
    assert await office.asked() == {}


@pytest.mark.parametrize("said", ["oi", "meu cpf termina em 82", "529.982.247-25"])
async def test_a_document_that_the_customer_never_wrote_is_not_looked_up(
    office: Office, said: str
) -> None:
    customer = await office.customer()

    await customer.obeys(said, [("identificar_cliente", {"cpf_cnpj": customer.cpf})])

    assert await codes(customer) == ["documento_nao_informado"]
    assert await office.asked() == {}


async def test_a_contract_is_not_taken_in_the_turn_that_shows_it(office: Office) -> None:
    customer = await office.customer()

    office.models = Together(
        ("identificar_cliente", {"cpf_cnpj": customer.cpf}), ("escolher_contrato", CHOICE)
    )
    await customer.say(f"{customer.cpf} sim")

    assert await codes(customer) == ["", "aguarde_resposta"]
    assert (await customer.facts())["contract"] == ""


async def test_who_was_shown_one_cadastre_has_not_confirmed_another(office: Office) -> None:
    customer = await office.customer()
    await customer.say(customer.cpf)
    other = (await office.customer("slow")).cpf

    office.models = Together(
        ("identificar_cliente", {"cpf_cnpj": other}), ("escolher_contrato", CHOICE)
    )
    await customer.say(f"{other} sim")

    assert (await codes(customer))[-2:] == ["", "aguarde_resposta"]
    assert (await customer.facts())["contract"] == ""


async def test_nothing_is_chosen_where_nobody_is_identified(office: Office) -> None:
    customer = await office.customer()

    await customer.obeys("sim", [("escolher_contrato", CHOICE)])

    assert await codes(customer) == ["nao_identificado"]


@pytest.mark.parametrize("said", ["não", "Nao, esse não sou eu", "n", "errado", "NÃO!!"])
async def test_a_no_confirms_nothing(office: Office, said: str) -> None:
    customer = await office.customer()
    await customer.say(customer.cpf)

    choice = {"opcao": 1, "palavras": said}
    await customer.obeys(said, [("escolher_contrato", choice)])

    assert (await codes(customer))[-1] == "nao_confirmado"
    assert (await customer.facts())["contract"] == ""


@pytest.mark.parametrize("option", [0, -1, 2, 99])
async def test_only_what_is_in_the_list_can_be_chosen(office: Office, option: int) -> None:
    customer = await office.customer()
    await customer.say(customer.cpf)

    await customer.obeys("sim", [("escolher_contrato", {**CHOICE, "opcao": option})])

    assert (await codes(customer))[-1] == "opcao_invalida"


async def test_a_third_party_learns_no_address_and_no_whole_name(office: Office) -> None:
    office.models = overheard = Overheard()
    customer = await office.customer("third_party")
    await customer.identifies("quero a fatura por pix")
    for tool, arguments in OF_THE_HOLDER:
        await customer.obeys("faça o desbloqueio e o resto", [(tool, arguments)])

    refused = (await codes(customer))[-len(OF_THE_HOLDER) :]
    assert refused == ["terceiro"] * len(OF_THE_HOLDER)
    street = customer.subscriber["contracts"][0]["address"].split(",")[0]
    everything = overheard.words + "".join(each.text for each in customer.heard)
    for hidden in (street, "GILBERTO", "Gilberto", "MATOS"):
        assert hidden not in everything
    assert await office.ledger() == []
    assert "/api/ura/verificaacesso/" not in await office.asked()


async def test_somebody_elses_address_does_not_leave_even_where_it_is_guessed(
    office: Office,
) -> None:
    customer = await office.customer("third_party")
    await customer.identifies("quero a fatura")
    street = customer.subscriber["contracts"][0]["address"].split(",")[0]

    finish = await customer.obeys("qual é o endereço?", says=f"O endereço é {street}, número 10.")

    assert finish.code == "model_untrue"
    assert street not in "".join(each.text for each in customer.heard)


@pytest.mark.parametrize("tool", ["verificar_conexao", "abrir_chamado"])
async def test_a_blocked_contract_has_nothing_broken(office: Office, tool: str) -> None:
    customer = await office.customer("suspended")
    await customer.identifies("sem internet")

    await customer.obeys("abre chamado", [(tool, TICKET if tool == "abrir_chamado" else {})])

    assert (await codes(customer))[-1] == "contrato_bloqueado"
    assert await office.ledger() == []


async def test_what_is_being_repaired_gets_no_ticket(office: Office) -> None:
    customer = await office.customer("maintenance")
    await customer.identifies("oi")

    await customer.obeys("abre chamado", [("abrir_chamado", TICKET)])

    assert (await codes(customer))[-1] == "em_manutencao"
    assert await office.ledger() == []


async def test_there_is_one_ticket_however_often_a_model_wants_one(office: Office) -> None:
    customer = await office.customer("offline_dark")
    await customer.identifies("oi")
    other = {**TICKET, "categoria": "los_vermelho", "resumo": "outra coisa"}

    await customer.obeys("abre chamado", [("abrir_chamado", TICKET), ("abrir_chamado", other)])

    assert (await codes(customer))[-2:] == ["", "ja_existe"]
    assert len(await office.ledger()) == 1


async def test_an_open_ticket_of_before_is_enough(office: Office) -> None:
    customer = await office.customer("open_ticket")
    await customer.identifies("oi")

    await customer.obeys("abre chamado", [("abrir_chamado", TICKET)])

    assert (await customer.used())[-1][1]["protocolo"] == f"{customer.contract}002"
    assert await office.ledger() == []


async def unlocks(customer: Customer, said: str, times: int = 1) -> FinishAssistantTurn:
    return await customer.obeys(said, [("desbloqueio_confianca", {"palavras": said})] * times)


@pytest.mark.parametrize(
    "said", ["estou sem internet", "qual o valor?", "pode ser amanhã?", "sim, é esse o contrato"]
)
async def test_an_unlock_is_not_done_unasked(office: Office, said: str) -> None:
    customer = await office.customer("suspended")
    await customer.identifies("oi")

    await unlocks(customer, said)

    assert (await codes(customer))[-1] == "nao_pedido"
    assert await office.ledger() == []


async def test_a_yes_to_the_offered_unlock_asks_for_it(office: Office) -> None:
    customer = await office.customer("suspended")
    await customer.identifies("oi")
    await customer.obeys("sem internet", says="Deseja o desbloqueio em confiança?")

    await unlocks(customer, "sim, por favor")

    assert [deed["kind"] for deed in await office.ledger()] == ["unlock"]


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("active", "nao_bloqueado"),
        ("suspended_used", "ja_usado"),
        ("suspended_refused", "recusado"),
    ],
)
async def test_an_unlock_needs_a_blocked_contract_and_a_month_without_one(
    office: Office, case: str, code: str
) -> None:
    customer = await office.customer(case)
    await customer.identifies("oi")

    await unlocks(customer, "quero o desbloqueio")

    assert (await codes(customer))[-1] == code
    assert await office.ledger() == []


async def test_there_is_one_unlock_in_a_visit_and_one_in_a_month(office: Office) -> None:
    customer = await office.customer("suspended")
    await customer.identifies("oi")
    await unlocks(customer, "quero o desbloqueio", times=3)
    assert (await codes(customer))[-3:] == ["", "ja_usado", "ja_usado"]

    await office.forget()
    again = await office.customer("suspended")
    await again.identifies("oi")
    document = {"status": 4, "promises": 0}
    await office.world.control(
        "PUT", f"/sgp/{office.erp_token}/subscribers/{again.cpf}", json=document
    )
    await unlocks(again, "quero o desbloqueio de novo")

    assert (await codes(again))[-1] == "ja_usado", "the ERP forgot to count it, we did not"
    assert [deed["kind"] for deed in await office.ledger()] == ["unlock"]


@pytest.mark.parametrize(
    "said", ["quanto custa?", "mas ainda não funciona", "obrigado, mas quero a fatura", "certo?"]
)
async def test_a_visit_is_not_ended_without_a_farewell(office: Office, said: str) -> None:
    customer = await office.customer()

    ending = ("encerrar_atendimento", {"palavras": said})
    finish = await customer.obeys(said, [ending], "Certo.")

    assert await codes(customer) == ["nao_pode_encerrar"]
    assert finish.close == ""
    assert await customer.stands() == ("pending", None)


async def test_a_visit_is_not_ended_while_a_contract_waits_for_a_yes(office: Office) -> None:
    customer = await office.customer()
    await customer.say(customer.cpf)

    ending = ("encerrar_atendimento", {"palavras": "obrigado"})
    await customer.obeys("obrigado", [ending], "Certo.")

    assert (await codes(customer))[-1] == "nao_pode_encerrar"


async def test_nobody_tries_a_list_of_documents(office: Office) -> None:
    customer = await office.customer()
    tried = [build_cpf(700000000 + each) for each in range(MAX_LOOKUPS + 1)]
    await office.set(max_steps=9)

    await customer.obeys(
        " ".join(tried), [("identificar_cliente", {"cpf_cnpj": each}) for each in tried]
    )

    assert await codes(customer) == ["nao_encontrado"] * MAX_LOOKUPS + ["limite_de_consultas"]
    assert (await office.asked())["/api/ura/consultacliente/"] == MAX_LOOKUPS


async def test_a_line_that_is_down_needs_no_right_spelling(office: Office) -> None:
    customer = await office.customer("offline_dark")
    await customer.identifies("oi")
    calls: list[Any] = [("verificar_conexao", {}), ("abrir_chamado", TICKET)]

    await customer.obeys("tah ruin demais iso aki", calls, "Pronto.")

    assert await codes(customer) == ["", "", "", ""]
    assert len(await office.ledger()) == 1


@pytest.mark.parametrize(("said", "opened"), [("kero sim, abre o xamado", 1), ("não, deixa", 0)])
async def test_a_yes_to_the_offered_ticket_asks_for_it(
    office: Office, said: str, opened: int
) -> None:
    customer = await office.customer()
    await customer.identifies("oi")
    await customer.obeys("tah ruin demais iso aki", says="Quer que eu abra um chamado técnico?")

    await customer.obeys(said, [("abrir_chamado", TICKET)], "Certo.")

    assert len(await office.ledger()) == opened
