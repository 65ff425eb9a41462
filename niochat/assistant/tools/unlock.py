"""Trust unlock: on request, for a blocked contract, once a month."""

import re

from niochat.assistant.case import Case, Result, Sector, done, refused
from niochat.assistant.folding import fold
from niochat.assistant.tools.connection import current
from niochat.assistant.tools.outcomes import unfinished
from niochat.assistant.tools.tool import Arguments, Tool, Words
from niochat.assistant.wording import STATUS, day
from niochat.domain.erp import Capability, Contract, Unlock, WriteResult, WriteStatus

_ASKED = re.compile(r"\b(desbloque\w*|liber(a|ar|e|em|acao)|confianca|promessa|religa\w*)\b")
_OFFERED = re.compile(r"\b(desbloqueio|confianca|libera\w*)\b")
_YES = re.compile(
    r"\s*(sim|quero|pode|claro|isso|ok|por favor|aceito|confirmo|s|2|segunda|desbloqu\w*)\b"
)


class Request(Arguments):
    """``pedido``: what the customer asked for, in the customer's words."""

    pedido: Words


async def unlock(case: Case, wanted: Request) -> Result:
    """Unlock the confirmed contract if it may be."""
    if not _requested(case):
        return refused(
            "nao_pedido", "Só com pedido do cliente: explique as opções e espere a resposta."
        )
    contract, promises = case.contract().id, 0
    key = f"unlock:{contract}:{case.visit.now:%Y-%m}"
    # One that was begun, and nobody was told of, is asked about: by now the ERP may count it.
    if key not in case.visit.untold:
        if case.facts.unlocked:
            return _used_here(case.facts.unlocked)
        fresh = await current(case)
        promises = fresh.promises
        if not fresh.status.blocked or promises:
            return _needless(fresh)
    words = "Desbloqueio em confiança pedido pelo WhatsApp"
    result = await case.write(key, Unlock(contract, words, promises))
    if result.status is WriteStatus.DONE and result.earlier and key not in case.visit.untold:
        return _used()  # in another visit of this month, whatever the ERP counts
    return _told(case, result)


def _used_here(until: str) -> Result:
    return refused(
        "ja_usado", "O desbloqueio já foi feito neste atendimento: informe até quando.",
        liberado=until,
    )  # fmt: skip


def _used() -> Result:
    return refused(
        "ja_usado", "Já houve um desbloqueio neste mês: ofereça a fatura por PIX ou boleto."
    )


def _needless(contract: Contract) -> Result:
    if contract.status.blocked:
        return _used()
    return refused(
        "nao_bloqueado", "O contrato não está bloqueado: diga isso e verifique o que o cliente "
        "precisa.", situacao=STATUS[contract.status],
    )  # fmt: skip


def _told(case: Case, result: WriteResult) -> Result:
    if result.status is not WriteStatus.DONE:
        return unfinished(case, result, "o desbloqueio", Sector.BILLING)
    until = f"liberado até {day(result.until)}" if result.until else "liberado"
    case.learn(unlocked=until)
    protocol = f" Protocolo: {result.protocol}." if result.protocol else ""
    case.instead = (
        f"O desbloqueio em confiança foi feito: acesso {until}.{protocol} Desligue e ligue o "
        "roteador; a volta pode levar até 10 minutos."
    )
    return done(
        liberado_ate=day(result.until) if result.until else None,
        protocolo=result.protocol or None,
        orientacao=f"{_to_tell(result)} Peça para desligar e ligar o roteador e esperar até 10 "
        "minutos.",
    )


def _to_tell(result: WriteResult) -> str:
    """Only what the ERP told: after a lost answer it may be neither."""
    known = ["até quando"] if result.until else []
    known += ["o protocolo"] if result.protocol else []
    if known:
        return f"Diga que foi liberado, {' e '.join(known)}."
    return "Diga só que foi liberado: o sistema não informou até quando, nem protocolo."


def _requested(case: Case) -> bool:
    """In the customer's words, or by a yes to our offer; quoted instructions count for nothing
    more than that, and the contract is the customer's own.
    """
    if any(_ASKED.search(fold(text)) for text in case.visit.customer_texts):
        return True
    offered = _OFFERED.search(fold(case.visit.last_said)) is not None
    return offered and any(_YES.match(fold(text)) for text in case.visit.unanswered)


UNLOCK = Tool(
    "desbloqueio_confianca",
    "Libera em confiança o contrato bloqueado, só quando o cliente pede; uma vez por mês.",
    Request,
    unlock,
    needs=frozenset({Capability.UNLOCK}),
    contract=True,
    trusted=True,
    acts=True,
    sector=Sector.BILLING,
)
