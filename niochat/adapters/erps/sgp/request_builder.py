"""Maps each request of the port to a route of SGP and its fields (SGP reference 3.2)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote, urlencode

from niochat.adapters.erps.sgp.ticket_types import ticket_type_for
from niochat.adapters.erps.sgp.transport import SgpHttpRequest
from niochat.adapters.erps.sgp.urls import normalize_base_url
from niochat.ports.erp import (
    CheckAccessStatus,
    CheckCoverage,
    ErpAccount,
    ErpWrite,
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
    Unlock,
)


class SgpBodyFormat(StrEnum):
    """How the fields are encoded."""

    FORM = "form"
    QUERY = "query"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class SgpRequest:
    """A route below the base address and its fields, without the token.

    ``route`` names it in errors: it is the path without identifiers of a subscriber.
    """

    route: str
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    encoding: SgpBodyFormat = SgpBodyFormat.FORM
    path: str = field(default="", repr=False)

    def to_http_request(self, account: ErpAccount, method: str = "") -> SgpHttpRequest:
        """Build the HTTP request for one account; ``token`` and ``app`` are sent as fields.

        Raises ``ErpError`` ``erp_address`` if the base address is unusable.
        """
        url = normalize_base_url(account.base_url, self.route) + (self.path or self.route)
        fields = {"token": account.token, "app": account.app, **self.fields}
        # "replace", because a lone surrogate in a customer's text must not fail the call.
        form = urlencode(fields, errors="replace")
        match self.encoding:
            case SgpBodyFormat.QUERY:
                return SgpHttpRequest(self.route, method or "GET", f"{url}?{form}")
            case SgpBodyFormat.JSON:
                body = json.dumps(fields).encode()
                return SgpHttpRequest(self.route, method or "POST", url, body, "application/json")
            case SgpBodyFormat.FORM:
                content_type = "application/x-www-form-urlencoded"
                return SgpHttpRequest(
                    self.route, method or "POST", url, form.encode(), content_type
                )


def build_read_request(request: object) -> SgpRequest:
    """Build the request of a read other than ``FetchInvoicePdf``. Raises ``TypeError`` if
    ``request`` is not such a read.
    """
    match request:
        case FindSubscriber(document):
            return SgpRequest("/api/ura/consultacliente/", {"cpfcnpj": document})
        case ListSubscribersByPhone(phone):
            national = phone.removeprefix("55")  # SGP stores numbers without the country code
            return SgpRequest("/api/ura/consultacliente/", {"telefone": national})
        case ReadContract(contract):
            return SgpRequest("/api/ura/consultacliente/", {"contrato": contract})
        case ListInvoices(contract):
            return _invoices_request(contract)
        case ListPaidInvoices(contract):
            return _paid_request(contract)
        case ReadPixCode(contract, invoice):
            return _pix_request(contract, invoice)
        case CheckAccessStatus(contract):
            return SgpRequest("/api/ura/verificaacesso/", {"contrato": contract})
        case ReadOpticalSignal(contract):
            return SgpRequest("/api/ura/clientes/", {"contrato": contract, "exibir_conexao": "1"})
        case ListTickets(contract):
            return SgpRequest(
                "/api/ura/ocorrencia/list/", {"contrato": contract}, SgpBodyFormat.JSON
            )
        case _:
            return _provider_request(request)


def _provider_request(request: object) -> SgpRequest:
    """Build the request of a read that concerns no contract."""
    match request:
        case ListMaintenances():
            return SgpRequest("/api/ura/manutencao/list/", encoding=SgpBodyFormat.QUERY)
        case ListServicePlans():
            return SgpRequest("/api/ura/consultaplano/", encoding=SgpBodyFormat.QUERY)
        case CheckCoverage(address):
            return SgpRequest("/api/ura/viabilidade/", _coverage_fields(address))
        case _:
            raise TypeError(f"the ERP cannot be asked a {type(request).__name__}")


def _invoices_request(contract: str) -> SgpRequest:
    # Without ``nao_gerar_os`` every read of the invoices opens a service order.
    fields = {"contrato": contract, "faturas_abertas_todas": "1", "nao_gerar_os": "1"}
    return SgpRequest("/api/ura/fatura2via/", fields)


def _paid_request(contract: str) -> SgpRequest:
    # Installations sort the titles differently, so request as many as one page holds.
    fields = {"contrato": contract, "status": "pagos", "limit": "250"}
    return SgpRequest("/api/ura/titulos/", fields)


def _coverage_fields(place: ServiceAddress) -> dict[str, str]:
    fields = {
        "cep": place.cep,
        "logradouro": place.street,
        # The reference names ``numero``; the vendor's own collection names a range.
        "numero": place.number,
        "numero_inicial": place.number,
        "numero_final": place.number,
        "bairro": place.district,
        "cidade": place.city,
    }
    return {name: value for name, value in fields.items() if value}


def _pix_request(contract: str, invoice: str) -> SgpRequest:
    route = "/api/ura/pagamento/pix/"
    return SgpRequest(route, {"contrato": contract}, path=route + quote(invoice, safe=""))


def build_write_request(account: ErpAccount, request: ErpWrite) -> SgpRequest:
    """Build the request of a write. Raises ``TypeError`` if ``request`` is not a write."""
    match request:
        case Unlock(contract, content):
            return SgpRequest(
                "/api/ura/liberacaopromessa/", {"contrato": contract, "conteudo": content}
            )
        case OpenTicket():
            return SgpRequest("/api/ura/chamado/", _ticket_fields(account, request))
        case RegisterLead():
            return SgpRequest("/api/precadastro/F", _lead_fields(request))
        case _:
            raise TypeError(f"the ERP cannot do a {type(request).__name__}")


def _ticket_fields(account: ErpAccount, ticket: OpenTicket) -> dict[str, str]:
    return {
        "contrato": ticket.contract,
        "ocorrenciatipo": ticket.kind or ticket_type_for(ticket.category, account.ticket_kinds),
        # The reference identifies the ticket if the response is lost.
        "conteudo": f"{ticket.content}\nRef. {ticket.reference}",
        "conteudolimpo": "1",
        "contato_nome": ticket.contact_name,
        "contato_telefone": ticket.contact_phone,
    }


def _lead_fields(lead: RegisterLead) -> dict[str, str]:
    """Build a lead only: people of the provider create the contract with its technical fields."""
    due = f"Vencimento desejado: dia {lead.due_day}\n" if lead.due_day else ""
    return {
        "nome": lead.name,
        "cpfcnpj": lead.document,
        "celular": lead.phone,
        "logradouro": lead.address,
        "plano_id": lead.plan,
        "precadastro_ativar": "0",
        # ``vencimento_id`` is the installation's own id of a due day, which we do not know.
        "observacao": f"Plano desejado: {lead.plan}\n{due}Ref. {lead.reference}",
    }
