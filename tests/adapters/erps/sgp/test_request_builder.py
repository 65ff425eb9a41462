"""What goes over the wire: each request's route and fields, exactly."""

from typing import Any

import pytest

from niochat.adapters.erps.sgp.client import SgpClient
from niochat.ports.erp import (
    ErpAccount,
    ErpError,
    ErpRead,
    ErpWrite,
    OpenTicket,
    ReadPixCode,
    RegisterLead,
    TicketCategory,
)
from tests.adapters.erps.sgp.sample_responses import (
    BY_PHONE,
    CONTRACT,
    COVERAGE,
    CPF,
    FIND,
    INVOICES,
    LEAD,
    LINE,
    MAINTENANCES,
    OPTICS,
    PAID,
    PIX_READ,
    PLANS,
    READS,
    TICKET,
    TICKETS,
    UNLOCK,
    WRITES,
)
from tests.adapters.erps.sgp.scripted_sgp import APP, TOKEN, ScriptedSgp

pytestmark = pytest.mark.asyncio

OF_CONTRACT = {"contrato": "5501"}
BILLS = {**OF_CONTRACT, "faturas_abertas_todas": "1", "nao_gerar_os": "1"}
ASKED = [
    (FIND, "POST", "/api/ura/consultacliente/", {"cpfcnpj": CPF}),
    (BY_PHONE, "POST", "/api/ura/consultacliente/", {"telefone": "81999998888"}),
    (CONTRACT, "POST", "/api/ura/consultacliente/", OF_CONTRACT),
    (INVOICES, "POST", "/api/ura/fatura2via/", BILLS),
    (PAID, "POST", "/api/ura/titulos/", {**OF_CONTRACT, "status": "pagos", "limit": "250"}),
    (COVERAGE, "POST", "/api/ura/viabilidade/", {"cep": "53000000"}),
    (PIX_READ, "POST", "/api/ura/pagamento/pix/9001", OF_CONTRACT),
    (LINE, "POST", "/api/ura/verificaacesso/", OF_CONTRACT),
    (OPTICS, "POST", "/api/ura/clientes/", {**OF_CONTRACT, "exibir_conexao": "1"}),
    (MAINTENANCES, "GET", "/api/ura/manutencao/list/", {}),
    (TICKETS, "POST", "/api/ura/ocorrencia/list/", OF_CONTRACT),
    (PLANS, "GET", "/api/ura/consultaplano/", {}),
]


async def ask(client: SgpClient, sgp: ScriptedSgp, request: ErpRead[Any]) -> None:
    sgp.set_response("gone", status=404)
    with pytest.raises(ErpError):
        await client.read(sgp.account, request, 5)


async def do(client: SgpClient, account: ErpAccount, request: ErpWrite) -> None:
    with pytest.raises(ErpError):
        await client.write(account, request, 5)


@pytest.mark.parametrize(("request_", "method", "path", "told"), ASKED)
async def test_a_read_asks_its_route_with_exactly_these_fields(
    client: SgpClient,
    sgp: ScriptedSgp,
    request_: ErpRead[Any],
    method: str,
    path: str,
    told: dict[str, str],
) -> None:
    await ask(client, sgp, request_)
    (asked,) = sgp.requests
    assert (asked.method, asked.path, asked.summarize) == (method, f"/sgp{path}", told)


@pytest.mark.parametrize("request_", READS, ids=lambda r: type(r).__name__)
async def test_token_and_app_travel_among_the_fields_and_nowhere_else(
    client: SgpClient, sgp: ScriptedSgp, request_: ErpRead[Any]
) -> None:
    await ask(client, sgp, request_)
    (asked,) = sgp.requests
    assert (asked.fields["token"], asked.fields["app"]) == (TOKEN, APP)
    assert "marked-token" not in str(asked.headers)
    assert not {"cookie", "authorization"} & set(asked.headers)


async def test_forms_are_forms_and_the_list_of_tickets_is_json(
    client: SgpClient, sgp: ScriptedSgp
) -> None:
    await ask(client, sgp, FIND)
    await ask(client, sgp, TICKETS)
    kinds = [asked.headers["content-type"] for asked in sgp.requests]
    assert kinds == ["application/x-www-form-urlencoded", "application/json"]


async def test_an_invoice_id_cannot_change_the_route(client: SgpClient, sgp: ScriptedSgp) -> None:
    await ask(client, sgp, ReadPixCode("1", "../../chamado/?x#"))
    assert sgp.requests[0].path == "/sgp/api/ura/pagamento/pix/..%2F..%2Fchamado%2F%3Fx%23"


async def test_an_unlock_names_the_contract_and_the_words(
    client: SgpClient, sgp: ScriptedSgp
) -> None:
    sgp.set_response("gone", status=404)
    await do(client, sgp.account, UNLOCK)
    (asked,) = sgp.requests
    assert (asked.method, asked.path) == ("POST", "/sgp/api/ura/liberacaopromessa/")
    assert asked.summarize == {"contrato": "5501", "conteudo": "Pago na sexta"}


async def test_a_ticket_carries_its_reference(client: SgpClient, sgp: ScriptedSgp) -> None:
    sgp.set_response("gone", status=404)
    await do(client, sgp.account, TICKET)
    (asked,) = sgp.requests
    assert (asked.method, asked.path) == ("POST", "/sgp/api/ura/chamado/")
    assert asked.summarize == {
        "contrato": "5501",
        "ocorrenciatipo": "1",
        "conteudo": "Sem luz desde cedo\nRef. k-1",
        "conteudolimpo": "1",
        "contato_nome": "Maria",
        "contato_telefone": "5581999998888",
    }


@pytest.mark.parametrize(
    ("category", "kinds", "expected"),
    [
        (TicketCategory.NO_CONNECTION, {}, "1"),
        (TicketCategory.NO_LIGHT, {}, "1"),
        (TicketCategory.SLOW, {}, "2"),
        (TicketCategory.EQUIPMENT, {}, "5"),
        (TicketCategory.OTHER, {}, "5"),
        (TicketCategory.SLOW, {"lentidao": "77"}, "77"),
        (TicketCategory.OTHER, {"lentidao": "77"}, "5"),
    ],
)
async def test_a_tickets_kind_is_the_providers_own(
    client: SgpClient,
    sgp: ScriptedSgp,
    category: TicketCategory,
    kinds: dict[str, str],
    expected: str,
) -> None:
    sgp.set_response("gone", status=404)
    account = ErpAccount(sgp.base_url, APP, TOKEN, kinds)
    await do(client, account, OpenTicket("1", category, "c", "n", "t", "r"))
    assert sgp.requests[0].fields["ocorrenciatipo"] == expected


async def test_a_lead_is_only_a_lead(client: SgpClient, sgp: ScriptedSgp) -> None:
    sgp.set_response("gone", status=404)
    await do(client, sgp.account, LEAD)
    (asked,) = sgp.requests
    assert (asked.method, asked.path) == ("POST", "/sgp/api/precadastro/F")
    assert asked.summarize == {
        "nome": "João Souza",
        "cpfcnpj": CPF,
        "celular": "5581977776666",
        "logradouro": "Rua B, 20",
        "plano_id": "12",
        "precadastro_ativar": "0",
        "observacao": "Plano desejado: 12\nVencimento desejado: dia 10\nRef. k-2",
    }


async def test_a_lead_without_a_due_day_wishes_none(client: SgpClient, sgp: ScriptedSgp) -> None:
    sgp.set_response("gone", status=404)
    await do(client, sgp.account, RegisterLead("12", "J", CPF, "5", "R", None, "k"))
    assert sgp.requests[0].fields["observacao"] == "Plano desejado: 12\nRef. k"


@pytest.mark.parametrize("request_", WRITES, ids=lambda r: type(r).__name__)
async def test_half_an_emoji_does_not_fail_a_write(
    client: SgpClient, sgp: ScriptedSgp, request_: ErpWrite
) -> None:
    sgp.set_response({"status": 0, "msg": "não"})
    account = ErpAccount(sgp.base_url, "app \ud83d", TOKEN)
    with pytest.raises(Exception, match="não"):
        await client.write(account, request_, 5)
    assert sgp.requests[0].fields["app"] == "app ?"


async def test_what_is_no_request_of_the_port_is_a_mistake_of_ours(
    client: SgpClient, sgp: ScriptedSgp
) -> None:
    with pytest.raises(TypeError):
        await client.read(sgp.account, ErpRead(), 5)
    with pytest.raises(TypeError):
        await client.write(sgp.account, "unlock", 5)  # type: ignore[arg-type]
    assert not sgp.requests
