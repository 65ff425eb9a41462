"""What the simulated ERP is told to do is done, kept, and stays within one installation."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.niochat_sandbox.conftest import SandboxFixture
from tests.niochat_sandbox.sgp.sgp_client import SgpClientFixture

pytestmark = pytest.mark.asyncio


@pytest.fixture
def erp(sandbox: SandboxFixture) -> SgpClientFixture:
    return SgpClientFixture(sandbox)


@pytest.mark.parametrize(("case", "nth"), [("suspended", 0), ("suspended", 1), ("reduced", 0)])
async def test_an_unlock_brings_the_contract_back(
    erp: SgpClientFixture, case: str, nth: int
) -> None:
    number = await erp.contract(case, nth)
    told = await erp.query_customer("liberacaopromessa/", contrato=number, conteudo="Pago na sexta")
    until = ((datetime.now(UTC) - timedelta(hours=3)).date() + timedelta(days=3)).isoformat()
    assert told["liberado"] in (True, 1)
    assert (int(told["liberado_dias"]), told["data_promessa"]) == (3, until)
    [row] = (await erp.query_customer("consultacliente/", contrato=number))["contratos"]
    assert (int(row["contratoStatus"]), int(row["promessasPagamentoMes"])) == (1, 1)
    assert int((await erp.query_customer("verificaacesso/", contrato=number))["status"]) == 1
    [line] = await erp.ledger()
    assert (line["id"], line["kind"], line["contract"]) == (1, "unlock", number)
    assert (line["words"], line["protocol"]) == ("Pago na sexta", told["protocolo"])
    assert erp.token not in str(line)


@pytest.mark.parametrize(
    ("case", "word"),
    [
        ("active", "não está suspenso"),
        ("suspended_used", "Limite"),
        ("suspended_refused", "não disponível"),
        ("cancelled", "não está suspenso"),
    ],
)
async def test_an_unlock_is_refused_with_a_reason(
    erp: SgpClientFixture, case: str, word: str
) -> None:
    told = await erp.query_customer("liberacaopromessa/", contrato=await erp.contract(case))
    assert told["liberado"] is False
    assert word in told["msg"]
    assert await erp.ledger() == []


async def test_an_unlock_of_an_unknown_contract_does_nothing(erp: SgpClientFixture) -> None:
    assert (await erp.query_customer("liberacaopromessa/", contrato=1))["liberado"] is False
    assert await erp.ledger() == []


async def test_an_unlock_acts_again_as_soon_as_it_is_allowed(erp: SgpClientFixture) -> None:
    suspended = await erp.of_case("suspended")
    number = suspended["contracts"][0]["id"]
    assert (await erp.query_customer("liberacaopromessa/", contrato=number))["liberado"] is True
    assert (await erp.query_customer("liberacaopromessa/", contrato=number))["liberado"] is False
    change = {"status": 4, "promises": 0}
    await erp.control("PUT", f"/subscribers/{suspended['cpf']}", json=change)
    assert (await erp.query_customer("liberacaopromessa/", contrato=number))["liberado"] is True
    assert await erp.list_entry_types() == ["unlock", "unlock"]


async def test_every_ticket_opens_another_one(erp: SgpClientFixture) -> None:
    protocols = [(await erp.open_ticket(contato_nome="Maria")).json()["protocolo"] for _ in "12"]
    assert len(set(protocols)) == 2
    told = (await erp.query_customer("ocorrencia/list/", contrato=5501))["ocorrencias"]
    assert [each["numero"] for each in told] == protocols[::-1]
    assert {each["conteudo"] for each in told} == {"Sem internet"}
    first, second = await erp.ledger()
    assert (first["type"], first["content"], first["contact_name"]) == (
        "5",
        "Sem internet",
        "Maria",
    )
    assert second["at"] >= first["at"]


async def test_some_tickets_are_answered_in_a_list(erp: SgpClientFixture) -> None:
    for nth in (1, 2):
        number = await erp.contract("offline_dark", nth)
        [told] = (await erp.open_ticket(contrato=number)).json()
        assert int(told["contratoId"]) == number


@pytest.mark.parametrize("missing", ["contrato", "ocorrenciatipo", "conteudo"])
async def test_a_ticket_without_what_it_needs_is_none(erp: SgpClientFixture, missing: str) -> None:
    told = (await erp.open_ticket(**{missing: ""})).json()
    assert (told["status"], told["msg"]) == (0, f"Campo obrigatório: {missing}")
    assert (await erp.open_ticket(contrato=1)).json()["status"] == 0
    assert await erp.ledger() == []


async def test_a_ticket_in_json_may_hold_lists(erp: SgpClientFixture) -> None:
    body = erp.signed({"contrato": [5501], "ocorrenciatipo": 1, "conteudo": "Luz vermelha"})
    reply = await erp.sandbox.http.post("/sgp/api/ura/chamado/", json=body)
    assert reply.json()["status"] == 1
    asked = erp.signed({"contrato": 5501, "status": [0]})
    reply = await erp.sandbox.http.post("/sgp/api/ura/ocorrencia/list/", json=asked)
    assert [each["tipo"] for each in reply.json()["ocorrencias"]] == ["1"]


async def test_a_lead_is_kept_with_all_its_fields(erp: SgpClientFixture) -> None:
    fields = {"nome": "João Novo", "celular": "81977770000", "plano_id": "2", "endereco": "Rua A"}
    told = (await erp.post("precadastro/F", **fields)).json()
    assert told["status"] == 1
    [line] = await erp.ledger()
    assert (line["kind"], line["contract"], line["fields"]) == ("lead", None, fields)
    assert (line["name"], line["plan"]) == ("João Novo", "2")
    assert (await erp.post("precadastro/F", celular="1")).json()["status"] == 0


async def test_an_invoice_without_the_switch_opens_a_service_order(erp: SgpClientFixture) -> None:
    await erp.query_customer("fatura2via/", contrato=5501, nao_gerar_os=1)
    assert await erp.list_entry_types() == []
    await erp.query_customer("fatura2via/", contrato=5501)
    assert await erp.list_entry_types() == ["service_order_by_invoice"]


async def test_installations_are_isolated(erp: SgpClientFixture, sandbox: SandboxFixture) -> None:
    other = SgpClientFixture(sandbox)
    number = await erp.contract("suspended")
    await erp.query_customer("liberacaopromessa/", contrato=number)
    assert await other.ledger() == []
    assert (await other.of_case("suspended"))["contracts"][0]["status"] == 4
    assert (await erp.of_case("suspended"))["contracts"][0]["status"] == 1
    assert (await other.control("GET", "/calls"))["items"] == {}


async def test_a_reset_makes_an_installation_fresh(erp: SgpClientFixture) -> None:
    number = await erp.contract("suspended")
    await erp.query_customer("liberacaopromessa/", contrato=number)
    await erp.control("DELETE", "")
    assert await erp.ledger() == []
    assert (await erp.of_case("suspended"))["contracts"][0]["status"] == 4
    assert (await erp.control("GET", "/calls"))["items"] == {}


async def test_every_call_is_counted_by_its_route(erp: SgpClientFixture) -> None:
    await erp.query_customer("pagamento/pix/9001")
    await erp.query_customer("pagamento/pix/9002")
    await erp.get("/api/auth/info/")
    assert (await erp.control("GET", "/calls"))["items"] == {
        "/api/ura/pagamento/pix/{invoice}": 2,
        "/api/auth/info/": 1,
    }
