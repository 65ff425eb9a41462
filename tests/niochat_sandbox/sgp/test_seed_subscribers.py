"""Every subscriber of the simulated ERP is in the situation that names it."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.niochat_sandbox.conftest import SandboxFixture
from tests.niochat_sandbox.sgp.sgp_client import SgpClientFixture

pytestmark = pytest.mark.asyncio

OPEN = {"faturas_abertas_todas": 1, "nao_gerar_os": 1}


@pytest.fixture
def erp(sandbox: SandboxFixture) -> SgpClientFixture:
    return SgpClientFixture(sandbox)


def values(data: Any) -> Iterator[Any]:
    if isinstance(data, dict):
        data = list(data.values())
    if isinstance(data, list):
        for each in data:
            yield from values(each)
    else:
        yield data


def _today() -> date:
    return (datetime.now(UTC) - timedelta(hours=3)).date()


async def rows(erp: SgpClientFixture, case: str, nth: int = 0) -> list[dict[str, Any]]:
    document = (await erp.of_case(case, nth))["cpf"]
    return list((await erp.query_customer("consultacliente/", cpfcnpj=document))["contratos"])


async def access(erp: SgpClientFixture, case: str, nth: int = 0) -> Any:
    return await erp.query_customer("verificaacesso/", contrato=await erp.contract(case, nth))


async def modem(erp: SgpClientFixture, case: str, nth: int = 0) -> Any:
    document = (await erp.of_case(case, nth))["cpf"]
    found = await erp.query_customer("clientes/", cpfcnpj=document, exibir_conexao=1)
    return found["clientes"][0]["contratos"][0]["servicos"][0]["onu"]


async def invoices(erp: SgpClientFixture, case: str) -> Any:
    return await erp.query_customer("fatura2via/", contrato=await erp.contract(case), **OPEN)


async def test_the_first_is_maria_with_one_open_invoice(erp: SgpClientFixture) -> None:
    first = (await erp.subscribers())[0]
    assert (first["case"], first["phone"]) == ("active", "5581988887777")
    assert (first["name"], first["open_invoices"]) == ("Maria da Silva", 1)
    [row] = await rows(erp, "active")
    assert (row["contratoStatus"], row["contratoStatusDisplay"]) == (1, " Ativo ")
    assert row["telefones"] == ["81988887777"]
    assert row["contratoTitulosAReceber"] == 1
    assert (await access(erp, "active"))["status"] == 1
    assert (await modem(erp, "active"))["rx"] == "-19.8"


async def test_an_invoice_has_pix_digit_line_paper_and_a_future_due_date(
    erp: SgpClientFixture,
) -> None:
    told = await invoices(erp, "active")
    [link] = told["links"]
    today = (datetime.now(UTC) - timedelta(hours=3)).date()
    assert (told["status"], link["valor"]) == (1, 99.9)
    assert link["vencimento"] == (today + timedelta(days=5)).isoformat()
    assert link["codigopix"].startswith("000201")
    assert len(re.sub(r"\D", "", link["linhadigitavel"])) == 47
    assert link["link"] == f"{erp.sandbox.origin}/sgp/boleto/9001.pdf"
    paper = await erp.sandbox.http.get(link["link"])
    assert paper.headers["content-type"] == "application/pdf"
    assert paper.content.startswith(b"%PDF")


@pytest.mark.parametrize("nth", [0, 1, 2])
async def test_a_suspended_one_owes_and_never_used_the_unlock(
    erp: SgpClientFixture, nth: int
) -> None:
    [row] = await rows(erp, "suspended", nth)
    assert (int(row["contratoStatus"]), int(row["promessasPagamentoMes"])) == (4, 0)
    assert float(row["contratoValorAberto"]) > 99.9
    told = await access(erp, "suspended", nth)
    assert int(told.get("status", told.get("staus"))) == 4


async def test_an_overdue_invoice_costs_fine_and_interest(erp: SgpClientFixture) -> None:
    [link] = (await invoices(erp, "suspended"))["links"]
    assert (link["valor_original"], link["multa"], link["juros"]) == (99.9, 2.0, 0.4)
    assert link["valor"] == 102.3


async def test_two_contracts_stand_at_different_addresses(erp: SgpClientFixture) -> None:
    one, other = await rows(erp, "two_contracts")
    assert (one["contratoStatus"], other["contratoStatus"]) == (4, 1)
    assert one["endereco_logradouro"] != other["endereco_logradouro"]
    assert one["endereco_cidade"] != other["endereco_cidade"]
    [alone] = (await erp.query_customer("consultacliente/", contrato=other["contratoId"]))[
        "contratos"
    ]
    assert alone == other
    document = (await erp.of_case("two_contracts"))["cpf"]
    assert len((await erp.query_customer("fatura2via/", cpfcnpj=document, **OPEN))["links"]) == 2
    document_only_next = await erp.query_customer("fatura2via/", cpfcnpj=document, nao_gerar_os=1)
    assert len(document_only_next["links"]) == 1


async def test_statuses_of_the_other_cases(erp: SgpClientFixture) -> None:
    for case, status in {"reduced": 7, "cancelled": 3, "new": 6, "company": 1}.items():
        [row] = await rows(erp, case)
        assert int(row["contratoStatus"]) == status, case
    [used] = await rows(erp, "suspended_used")
    assert (used["contratoStatus"], used["promessasPagamentoMes"]) == (4, 1)


async def test_only_one_place_is_under_maintenance(erp: SgpClientFixture) -> None:
    under_way = [
        each
        for each in (await erp.get("/api/ura/manutencao/list/")).json()
        if each["ativa"] and each["status"] != 4
    ]
    [row] = await rows(erp, "maintenance")
    assert [pop["id"] for each in under_way for pop in each["pops"]] == [row["popId"]]
    pops = [contract["pop"] for each in await erp.subscribers() for contract in each["contracts"]]
    assert pops.count(row["popId"]) == 1
    assert under_way[0]["mensagem_ura"]
    assert datetime.fromisoformat(under_way[0]["data_final"]) > datetime.now(UTC).replace(
        tzinfo=None
    ) - timedelta(hours=3)
    told = await access(erp, "maintenance")
    assert (told["status"], told["tempo"]) == (9, "4 horas")


async def test_light_tells_a_dead_modem_from_a_broken_fibre(erp: SgpClientFixture) -> None:
    light = await modem(erp, "offline_light")
    assert (light["rx"], light["conexao"]["status"]) == ("-21.0", "offline")
    assert (await access(erp, "offline_light"))["status"] == 0
    assert [(await modem(erp, "offline_dark", nth))["rx"] for nth in range(3)] == [None, "None", ""]
    assert (await access(erp, "offline_dark"))["status"] == 2
    assert (await access(erp, "offline_dark", 1))["status"] == "2"
    assert (await access(erp, "offline_dark", 2))[0]["status"] == 2
    assert await modem(erp, "new") is None


async def test_the_modem_is_told_only_when_it_is_asked_for(erp: SgpClientFixture) -> None:
    found = await erp.query_customer("clientes/", contrato=5501)
    assert "onu" not in found["clientes"][0]["contratos"][0]["servicos"][0]


async def test_who_owes_nothing_gets_no_invoice(erp: SgpClientFixture) -> None:
    nothing = await invoices(erp, "no_invoice")
    assert (nothing["status"], nothing["links"]) == (0, [])
    assert (await invoices(erp, "cancelled"))["links"] == []
    assert await access(erp, "cancelled") == []


async def test_pix_may_be_absent_or_only_on_demand(erp: SgpClientFixture) -> None:
    [without] = (await invoices(erp, "no_pix"))["links"]
    assert (without["codigopix"], len(without["linhadigitavel"]) > 47) == ("", True)
    pix = f"pagamento/pix/{without['fatura']}"
    assert not (await erp.query_customer(pix))["codigoPix"]
    [later] = (await invoices(erp, "pix_on_demand"))["links"]
    assert later["codigopix"] == ""
    number = await erp.contract("pix_on_demand")
    demanded = await erp.query_customer(f"pagamento/pix/{later['fatura']}/", contrato=number)
    assert demanded["emv"].startswith("000201")
    assert (await erp.query_customer("pagamento/pix/1"))["msg"] == "Fatura não encontrada"


async def test_phones_of_the_erp_are_not_always_those_that_write(erp: SgpClientFixture) -> None:
    third = await erp.of_case("third_party")
    [row] = await rows(erp, "third_party")
    assert third["phone"][2:] not in row["telefones"]
    [short] = await rows(erp, "short_phone")
    assert [len(each) for each in short["telefones"]] == [10]
    [company] = await rows(erp, "company")
    assert re.fullmatch(r"\(81\) 98888-77\d\d", company["telefones"][0])
    [objects, _] = await rows(erp, "two_contracts")
    assert set(objects["telefones"][0]) == {"contato", "tipoContato"}


async def test_the_company_has_one_overdue_invoice_of_two(erp: SgpClientFixture) -> None:
    company = await erp.of_case("company")
    assert (len(company["cpf"]), company["open_invoices"]) == (14, 2)
    assert [each["multa"] > 0 for each in (await invoices(erp, "company"))["links"]] == [
        True,
        False,
    ]


async def test_the_open_ticket_is_listed_before_the_closed_one(erp: SgpClientFixture) -> None:
    number = await erp.contract("open_ticket")
    told = (await erp.query_customer("ocorrencia/list/", contrato=number))["ocorrencias"]
    assert [each["status"] for each in told] == ["Aberta", "Encerrada"]
    [alone] = (await erp.query_customer("ocorrencia/list/", contrato=number, status=0))[
        "ocorrencias"
    ]
    assert "LOS" in alone["conteudo"]


async def test_the_slow_one_is_online_with_a_status_only_in_words(erp: SgpClientFixture) -> None:
    [row] = await rows(erp, "slow")
    assert (row["contratoStatus"], row["contratoStatusDisplay"].strip()) == (None, "Ativo")
    assert (await access(erp, "slow"))[0]["status"] == 1


async def test_textual_records_hold_nothing_but_texts_and_flags(erp: SgpClientFixture) -> None:
    for nth_case in (("suspended", 1), ("reduced", 0), ("offline_dark", 1)):
        [row] = await rows(erp, *nth_case)
        assert all(isinstance(each, str) for each in values(row)), nth_case
        assert row["fidelidade"] == "None"


async def test_passwords_stand_in_every_row_as_marked_fakes(erp: SgpClientFixture) -> None:
    [row] = await rows(erp, "active")
    marked = [name for name, value in row.items() if str(value).startswith("segredo-")]
    assert len(marked) == 8
    assert {"servico_senha", "contratoCentralSenha", "servico_wifi_password_5"} <= set(marked)


async def test_titles_are_paged_and_of_three_kinds(erp: SgpClientFixture) -> None:
    document = (await erp.of_case("company"))["cpf"]
    for status, count in (("abertos", 2), ("pagos", 1), ("cancelados", 0)):
        told = await erp.query_customer("titulos/", cpfcnpj=document, status=status)
        assert told["paginacao"]["total"] == count
    part = await erp.query_customer("titulos/", cpfcnpj=document, offset=1, limit=1)
    assert part["paginacao"] == {"offset": 1, "limit": 1, "parcial": 1, "total": 2}
    assert len(part["titulos"][0]["codigoBarras"]) == 44


async def test_plans_have_prices_and_viability_an_answer(erp: SgpClientFixture) -> None:
    plans = (await erp.get("/api/ura/consultaplano/")).json()["planos"]
    assert [float(each["preco"]) for each in plans] == [79.9, 99.9, 129.9, 199.9]
    assert (await erp.query_customer("viabilidade/", cep="53000-000"))["viabilidade"] is True
    assert (await erp.query_customer("viabilidade/", cep="01000-000"))["viabilidade"] is False
    street = {"logradouro": "Rua A", "numero": 1, "bairro": "Centro"}
    assert (await erp.query_customer("viabilidade/", **street, cidade="Olinda"))[
        "viabilidade"
    ] is True
    assert (await erp.query_customer("viabilidade/", **street, cidade="Natal"))[
        "viabilidade"
    ] is False
    assert (await erp.query_customer("viabilidade/", bairro="Centro"))["status"] == 0


async def test_a_paid_invoice_is_a_title_with_its_day(erp: SgpClientFixture) -> None:
    contract = await erp.contract("paid")
    assert (await erp.query_customer("fatura2via/", contrato=contract, **OPEN))["links"] == []
    told = await erp.query_customer("titulos/", contrato=contract, status="pagos")
    first, second = told["titulos"]
    assert (first["status"], first["valorPago"]) == ("pago", 99.9)
    assert first["dataPagamento"] > first["dataVencimento"] > second["dataPagamento"]


async def test_what_is_paid_leaves_the_open_invoices(erp: SgpClientFixture) -> None:
    before = [each["id"] for each in (await invoices(erp, "active"))["links"]]
    document = (await erp.of_case("active"))["cpf"]
    await erp.control("PUT", f"/subscribers/{document}", json={"paid": 1})

    assert (await invoices(erp, "active"))["links"] == []
    told = await erp.query_customer("titulos/", cpfcnpj=document, status="pagos")
    assert told["titulos"][0]["id"] == before[0]
    assert told["titulos"][0]["dataPagamento"] == str(_today())


async def test_a_dearer_invoice_has_a_fine_and_cheaper_ones_before_it(
    erp: SgpClientFixture,
) -> None:
    [link] = (await invoices(erp, "dearer"))["links"]
    assert (link["valor_original"], link["multa"], link["juros"]) == (129.9, 2.6, 0.64)
    assert link["valor"] == 133.14
    told = await erp.query_customer(
        "titulos/", contrato=await erp.contract("dearer"), status="pagos"
    )
    assert {each["valor"] for each in told["titulos"]} == {99.9}


async def test_a_visit_has_a_day_and_who_comes(erp: SgpClientFixture) -> None:
    told = await erp.query_customer("ocorrencia/list/", contrato=await erp.contract("visit"))
    first, _ = told["ocorrencias"]
    [order] = first["ordens_servicos"]
    assert order["data_agendamento"].endswith(" 14:00")
    assert order["tecnico"] == "Carlos Souza"
    told = await erp.query_customer("ocorrencia/list/", contrato=await erp.contract("open_ticket"))
    assert told["ocorrencias"][0]["data_agendamento"] == ""


async def test_three_invoices_are_open_at_once(erp: SgpClientFixture) -> None:
    assert len((await invoices(erp, "three_open"))["links"]) == 3


async def test_who_is_not_there_is_not_found(erp: SgpClientFixture) -> None:
    assert (await erp.query_customer("consultacliente/", cpfcnpj="00000000000"))["status"] == 0
    assert (await erp.query_customer("consultacliente/", contrato=0))["contratos"] == []
    assert (await erp.query_customer("consultacliente/"))["contratos"] == []
    assert (await erp.query_customer("clientes/", cpfcnpj="00000000000"))["clientes"] == []
    assert await erp.query_customer("verificaacesso/", contrato=0) == []
    assert (await erp.query_customer("fatura2via/", contrato=0))["msg"] == "Cliente não encontrado"
    assert (await erp.query_customer("titulos/", contrato=0))["titulos"] == []
    assert (await erp.query_customer("ocorrencia/list/", contrato=0))["status"] == 0


async def test_every_filter_finds_the_first_subscriber(erp: SgpClientFixture) -> None:
    [row] = await rows(erp, "active")
    found = {
        "nome": "maria da silva",
        "login": row["servico_login"],
        "email": row["emails"][0],
        "telefone": "5581988887777",
    }
    for name, value in found.items():
        told = await erp.query_customer("consultacliente/", **{name: value})
        assert [each["contratoId"] for each in told["contratos"]] == [5501], name
    assert (await erp.query_customer("verificaacesso/", telefone="81988887777"))[
        "contratoId"
    ] == 5501
