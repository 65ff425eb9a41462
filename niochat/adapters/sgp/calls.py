"""Which route and which fields a request of the port becomes (SGP reference 3.2)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote, urlencode

from niochat.adapters.sgp.kinds import kind_of
from niochat.adapters.sgp.links import base_of
from niochat.adapters.sgp.wire import Question
from niochat.domain.erp import (
    CheckAccessStatus,
    CheckCoverage,
    ErpAccount,
    ErpWrite,
    FindSubscriber,
    ListInvoices,
    ListMaintenances,
    ListPaidInvoices,
    ListServicePlans,
    ListTickets,
    OpenTicket,
    ReadContract,
    ReadOpticalSignal,
    ReadPixCode,
    RegisterLead,
    ServiceAddress,
    Unlock,
)


class Shape(StrEnum):
    """How the fields travel."""

    FORM = "form"
    QUERY = "query"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Call:
    """A route below the base address and its fields, without the token.

    ``route`` is its name in errors: the path without what is particular to one subscriber.
    """

    route: str
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    shape: Shape = Shape.FORM
    path: str = field(default="", repr=False)

    def addressed(self, account: ErpAccount, method: str = "") -> Question:
        """The call for one account; ``token`` and ``app`` travel among the fields, not as headers.

        Raises ``ErpError`` ``erp_address`` where the base address is none.
        """
        url = base_of(account.base_url, self.route) + (self.path or self.route)
        fields = {"token": account.token, "app": account.app, **self.fields}
        # "replace": half a surrogate pair from a chat must not fail the call.
        form = urlencode(fields, errors="replace")
        match self.shape:
            case Shape.QUERY:
                return Question(self.route, method or "GET", f"{url}?{form}")
            case Shape.JSON:
                body = json.dumps(fields).encode()
                return Question(self.route, method or "POST", url, body, "application/json")
            case Shape.FORM:
                kind = "application/x-www-form-urlencoded"
                return Question(self.route, method or "POST", url, form.encode(), kind)


def read_call(request: object) -> Call:
    """The call of a read, all but ``FetchInvoicePdf``. Raises ``TypeError`` for what is no request."""
    match request:
        case FindSubscriber(document):
            return Call("/api/ura/consultacliente/", {"cpfcnpj": document})
        case ReadContract(contract):
            return Call("/api/ura/consultacliente/", {"contrato": contract})
        case ListInvoices(contract):
            return _invoices(contract)
        case ListPaidInvoices(contract):
            return _paid(contract)
        case ReadPixCode(contract, invoice):
            return _pix(contract, invoice)
        case CheckAccessStatus(contract):
            return Call("/api/ura/verificaacesso/", {"contrato": contract})
        case ReadOpticalSignal(contract):
            return Call("/api/ura/clientes/", {"contrato": contract, "exibir_conexao": "1"})
        case ListTickets(contract):
            return Call("/api/ura/ocorrencia/list/", {"contrato": contract}, Shape.JSON)
        case _:
            return _of_provider(request)


def _of_provider(request: object) -> Call:
    """What concerns no contract."""
    match request:
        case ListMaintenances():
            return Call("/api/ura/manutencao/list/", shape=Shape.QUERY)
        case ListServicePlans():
            return Call("/api/ura/consultaplano/", shape=Shape.QUERY)
        case CheckCoverage(place):
            return Call("/api/ura/viabilidade/", _place(place))
        case _:
            raise TypeError(f"the ERP cannot be asked a {type(request).__name__}")


def _invoices(contract: str) -> Call:
    # Without ``nao_gerar_os`` every look at the invoices opens a service order.
    fields = {"contrato": contract, "faturas_abertas_todas": "1", "nao_gerar_os": "1"}
    return Call("/api/ura/fatura2via/", fields)


def _paid(contract: str) -> Call:
    # Their order is the installation's: all that one page holds are asked for.
    fields = {"contrato": contract, "status": "pagos", "limit": "250"}
    return Call("/api/ura/titulos/", fields)


def _place(place: ServiceAddress) -> dict[str, str]:
    fields = {
        "cep": place.cep,
        "logradouro": place.street,
        # The reference's name, and that of the vendor's own collection, where it is a span.
        "numero": place.number,
        "numero_inicial": place.number,
        "numero_final": place.number,
        "bairro": place.district,
        "cidade": place.city,
    }
    return {name: value for name, value in fields.items() if value}


def _pix(contract: str, invoice: str) -> Call:
    route = "/api/ura/pagamento/pix/"
    return Call(route, {"contrato": contract}, path=route + quote(invoice, safe=""))


def write_call(account: ErpAccount, request: ErpWrite) -> Call:
    """The call of a write. Raises ``TypeError`` for what is no write."""
    match request:
        case Unlock(contract, words):
            return Call("/api/ura/liberacaopromessa/", {"contrato": contract, "conteudo": words})
        case OpenTicket():
            return Call("/api/ura/chamado/", _ticket(account, request))
        case RegisterLead():
            return Call("/api/precadastro/F", _lead(request))
        case _:
            raise TypeError(f"the ERP cannot do a {type(request).__name__}")


def _ticket(account: ErpAccount, ticket: OpenTicket) -> dict[str, str]:
    return {
        "contrato": ticket.contract,
        "ocorrenciatipo": ticket.kind or kind_of(ticket.category, account.ticket_kinds),
        # The reference is how a ticket is found again whose answer was lost.
        "conteudo": f"{ticket.content}\nRef. {ticket.reference}",
        "conteudolimpo": "1",
        "contato_nome": ticket.contact_name,
        "contato_telefone": ticket.contact_phone,
    }


def _lead(lead: RegisterLead) -> dict[str, str]:
    """A lead only: the provider's people make the contract, with its technical fields."""
    due = f"Vencimento desejado: dia {lead.due_day}\n" if lead.due_day else ""
    return {
        "nome": lead.name,
        "cpfcnpj": lead.document,
        "celular": lead.phone,
        "logradouro": lead.address,
        "plano_id": lead.plan,
        "precadastro_ativar": "0",
        # ``vencimento_id`` is the installation's own id of a day, which nobody told us.
        "observacao": f"Plano desejado: {lead.plan}\n{due}Ref. {lead.reference}",
    }
