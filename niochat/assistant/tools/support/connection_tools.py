"""Tools that check the contract's connection and announced maintenance."""

from niochat.assistant.text.formatting import CONTRACT_STATUS_TEXTS
from niochat.assistant.tools.tool_definition import AssistantTool, NoArguments
from niochat.assistant.turn_context import (
    Department,
    ToolResult,
    TurnContext,
    tool_refusal,
    tool_success,
)
from niochat.ports.erp import (
    AccessState,
    CheckAccessStatus,
    Contract,
    ErpCapability,
    ErpError,
    ListMaintenances,
    NetworkMaintenance,
    ReadContract,
    ReadOpticalSignal,
)

_GUIDANCE = {
    AccessState.ONLINE: (
        "O acesso está conectado. Oriente a rede interna: reiniciar o roteador, testar por cabo e "
        "em outro aparelho; peça para testar e responder."
    ),
    AccessState.OFFLINE: (
        "O acesso está desconectado. Pergunte se a luz LOS do modem está vermelha; se não, peça "
        "para desligar o modem por 30 segundos. Se não voltar, abra um chamado."
    ),
    AccessState.UNKNOWN: (
        "O sistema não informou o estado. Não diga que está fora do ar: transfira para o suporte."
    ),
}


_NO_LIGHT_GUIDANCE = (
    "O acesso está desconectado e não chega luz ao modem: não pergunte da luz nem peça para "
    "reiniciar; explique e abra um chamado."
)
"""Used if the ERP already reported the optical signal, so that the customer need not be asked."""


async def refresh_contract(context: TurnContext) -> Contract:
    """Read the confirmed contract anew from the ERP."""
    contract = context.confirmed_contract()
    subscriber = await context.read_erp(ReadContract(contract.id))
    fresh = (
        next((c for c in subscriber.contracts if c.id == contract.id), None) if subscriber else None
    )
    if fresh is None:
        raise ErpError("the ERP no longer has the contract", code="erp_contract_gone")
    context.update_facts(
        contracts=tuple(fresh if c.id == fresh.id else c for c in context.facts.contracts)
    )
    return fresh


def refuse_blocked(contract: Contract) -> ToolResult:
    """Refuse a check of a blocked contract: paying or a trust unlock restores the connection."""
    return tool_refusal(
        "contrato_bloqueado",
        "Explique que há fatura pendente e ofereça: pagar agora (PIX ou boleto) ou, se ele pedir, "
        "o desbloqueio em confiança. Não oriente o roteador nem abra chamado.",
        situacao=CONTRACT_STATUS_TEXTS[contract.status],
    )


async def find_maintenance(context: TurnContext, contract: Contract) -> NetworkMaintenance | None:
    """The maintenance or outage that affects the contract; ``None`` also if the ERP lists none."""
    if ErpCapability.MAINTENANCE not in context.capabilities:
        return None
    under_way = await context.read_erp(ListMaintenances())
    return next((each for each in under_way if each.affects(contract)), None)


def refuse_under_maintenance(message: str, until: str) -> ToolResult:
    """Refuse a ticket for an outage that is being repaired."""
    return tool_refusal(
        "em_manutencao",
        "Informe a manutenção e a previsão, sem inventar prazo. Não abra chamado.",
        mensagem=message,
        previsao=until or None,
    )


async def check_connection(context: TurnContext, _: NoArguments) -> ToolResult:
    """Report the state of the connection, unless the contract is blocked or under maintenance."""
    contract = await refresh_contract(context)
    if contract.status.blocked:
        return refuse_blocked(contract)
    maintenance = await find_maintenance(context, contract)
    if maintenance is not None:
        return refuse_under_maintenance(maintenance.message, format_maintenance_end(maintenance))
    access = await context.read_erp(CheckAccessStatus(contract.id))
    if access.state is AccessState.SUSPENDED:
        return refuse_blocked(contract)
    if access.state is AccessState.MAINTENANCE:
        return refuse_under_maintenance(access.message, access.until)
    light = await _has_light(context, contract) if access.state is AccessState.OFFLINE else None
    state = {AccessState.ONLINE: "online", AccessState.OFFLINE: "offline"}.get(access.state)
    guidance = _NO_LIGHT_GUIDANCE if light is False else _GUIDANCE[access.state]
    return tool_success(estado=state or "desconhecido", luz=light, orientacao=guidance)


async def check_maintenance(context: TurnContext, _: NoArguments) -> ToolResult:
    """Report the maintenance announced for the contract."""
    maintenance = await find_maintenance(context, await refresh_contract(context))
    if maintenance is None:
        return tool_success(
            manutencao=None, orientacao="Não há manutenção registrada para este endereço."
        )
    shown = {
        "mensagem": maintenance.message,
        "previsao": format_maintenance_end(maintenance) or None,
    }
    return tool_success(
        manutencao=shown,
        orientacao="Informe a manutenção e a previsão, sem inventar prazo. Não abra chamado.",
    )


async def _has_light(context: TurnContext, contract: Contract) -> bool | None:
    """Whether light reaches the modem; ``None``: the ERP does not report it."""
    if ErpCapability.OPTICS not in context.capabilities:
        return None
    optics = await context.read_erp(ReadOpticalSignal(contract.id))
    return None if optics is None else optics.rx_dbm is not None


def format_maintenance_end(maintenance: NetworkMaintenance) -> str:
    """Format the expected end; empty if it is unknown."""
    return f"{maintenance.until:%d/%m/%Y %H:%M}" if maintenance.until is not None else ""


CHECK_CONNECTION = AssistantTool(
    "verificar_conexao",
    "Diz se o acesso do contrato confirmado está conectado.",
    NoArguments,
    check_connection,
    required_capabilities=frozenset({ErpCapability.LINE}),
    requires_contract=True,
    requires_trust=True,
    is_repeatable=True,
    department=Department.SUPPORT,
)
CHECK_MAINTENANCE = AssistantTool(
    "verificar_manutencao",
    "Diz se há manutenção ou queda registrada onde está o contrato confirmado.",
    NoArguments,
    check_maintenance,
    required_capabilities=frozenset({ErpCapability.MAINTENANCE}),
    requires_contract=True,
    requires_trust=True,
    is_repeatable=True,
    department=Department.SUPPORT,
)
