"""The simulated SGP's routes about subscribers and contracts (SGP reference 3.2)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from niochat_sandbox.sgp.erp_subscribers import (
    RecordQuirk,
    SgpContract,
    SgpContractStatus,
    SgpSubscriber,
    SgpTicket,
    SimulatedLineState,
)
from niochat_sandbox.sgp.erp_subscribers import erp_now as erp_now
from niochat_sandbox.sgp.invented_tax_ids import format_tax_id
from niochat_sandbox.sgp.provider_routes import MAINTENANCE_TEXT
from niochat_sandbox.sgp.seed_subscribers import IGARASSU
from niochat_sandbox.sgp.sgp_request import SimulatedSgpRequest, network_login, subscriber_email

NOT_FOUND_BODY = {"status": 0, "msg": "Cliente não encontrado"}
_STAMP = "%Y-%m-%d %H:%M:%S"
_DARK_STATES = (SimulatedLineState.DARK, SimulatedLineState.NOT_INSTALLED)
_RX = {SimulatedLineState.ONLINE: "-19.8", SimulatedLineState.OFFLINE: "-21.0"}


def apply_record_quirks(data: Any, subscriber: SgpSubscriber) -> Any:
    """Apply the record's quirks to ``data``: a textual record has every value as text."""
    return _stringify_values(data) if subscriber.has_quirk(RecordQuirk.TEXTUAL) else data


def find_contracts(call: SimulatedSgpRequest) -> Any:
    """consultacliente: one row per contract."""
    rows = [
        apply_record_quirks(_contract_row(subscriber, contract), subscriber)
        for subscriber, contracts in call.matches()
        for contract in contracts
    ]
    if rows:
        return {"msg": "Contrato(s) Localizado(s)", "contratos": rows}
    if call.text("cpfcnpj"):
        return NOT_FOUND_BODY
    return {"msg": "Nenhum contrato localizado", "contratos": []}


def find_clients(call: SimulatedSgpRequest) -> Any:
    """clientes: one row per subscriber; the modem only with ``exibir_conexao=1``."""
    rows = [
        apply_record_quirks(_client_row(call, subscriber, contracts), subscriber)
        for subscriber, contracts in call.matches()
    ]
    return {"paginacao": {"offset": 0, "limit": 100, "total": len(rows)}, "clientes": rows}


def check_access(call: SimulatedSgpRequest) -> Any:
    """verificaacesso: an empty list for a contract without a connection."""
    found = call.contract_number()
    if found is None and call.text("telefone"):
        matches = call.matches()
        found = (matches[0][0], matches[0][1][0]) if matches else None
    if found is None or found[1].status is SgpContractStatus.CANCELLED:
        return []
    subscriber, contract = found
    access = _format_access(subscriber, contract) | {
        "contratoId": contract.id,
        "cpfCnpj": format_tax_id(subscriber.document),
        "razaoSocial": subscriber.name.upper(),
        "login": network_login(contract),
        "servico_id": contract.id + 1000,
    }
    if subscriber.has_quirk(RecordQuirk.TYPO):
        access["staus"] = access.pop("status")
    access = apply_record_quirks(access, subscriber)
    return [access] if subscriber.has_quirk(RecordQuirk.LISTED_ACCESS) else access


def list_tickets(call: SimulatedSgpRequest) -> Any:
    """ocorrencia/list, newest first; ``status`` is 0 (open) or 1 (closed)."""
    found = call.contract_number()
    if found is None:
        return NOT_FOUND_BODY
    subscriber, contract = found
    status_filter = call.text("status")
    rows = [_ticket_row(each) for each in reversed(contract.tickets)]
    rows = [each for each in rows if status_filter in ("", str(each["status_id"]))]
    return apply_record_quirks({"status": 1, "ocorrencias": rows}, subscriber)


def _stringify_values(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _stringify_values(value) for name, value in data.items()}
    if isinstance(data, list):
        return [_stringify_values(each) for each in data]
    if isinstance(data, bool):
        return int(data)
    if isinstance(data, float):
        return f"{data:.2f}"
    return data if isinstance(data, str) else str(data)


def _contract_row(subscriber: SgpSubscriber, contract: SgpContract) -> dict[str, Any]:
    late = sum((each.amount for each in contract.invoices if each.days_late), Decimal(0))
    status = None if subscriber.has_quirk(RecordQuirk.DISPLAY_ONLY) else int(contract.status)
    return {
        "clienteId": subscriber.id,
        "contratoId": contract.id,
        "razaoSocial": subscriber.name.upper(),
        "cpfCnpj": format_tax_id(subscriber.document),
        "dataCadastro": "05/02/2024 10:11:12",
        "contratoStatus": status,
        "contratoStatusDisplay": contract.status.display,
        "contratoStatusModo": 1,
        "motivo_status": "Financeiro" if contract.status is SgpContractStatus.SUSPENDED else "",
        "cobVencimento": 10,
        "contratoValorAberto": float(late),
        "contratoTitulosAReceber": len(contract.invoices),
        "promessasPagamentoMes": contract.promises,
        "fidelidade": None,
        "planointernet": contract.plan.name,
        "servico_plano": contract.plan.name,
        "planotv": None,
        "servico_id": contract.id + 1000,
        "servico_login": network_login(contract),
        "servico_tipo_conexao": "PPPoE",
        "servico_vlan": "None",
        "popId": contract.place.pop,
        "popNome": f"{contract.place.city}/PE",
        "telefones": _format_phones(subscriber),
        "emails": [subscriber_email(subscriber)],
        "tags": [],
        "anotacoes": [],
        **_format_address(contract, "endereco_"),
        **_marked_secrets(contract.id),
    }


def _client_row(
    call: SimulatedSgpRequest, subscriber: SgpSubscriber, contracts: list[SgpContract]
) -> dict[str, Any]:
    with_modem = call.flag("exibir_conexao")
    return {
        "id": subscriber.id,
        "nome": subscriber.name.upper(),
        "cpfcnpj": format_tax_id(subscriber.document),
        "endereco": _format_address(contracts[0], ""),
        "contatos": {
            "celulares": _format_phones(subscriber),
            "emails": [subscriber_email(subscriber)],
        },
        "contratos": [
            {
                "contrato": each.id,
                "status": each.status.display,
                "motivo_status": "",
                "servicos": [_format_service(subscriber, each, with_modem=with_modem)],
            }
            for each in contracts
        ],
        "titulos": [
            {
                "id": invoice.id,
                "valor": float(invoice.amount),
                "vencimento": invoice.due.isoformat(),
                "linhaDigitavel": invoice.digit_line,
                "link": f"{call.base}/boleto/{invoice.id}.pdf",
                "status": "aberto",
            }
            for each in contracts
            for invoice in each.invoices
        ],
    }


def _format_service(
    subscriber: SgpSubscriber, contract: SgpContract, *, with_modem: bool
) -> dict[str, Any]:
    service = {
        "id": contract.id + 1000,
        "login": network_login(contract),
        "senha": f"segredo-servico-{contract.id}",
        "plano": {"id": contract.plan.id, "descricao": contract.plan.name},
    }
    if with_modem:
        service["onu"] = _format_modem(subscriber, contract)
    return service


def _format_modem(subscriber: SgpSubscriber, contract: SgpContract) -> dict[str, Any] | None:
    if contract.line is SimulatedLineState.NOT_INSTALLED:
        return None
    online = (
        contract.line is SimulatedLineState.ONLINE
        and contract.status is not SgpContractStatus.SUSPENDED
    )
    dark = "" if subscriber.has_quirk(RecordQuirk.EMPTY_RX) else None
    return {
        "id": contract.id + 2000,
        "serial": f"DEMO{contract.id:08d}",
        "rx": dark if contract.line in _DARK_STATES else _RX[contract.line],
        "tx": None if contract.line in _DARK_STATES else "2.1",
        "slot": 1,
        "pon": contract.place.pop,
        "olt_nome": f"OLT {contract.place.city}",
        "conexao": {
            "status": "online" if online else "offline",
            "ip": f"100.64.0.{contract.id % 250 + 1}" if online else None,
            "data_conexao": f"{erp_now().date() - timedelta(days=2)} 08:00:00",
        },
    }


def _format_access(subscriber: SgpSubscriber, contract: SgpContract) -> dict[str, Any]:
    if contract.status is SgpContractStatus.SUSPENDED:
        return {"status": 4, "msg": "Contrato Suspenso"}
    if contract.place == IGARASSU:
        return {"status": 9, "msg": MAINTENANCE_TEXT, "protocolo": "MNT41", "tempo": "4 horas"}
    if contract.line is SimulatedLineState.ONLINE:
        return {"status": 1, "msg": "Serviço Online"}
    status = 0 if subscriber.has_quirk(RecordQuirk.ZERO_OFFLINE) else 2
    return {"status": status, "msg": "Serviço Offline"}


def _ticket_row(ticket: SgpTicket) -> dict[str, Any]:
    return {
        "numero": ticket.number,
        "status": "Aberta" if ticket.open else "Encerrada",
        "status_id": 0 if ticket.open else 1,
        "tipo": ticket.kind,
        "data_cadastro": ticket.opened.strftime(_STAMP),
        "conteudo": ticket.content,
        "data_agendamento": "",
        "ordens_servicos": _format_field_orders(ticket),
    }


def _format_field_orders(ticket: SgpTicket) -> list[dict[str, Any]]:
    """The technicians' orders of a ticket; empty if none is scheduled."""
    if not ticket.technician:
        return []
    when = ticket.visit.strftime("%d/%m/%Y %H:%M") if ticket.visit else ""
    row = {"id": int(ticket.number), "status": "Aberta", "data_agendamento": when}
    return [row | {"tecnico": ticket.technician}]


def _format_phones(subscriber: SgpSubscriber) -> list[Any]:
    if not subscriber.has_quirk(RecordQuirk.PHONE_OBJECTS):
        return list(subscriber.erp_phones)
    return [{"contato": each, "tipoContato": "Celular"} for each in subscriber.erp_phones]


def _format_address(contract: SgpContract, prefix: str) -> dict[str, Any]:
    parts = {
        "logradouro": contract.street,
        "numero": contract.number,
        "complemento": None,
        "bairro": contract.district,
        "cidade": contract.place.city,
        "uf": "PE",
        "cep": "53000-000",
        "pontoreferencia": "",
        "ll": "-8.0,-34.8",
    }
    return {f"{prefix}{name}": value for name, value in parts.items()}


def _marked_secrets(contract: int) -> dict[str, Any]:
    """Secrets that no client may store; each has a value that a test can search for."""
    return {
        "dataNascimento": f"segredo-nascimento-{contract}",
        "servico_mac": f"segredo-mac-{contract}",
        "servico_senha": f"segredo-senha-{contract}",
        "contratoCentralLogin": f"segredo-central-login-{contract}",
        "contratoCentralSenha": f"segredo-central-senha-{contract}",
        "servico_wifi_ssid": f"segredo-wifi-rede-{contract}",
        "servico_wifi_password": f"segredo-wifi-senha-{contract}",
        "servico_wifi_password_5": f"segredo-wifi-senha-5-{contract}",
    }
