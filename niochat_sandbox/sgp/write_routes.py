"""The simulated SGP's writes. None is idempotent: each call has an effect."""

from datetime import timedelta
from typing import Any

from niochat_sandbox.sgp.erp_installations import LedgerEntryType
from niochat_sandbox.sgp.erp_subscribers import (
    BLOCKED_STATUSES,
    RecordQuirk,
    SgpContract,
    SgpContractStatus,
    SgpSubscriber,
    SgpTicket,
    SimulatedLineState,
)
from niochat_sandbox.sgp.erp_subscribers import erp_now as erp_now
from niochat_sandbox.sgp.sgp_request import SimulatedSgpRequest
from niochat_sandbox.sgp.subscriber_routes import NOT_FOUND_BODY, apply_record_quirks

UNLOCK_DAYS = 3


def unlock(call: SimulatedSgpRequest) -> Any:
    """liberacaopromessa: once a month, for blocked contracts only."""
    found = call.contract_number()
    if found is None:
        return {**NOT_FOUND_BODY, "liberado": False}
    subscriber, contract = found
    owner = {"razaosocial": subscriber.name.upper(), "contratoId": contract.id}
    if refusal := _unlock_refusal(contract):
        return apply_record_quirks(
            {"status": 2, "liberado": False, "msg": refusal, **owner}, subscriber
        )
    protocol = call.installation.next_protocol()
    until = (erp_now().date() + timedelta(days=UNLOCK_DAYS)).isoformat()
    call.installation.record(
        LedgerEntryType.UNLOCK,
        contract.id,
        protocol=protocol,
        until=until,
        words=call.text("conteudo"),
        fields=call.content(),
    )
    contract.promises, contract.status, contract.line = (
        1,
        SgpContractStatus.ACTIVE,
        SimulatedLineState.ONLINE,
    )
    outcome = {"liberado": True, "liberado_dias": UNLOCK_DAYS, "data_promessa": until}
    details = {"protocolo": protocol, "msg": "Liberação efetuada com sucesso", **owner}
    return apply_record_quirks({"status": 1, **outcome, **details}, subscriber)


def open_ticket(call: SimulatedSgpRequest) -> Any:
    """chamado: each call opens another service order."""
    for name in ("contrato", "ocorrenciatipo", "conteudo"):
        if not call.text(name):
            return {"status": 0, "msg": f"Campo obrigatório: {name}"}
    found = call.contract_number()
    if found is None:
        return NOT_FOUND_BODY
    subscriber, contract = found
    protocol = _store_ticket(call, contract)
    details = {"protocolo": protocol, "msg": "Ocorrência cadastrada com sucesso"}
    owner = {"razaoSocial": subscriber.name.upper(), "contratoId": contract.id}
    return _wrap_in_list(
        apply_record_quirks({"status": 1, **details, **owner}, subscriber), subscriber
    )


def register_lead(call: SimulatedSgpRequest) -> Any:
    """precadastro/F: each call stores another lead."""
    if not call.text("nome"):
        return {"status": 0, "msg": "Campo obrigatório: nome"}
    protocol = call.installation.next_protocol()
    call.installation.record(
        LedgerEntryType.LEAD,
        None,
        protocol=protocol,
        name=call.text("nome"),
        phone=call.text("celular"),
        plan=call.text("plano_id"),
        fields=call.content(),
    )
    number = len(call.installation.ledger)
    details = {"id": number, "protocolo": protocol}
    return {"status": 1, **details, "msg": "Pré-cadastro realizado com sucesso"}


def _unlock_refusal(contract: SgpContract) -> str:
    if contract.status not in BLOCKED_STATUSES:
        return "Contrato não está suspenso"
    if not contract.unlock_available:
        return "Recurso de promessa de pagamento não disponível"
    if contract.promises:
        return "Limite de promessas de pagamento do mês atingido"
    return ""


def _store_ticket(call: SimulatedSgpRequest, contract: SgpContract) -> str:
    protocol = call.installation.next_protocol()
    kind, content = call.text("ocorrenciatipo"), call.text("conteudo")
    contract.tickets.append(SgpTicket(protocol, kind, content))
    call.installation.record(
        LedgerEntryType.TICKET,
        contract.id,
        protocol=protocol,
        type=kind,
        content=content,
        contact_name=call.text("contato_nome"),
        contact_phone=call.text("contato_telefone"),
        fields=call.content(),
    )
    return protocol


def _wrap_in_list(details: Any, subscriber: SgpSubscriber) -> Any:
    return [details] if subscriber.has_quirk(RecordQuirk.LISTED_TICKET) else details
