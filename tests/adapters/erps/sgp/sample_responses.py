"""Answers in the shapes of the SGP reference 3.2, with invented people."""

from typing import Any

from niochat.adapters.erps.sgp.responses.response_parser import (
    parse_read_response,
    parse_read_value,
)
from niochat.adapters.erps.sgp.responses.write_outcome_parser import parse_write_response
from niochat.adapters.erps.sgp.transport import SgpHttpResponse
from niochat.ports.erp import (
    CheckAccessStatus,
    CheckCoverage,
    ErpRead,
    ErpWrite,
    FetchInvoicePdf,
    FindSubscriber,
    ListInvoices,
    ListMaintenances,
    ListPaidInvoices,
    ListServicePlans,
    ListSubscribersByPhone,
    ListTickets,
    OpenTicket,
    ReadContract,
    ReadOpticalSignal,
    ReadPixCode,
    RegisterLead,
    ServiceAddress,
    TicketCategory,
    Unlock,
)

CPF = "12345678909"
PIX = "00020126580014br.gov.bcb.pix0136a  b5204000053039865802BR6304ABCD"
DIGIT_LINE = "34191.79001 01043.510047 91020.150008 5 92340000009990"
SECRET = "marked-secret"

FIND, CONTRACT = FindSubscriber(CPF), ReadContract("5501")
BY_PHONE = ListSubscribersByPhone("5581999998888")
INVOICES, PIX_READ = ListInvoices("5501"), ReadPixCode("5501", "9001")
LINE, OPTICS = CheckAccessStatus("5501"), ReadOpticalSignal("5501")
MAINTENANCES, TICKETS, PLANS = ListMaintenances(), ListTickets("5501"), ListServicePlans()
PAID, COVERAGE = ListPaidInvoices("5501"), CheckCoverage(ServiceAddress(cep="53000000"))
READS: tuple[ErpRead[Any], ...] = (
    FIND,
    CONTRACT,
    INVOICES,
    PIX_READ,
    LINE,
    OPTICS,
    MAINTENANCES,
    TICKETS,
    PLANS,
    PAID,
    COVERAGE,
    BY_PHONE,
)
UNLOCK = Unlock("5501", "Pago na sexta")
TICKET = OpenTicket(
    "5501", TicketCategory.NO_LIGHT, "Sem luz desde cedo", "Maria", "5581999998888", "k-1"
)
LEAD = RegisterLead("12", "João Souza", CPF, "5581977776666", "Rua B, 20", 10, "k-2")
WRITES: tuple[ErpWrite, ...] = (UNLOCK, TICKET, LEAD)
PDF = FetchInvoicePdf("5501", "unset")

SECRETS = {
    "servico_senha": SECRET,
    "contratoCentralLogin": SECRET,
    "contratoCentralSenha": SECRET,
    "servico_wifi_ssid": SECRET,
    "servico_wifi_password": SECRET,
    "servico_wifi_password_5": SECRET,
    "dataNascimento": SECRET,
    "servico_mac": SECRET,
    "mac": SECRET,
    "emails": [SECRET + "@example.com"],
    "email": SECRET + "@example.com",
}


def build_contract_row(**changes: object) -> dict[str, object]:
    """One row of ``consultacliente``, as loosely typed as the reference's."""
    return {
        "clienteId": 101,
        "contratoId": 5501,
        "razaoSocial": "MARIA DA SILVA",
        "cpfCnpj": "123.456.789-09",
        "dataCadastro": "05/02/2024 10:11:12",
        "contratoStatus": 1,
        "contratoStatusDisplay": " Ativo ",
        "motivo_status": "",
        "contratoValorAberto": 0,
        "promessasPagamentoMes": 0,
        "planointernet": "FIBRA 500 MEGA",
        "servico_plano": "FIBRA 500 MEGA",
        "planotv": None,
        "servico_vlan": "None",
        "popId": 3,
        "endereco_logradouro": "Rua A",
        "endereco_numero": 10,
        "endereco_complemento": None,
        "endereco_bairro": "Centro",
        "endereco_cidade": "Olinda",
        "endereco_uf": "PE",
        "telefones": ["81999998888"],
        **SECRETS,
        **changes,
    }


def build_subscriber_response(*contracts: dict[str, object]) -> dict[str, object]:
    return {"msg": "Contrato(s) Localizado(s)", "contratos": list(contracts)}


def build_invoice_row(**changes: object) -> dict[str, object]:
    return {
        "id": 9001,
        "fatura": 9001,
        "valor": 99.9,
        "valor_original": 99.9,
        "vencimento": "2026-11-10",
        "multa": 0,
        "linhadigitavel": DIGIT_LINE,
        "codigopix": PIX,
        "link": "https://isp.sgp.net.br/boleto/9001",
        "link_cobranca": "https://isp.sgp.net.br/cobranca/9001",
        **changes,
    }


def build_invoices_response(*invoices: dict[str, object]) -> dict[str, object]:
    return {"status": 1, "contratoId": 5501, "protocolo": "2402", "links": list(invoices)}


def build_title_row(**changes: object) -> dict[str, object]:
    """One row of ``titulos``."""
    return {
        "id": 8001,
        "clienteContrato": 5501,
        "status": "pago",
        "valor": "99.90",
        "valorCorrigido": 99.9,
        "valorPago": 99.9,
        "dataVencimento": "2026-10-10",
        "dataPagamento": "2026-10-08",
        "codigoPix": "",
        **changes,
    }


def build_client_row(onu: object, contrato: object = 5501, **service: object) -> dict[str, object]:
    services = [{"id": 777, "login": "maria", **SECRETS, "onu": onu, **service}]
    return {"clientes": [{"id": 101, "contratos": [{"contrato": contrato, "servicos": services}]}]}


def build_maintenance_row(**changes: object) -> dict[str, object]:
    return {
        "id": 7,
        "descricao": "Fibra rompida",
        "data_final": "2026-11-10 18:30:00",
        "mensagem_central": "Na central",
        "mensagem_ura": "Equipe a caminho",
        "ativa": True,
        "status": 1,
        "pops": [{"id": 3, "cidade": "Olinda", "uf": "PE"}],
        **changes,
    }


def build_ticket_row(**changes: object) -> dict[str, object]:
    return {
        "numero": 260111,
        "status": "Aberta",
        "status_id": 0,
        "tipo": "1",
        "data_cadastro": "10/11/2026 08:00",
        "conteudo": "Sem luz\nRef. k-1",
        **changes,
    }


def parse_value(request: object, value: object, **kinds: str) -> Any:
    """What the adapter makes of an answer that is already plain lists and objects."""
    return parse_read_value(request, "/route/", value, kinds)


def parse_reply(
    request: ErpRead[Any] | ErpWrite,
    body: str | bytes,
    status: int = 200,
    kind: str = "text/plain",
) -> object:
    """What the adapter makes of a whole reply to a read or a write."""
    content = body if isinstance(body, bytes) else body.encode()
    reply = SgpHttpResponse("/api/ura/route/", status, kind, content)
    if isinstance(request, ErpRead):
        return parse_read_response(request, reply, {})
    return parse_write_response(request, reply)
