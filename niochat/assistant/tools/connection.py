"""The contract's line and what is announced about it."""

from niochat.assistant.case import Case, Result, Sector, done, refused
from niochat.assistant.tools.tool import Nothing, Tool
from niochat.assistant.wording import STATUS
from niochat.domain.erp import (
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


_NO_LIGHT = (
    "O acesso está desconectado e não chega luz ao modem: não pergunte da luz nem peça para "
    "reiniciar; explique e abra um chamado."
)
"""What the tool has read already is not asked of the customer."""


async def current(case: Case) -> Contract:
    """The confirmed contract as the ERP has it now."""
    contract = case.contract()
    owner = await case.read(ReadContract(contract.id))
    fresh = next((c for c in owner.contracts if c.id == contract.id), None) if owner else None
    if fresh is None:
        raise ErpError("the ERP does not know the contract any more", code="erp_contract_gone")
    case.learn(contracts=tuple(fresh if c.id == fresh.id else c for c in case.facts.contracts))
    return fresh


def blocked(contract: Contract) -> Result:
    """A blocked line has nothing broken: paying or an unlock brings it back."""
    return refused(
        "contrato_bloqueado",
        "Explique que há fatura pendente e ofereça: pagar agora (PIX ou boleto) ou, se ele pedir, "
        "o desbloqueio em confiança. Não oriente o roteador nem abra chamado.",
        situacao=STATUS[contract.status],
    )


async def announced(case: Case, contract: Contract) -> NetworkMaintenance | None:
    """Work or an outage where the contract is; ``None`` also where the ERP lists none."""
    if ErpCapability.MAINTENANCE not in case.capabilities:
        return None
    under_way = await case.read(ListMaintenances())
    return next((each for each in under_way if each.affects(contract)), None)


def under_maintenance(message: str, until: str) -> Result:
    """No ticket for what is being repaired already."""
    return refused(
        "em_manutencao",
        "Informe a manutenção e a previsão, sem inventar prazo. Não abra chamado.",
        mensagem=message,
        previsao=until or None,
    )


async def check_connection(case: Case, _: Nothing) -> Result:
    """Whether the line is up; a blocked contract or known work is told instead."""
    contract = await current(case)
    if contract.status.blocked:
        return blocked(contract)
    work = await announced(case, contract)
    if work is not None:
        return under_maintenance(work.message, until(work))
    line = await case.read(CheckAccessStatus(contract.id))
    if line.state is AccessState.SUSPENDED:
        return blocked(contract)
    if line.state is AccessState.MAINTENANCE:
        return under_maintenance(line.message, line.until)
    light = await _light(case, contract) if line.state is AccessState.OFFLINE else None
    state = {AccessState.ONLINE: "online", AccessState.OFFLINE: "offline"}.get(line.state)
    guidance = _NO_LIGHT if light is False else _GUIDANCE[line.state]
    return done(estado=state or "desconhecido", luz=light, orientacao=guidance)


async def check_maintenance(case: Case, _: Nothing) -> Result:
    """What is announced for where the contract is."""
    work = await announced(case, await current(case))
    if work is None:
        return done(manutencao=None, orientacao="Não há manutenção registrada para este endereço.")
    shown = {"mensagem": work.message, "previsao": until(work) or None}
    return done(
        manutencao=shown,
        orientacao="Informe a manutenção e a previsão, sem inventar prazo. Não abra chamado.",
    )


async def _light(case: Case, contract: Contract) -> bool | None:
    """Whether light reaches the modem; ``None``: the ERP does not say."""
    if ErpCapability.OPTICS not in case.capabilities:
        return None
    optics = await case.read(ReadOpticalSignal(contract.id))
    return None if optics is None else optics.rx_dbm is not None


def until(work: NetworkMaintenance) -> str:
    """When it should be over; empty where nobody says."""
    return f"{work.until:%d/%m/%Y %H:%M}" if work.until is not None else ""


CHECK_CONNECTION = Tool(
    "verificar_conexao",
    "Diz se o acesso do contrato confirmado está conectado.",
    Nothing,
    check_connection,
    needs=frozenset({ErpCapability.LINE}),
    contract=True,
    trusted=True,
    repeatable=True,
    sector=Sector.SUPPORT,
)
CHECK_MAINTENANCE = Tool(
    "verificar_manutencao",
    "Diz se há manutenção ou queda registrada onde está o contrato confirmado.",
    Nothing,
    check_maintenance,
    needs=frozenset({ErpCapability.MAINTENANCE}),
    contract=True,
    trusted=True,
    repeatable=True,
    sector=Sector.SUPPORT,
)
