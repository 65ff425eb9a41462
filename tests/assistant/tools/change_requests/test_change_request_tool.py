"""What a subscriber wants changed: taken once, as the provider's settings say, never made here."""

import json
from typing import Any

import pytest

from niochat.domain.conversation.commands import RestartTurn
from niochat.domain.ids import TurnId
from niochat.domain.tenant.change_requests import ChangeRequestKind
from niochat.ports.erp import ErpCapability
from tests.assistant.assistant_pipeline import AssistantPipeline
from tests.assistant.scripted_customer import STUBBORN, ScriptedCustomer

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]

ORDER = {"how": "order", "code": "31"}
SECRET = "minhasenha-nova-9"


async def of(
    pipeline: AssistantPipeline,
    requests: dict[str, Any] | None = None,
    case: str = "active",
    **more: Any,
) -> ScriptedCustomer:
    await pipeline.update_settings(requests=requests or {})
    return await (await pipeline.create_customer(case, **more)).complete_identification()


async def asks(customer: ScriptedCustomer, text: str, says: str = "Certo.", **wanted: Any) -> Any:
    arguments = {"palavras": text, **wanted}
    await customer.run_with_model_output(text, [("registrar_solicitacao", arguments)], says)
    return (await customer.list_tool_calls())[-1][1]


async def test_a_request_goes_to_the_team_whose_work_it_is(pipeline: AssistantPipeline) -> None:
    customer = await of(pipeline)

    told = await asks(
        customer,
        "quero mudar o vencimento pro dia 15",
        tipo="vencimento",
        novo="15",
        says="Anotei seu pedido de mudança de vencimento para o dia 15. A equipe Financeiro "
        "continua por aqui.",
    )

    assert told["encaminhado"] == "mudar o vencimento para o dia 15"
    assert customer.texts[0].startswith("Anotei seu pedido de mudança de vencimento para o dia 15.")
    assert await customer.load_status() == ("waiting", "financeiro")
    (note,) = await customer.load_notes()
    assert "mudar o vencimento para o dia 15" in note
    assert await pipeline.load_erp_ledger() == []


async def test_as_an_order_it_is_written_once_and_the_visit_goes_on(
    pipeline: AssistantPipeline,
) -> None:
    customer = await of(pipeline, {"vencimento": ORDER})

    told = await asks(
        customer,
        "muda meu vencimento pro dia dez",
        tipo="vencimento",
        novo="10",
        says="Registrei seu pedido de mudança do vencimento para o dia 10.",
    )

    (deed,) = await pipeline.load_erp_ledger()
    assert (deed["kind"], deed["type"], deed["contract"]) == ("ticket", "31", customer.contract)
    assert "mudar o vencimento para o dia 10" in deed["content"]
    assert "Cliente: «muda meu vencimento pro dia dez»" in deed["content"]
    assert told["protocolo"] == deed["protocol"]
    assert customer.texts == ["Registrei seu pedido de mudança do vencimento para o dia 10."]
    assert await customer.load_status() == ("pending", None)

    again = await asks(customer, "muda o vencimento pro dia 20", tipo="vencimento", novo="20")
    assert (again["erro"], again["protocolo"]) == ("ja_existe", deed["protocol"])

    later = await of(pipeline, {"vencimento": ORDER})
    await later.run_with_model_output("oi", (), f"É o contrato {later.contract}?")
    await later.run_with_model_output(
        "sim", [("escolher_contrato", {"opcao": 1, "palavras": "sim"})]
    )
    again = await asks(later, "muda o vencimento pro dia 20", tipo="vencimento", novo="20")
    assert (again["erro"], again["protocolo"]) == ("ja_existe", deed["protocol"])
    assert len(await pipeline.load_erp_ledger()) == 1


async def test_a_lost_answer_is_found_again_and_never_written_twice(
    pipeline: AssistantPipeline,
) -> None:
    customer = await of(pipeline, {"vencimento": ORDER})
    await pipeline.inject_fault("sgp", "lost_answer", path="/api/ura/chamado/", seconds=0, count=1)

    told = await asks(customer, "vencimento no dia 10 pfv", tipo="vencimento", novo="10")

    (deed,) = await pipeline.load_erp_ledger()
    assert told["ok"]
    assert told["protocolo"] == deed["protocol"]


async def test_an_order_that_nobody_can_confirm_is_people_s(pipeline: AssistantPipeline) -> None:
    customer = await of(pipeline, {"vencimento": ORDER})
    await pipeline.inject_fault("sgp", "status", path="/api/ura/chamado/", status=500)

    told = await asks(customer, "vencimento no dia 10 pfv", tipo="vencimento", novo="10")

    assert told["erro"] == "incerto"
    assert await customer.load_status() == ("waiting", "financeiro")
    assert "CONFERIR NO SISTEMA" in (await customer.load_notes())[0]


async def test_where_orders_cannot_be_opened_a_team_has_it(pipeline: AssistantPipeline) -> None:
    pipeline.capabilities = frozenset(ErpCapability) - {ErpCapability.OPEN_TICKET}
    customer = await of(pipeline, {"vencimento": ORDER})

    told = await asks(customer, "vencimento no dia 10 pfv", tipo="vencimento", novo="10")

    assert told["equipe"] == "Financeiro"


async def test_only_days_that_the_provider_names_may_be_chosen(pipeline: AssistantPipeline) -> None:
    customer = await of(pipeline, {"vencimento": {"days": [5, 10, 15]}})

    told = await asks(customer, "quero vencimento dia 12", tipo="vencimento", novo="12")
    assert (told["erro"], told["dias"]) == ("falta_dado", [5, 10, 15])
    told = await asks(customer, "quero mudar o vencimento", tipo="vencimento", novo="5")
    assert told["erro"] == "falta_dado"
    told = await asks(customer, "quero mudar o vencimento", tipo="vencimento")
    assert told["erro"] == "falta_dado"
    told = await asks(customer, "entao dia 5 de vencimento", tipo="vencimento", novo="dia 5")
    assert told["ok"]


async def test_a_new_password_never_goes_anywhere(pipeline: AssistantPipeline) -> None:
    customer = await of(pipeline, {"wifi_senha": ORDER})
    text = f"troca a senha do wifi pra {SECRET}"

    told = await asks(customer, text, tipo="wifi_senha", novo=SECRET)

    (deed,) = await pipeline.load_erp_ledger()
    assert "trocar a senha do Wi-Fi" in deed["content"]
    assert SECRET not in str(deed)
    assert SECRET not in str(told)
    assert SECRET not in str(await customer.load_facts())
    rows = await pipeline.given.rows("SELECT tool_results::text FROM turns")
    assert not any(SECRET in row for row in rows)
    journal = await pipeline.given.rows("SELECT request::text FROM erp_writes")
    assert not any(SECRET in row for row in journal)


async def test_a_bad_call_with_a_password_in_it_is_not_kept_either(
    pipeline: AssistantPipeline,
) -> None:
    customer = await of(pipeline)
    call = ("registrar_solicitacao", {"tipo": "senha", "palavras": SECRET, "novo": SECRET})

    await customer.run_with_model_output("troca a senha", [call], "Certo.")

    rows = await pipeline.given.rows("SELECT tool_results::text FROM turns")
    assert not any(SECRET in row for row in rows)


async def test_a_password_beside_another_request_goes_nowhere_either(
    pipeline: AssistantPipeline,
) -> None:
    customer = await of(pipeline, {"wifi_nome": ORDER})
    text = f"bota o nome Casa da Ana e a senha {SECRET}"

    told = await asks(customer, text, tipo="wifi_nome", novo=f"Casa da Ana e a senha {SECRET}")
    assert told["erro"] == "falta_dado"
    told = await asks(customer, text, tipo="wifi_nome", novo="Casa da Ana")

    (deed,) = await pipeline.load_erp_ledger()
    assert "«Casa da Ana»" in deed["content"]
    rows = await pipeline.given.rows("SELECT tool_results::text FROM turns")
    assert not any(SECRET in each for each in [*rows, str(deed), str(told)])


@pytest.mark.parametrize(
    "words", ["quero trocar o titular", "sim", "mudar o vencimento para o dia 10", "oi"]
)
async def test_what_the_customer_did_not_write_is_no_request(
    pipeline: AssistantPipeline, words: str
) -> None:
    customer = await of(pipeline)

    await customer.run_with_model_output(
        "bom dia, sim", [("registrar_solicitacao", {"tipo": "ponto_adicional", "palavras": words})]
    )

    assert (await customer.list_tool_calls())[-1][1]["erro"] == "pedido_nao_citado"
    assert await customer.load_status() == ("pending", None)


async def test_a_kind_that_is_off_is_not_taken(pipeline: AssistantPipeline) -> None:
    customer = await of(pipeline, {"titularidade": {"how": "off"}})

    told = await asks(customer, "passa pro nome da minha mulher", tipo="titularidade", novo="Ana B")

    assert told["erro"] == "nao_disponivel"


async def test_with_every_kind_off_the_tool_is_not_offered(pipeline: AssistantPipeline) -> None:
    customer = await of(pipeline, {kind.value: {"how": "off"} for kind in ChangeRequestKind})

    told = await asks(customer, "quero vencimento dia 10", tipo="vencimento", novo="10")

    assert told["erro"] == "argumento_invalido"


async def test_an_upgrade_of_a_subscriber_is_a_request_and_no_lead(
    pipeline: AssistantPipeline,
) -> None:
    customer = await of(pipeline, {"plano": ORDER})
    plan = {"plano": 3, "nome": "Maria", "cpf_cnpj": customer.cpf, "endereco": "Rua A, 1"}
    calls = [("listar_planos", {}), ("registrar_interesse", plan)]
    await customer.run_with_model_output("quero aumentar pra 700 mega", calls)
    assert (await customer.list_tool_calls())[-1][1]["erro"] == "ja_assinante"

    told = await asks(customer, "quero sim aumentar pra 700 mega", tipo="plano", novo="3")

    (deed,) = await pipeline.load_erp_ledger()
    assert deed["kind"] == "ticket"
    assert told["registrado"] == "mudar o plano de FIBRA 500 MEGA para FIBRA 700 MEGA"


async def test_a_plan_that_nobody_listed_cannot_be_wanted(pipeline: AssistantPipeline) -> None:
    customer = await of(pipeline)

    told = await asks(customer, "quero o plano de 2 giga", tipo="plano", novo="9")

    assert told["erro"] == "falta_dado"
    assert "listar_planos" in told["orientacao"]


async def test_an_open_order_is_cancelled_by_people(pipeline: AssistantPipeline) -> None:
    customer = await of(pipeline, {"cancelar_chamado": {"team": "suporte"}}, "visit")

    told = await asks(
        customer, "pode cancelar a visita, voltou aqui", tipo="cancelar_chamado", novo=""
    )
    assert told["erro"] == "argumento_invalido"
    told = await asks(customer, "pode cancelar a visita, voltou aqui", tipo="cancelar_chamado")

    assert told["encaminhado"] == f"cancelar o chamado {customer.contract}002"
    assert await customer.load_status() == ("waiting", "suporte")


async def test_where_no_order_is_open_none_can_be_cancelled(pipeline: AssistantPipeline) -> None:
    customer = await of(pipeline)

    told = await asks(customer, "desmarca a visita pfv", tipo="cancelar_chamado")

    assert (told["erro"], told["abertos"]) == ("falta_dado", [])


@pytest.mark.parametrize(
    ("kind", "text", "new", "what"),
    [
        ("wifi_nome", "bota o nome da rede Casa da Ana", "Casa da Ana", "«Casa da Ana»"),
        ("endereco", "vou mudar pra rua do sol 40 olinda", "Rua do Sol, 40, Olinda", "Rua do Sol"),
        ("titularidade", "passa pro nome da Ana Prado", "Ana Prado 529.982.247-25", "Ana Prado"),
        ("ponto_adicional", "quero mais um ponto no quarto", None, "ponto adicional"),
    ],
)
async def test_what_each_kind_needs_is_written_down(
    pipeline: AssistantPipeline, kind: str, text: str, new: str | None, what: str
) -> None:
    customer = await of(pipeline)

    told = await asks(customer, text, tipo=kind, novo=new)

    assert what in told["encaminhado"]
    assert "529" not in told["encaminhado"]


async def test_two_requests_of_one_visit_are_both_in_the_note(pipeline: AssistantPipeline) -> None:
    customer = await of(pipeline)
    text = "quero vencimento dia 10 e mais um ponto no quarto"
    calls = [
        ("registrar_solicitacao", {"tipo": kind, "palavras": words, "novo": new})
        for kind, words, new in (
            ("vencimento", "quero vencimento dia 10", "10"),
            ("ponto_adicional", "mais um ponto no quarto", None),
        )
    ]

    await customer.run_with_model_output(text, calls, "Anotei os dois pedidos.")

    (note,) = await customer.load_notes()
    assert "mudar o vencimento para o dia 10; instalar um ponto adicional" in note


async def test_a_third_party_asks_for_nothing(pipeline: AssistantPipeline) -> None:
    customer = await of(pipeline, phone="5581911112222")

    told = await asks(customer, "quero vencimento dia 10", tipo="vencimento", novo="10")

    assert told["erro"] == "terceiro"


async def test_that_it_was_changed_is_never_said(pipeline: AssistantPipeline) -> None:
    customer = await of(pipeline, {"vencimento": ORDER})
    lie = "Pronto, alterei seu vencimento para o dia 10!"

    await asks(customer, "vencimento no dia 10 pfv", tipo="vencimento", novo="10", says=lie)

    assert lie not in customer.texts
    assert customer.texts[0].startswith("Registrei seu pedido: mudar o vencimento para o dia 10.")


async def test_a_second_attempt_tells_what_the_first_one_registered(
    pipeline: AssistantPipeline,
) -> None:
    customer = await of(pipeline, {"vencimento": ORDER})
    await pipeline.update_settings(model=STUBBORN, max_steps=1)
    words = "quero vencimento dia 10"
    arguments = {"tipo": "vencimento", "palavras": words, "novo": "10"}
    order = {"calls": [{"name": "registrar_solicitacao", "arguments": arguments}]}
    await customer.write(f"{words}\nOBEDECE: {json.dumps(order)}")
    dead = await customer.pending_turn()
    await customer.run_turn_without_commit(dead)
    await pipeline.host.run(customer.thread, RestartTurn(TurnId(dead.turn_id), dead.attempt))

    finish = await customer.run_turn()

    assert finish.attempt == 2
    (deed,) = await pipeline.load_erp_ledger()
    assert deed["protocol"] in customer.texts[0]


async def test_a_document_in_a_request_is_told_to_nobody(pipeline: AssistantPipeline) -> None:
    customer = await of(pipeline, {"endereco": {"team": "suporte"}})

    told = await asks(
        customer,
        f"muda meu endereço, cpf {customer.cpf}",
        tipo="endereco",
        novo=f"cpf {customer.cpf}",
    )

    assert customer.cpf not in json.dumps(told)
    assert all(customer.cpf not in each.text for each in customer.heard)
    assert all(customer.cpf not in note for note in await customer.load_notes())
