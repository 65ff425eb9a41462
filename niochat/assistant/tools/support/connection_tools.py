"""The contract's line and what is announced about it."""

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
"""What the tool has read already is not asked of the customer."""


async def refresh_contract(context: TurnContext) -> Contract:
    """The confirmed contract as the ERP has it now."""
    contract = context.confirmed_contract()
    owner = await context.read_erp(ReadContract(contract.id))
    fresh = next((c for c in owner.contracts if c.id == contract.id), None) if owner else None
    if fresh is None:
        raise ErpError("the ERP does not know the contract any more", code="erp_contract_gone")
    context.update_facts(
        contracts=tuple(fresh if c.id == fresh.id else c for c in context.facts.contracts)
    )
    return fresh


def refuse_blocked(contract: Contract) -> ToolResult:
    """A blocked line has nothing broken: paying or an unlock brings it back."""
    return tool_refusal(
        "contrato_bloqueado",
        "Explique que há fatura pendente e ofereça: pagar agora (PIX ou boleto) ou, se ele pedir, "
        "o desbloqueio em confiança. Não oriente o roteador nem abra chamado.",
        situacao=CONTRACT_STATUS_TEXTS[contract.status],
    )


async def find_maintenance(context: TurnContext, contract: Contract) -> NetworkMaintenance | None:
    """Work or an outage where the contract is; ``None`` also where the ERP lists none."""
    if ErpCapability.MAINTENANCE not in context.capabilities:
        return None
    under_way = await context.read_erp(ListMaintenances())
    return next((each for each in under_way if each.affects(contract)), None)


def refuse_under_maintenance(message: str, until: str) -> ToolResult:
    """No ticket for what is being repaired already."""
    return tool_refusal(
        "em_manutencao",
        "Informe a manutenção e a previsão, sem inventar prazo. Não abra chamado.",
        mensagem=message,
        previsao=until or None,
    )


async def check_connection(context: TurnContext, _: NoArguments) -> ToolResult:
    """Whether the line is up; a blocked contract or known work is told instead."""
    contract = await refresh_contract(context)
    if contract.status.blocked:
        return refuse_blocked(contract)
    work = await find_maintenance(context, contract)
    if work is not None:
        return refuse_under_maintenance(work.message, format_maintenance_end(work))
    line = await context.read_erp(CheckAccessStatus(contract.id))
    if line.state is AccessState.SUSPENDED:
        return refuse_blocked(contract)
    if line.state is AccessState.MAINTENANCE:
        return refuse_under_maintenance(line.message, line.until)
    light = await _has_light(context, contract) if line.state is AccessState.OFFLINE else None
    state = {AccessState.ONLINE: "online", AccessState.OFFLINE: "offline"}.get(line.state)
    guidance = _NO_LIGHT_GUIDANCE if light is False else _GUIDANCE[line.state]
    return tool_success(estado=state or "desconhecido", luz=light, orientacao=guidance)


async def check_maintenance(context: TurnContext, _: NoArguments) -> ToolResult:
    """What is announced for where the contract is."""
    work = await find_maintenance(context, await refresh_contract(context))
    if work is None:
        return tool_success(
            manutencao=None, orientacao="Não há manutenção registrada para este endereço."
        )
    shown = {"mensagem": work.message, "previsao": format_maintenance_end(work) or None}
    return tool_success(
        manutencao=shown,
        orientacao="Informe a manutenção e a previsão, sem inventar prazo. Não abra chamado.",
    )


async def _has_light(context: TurnContext, contract: Contract) -> bool | None:
    """Whether light reaches the modem; ``None``: the ERP does not say."""
    if ErpCapability.OPTICS not in context.capabilities:
        return None
    optics = await context.read_erp(ReadOpticalSignal(contract.id))
    return None if optics is None else optics.rx_dbm is not None


def format_maintenance_end(work: NetworkMaintenance) -> str:
    """When it should be over; empty where nobody says."""
    return f"{work.until:%d/%m/%Y %H:%M}" if work.until is not None else ""


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
