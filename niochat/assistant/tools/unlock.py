"""Trust unlock: on request, for a blocked contract, once a month."""

import re

from niochat.assistant.case import Case, Result, Sector, done, refused
from niochat.assistant.evidence import agrees, quote_in, refuses
from niochat.assistant.folding import fold
from niochat.assistant.tools.connection import current
from niochat.assistant.tools.outcomes import unfinished
from niochat.assistant.tools.tool import Arguments, Quote, Tool
from niochat.assistant.wording import STATUS, day
from niochat.domain.erp import Contract, ErpCapability, ErpWriteResult, ErpWriteStatus, Unlock

_ASKED = re.compile(
    r"\b(desbloque\w*|liber(a|ar|e|em|acao|ado|ada)|confianca|promessa|religa\w*|"
    r"religu\w*|destrav\w*|reativ\w*|solt(a|ar|e|em))\b"
)
_OFFERED = re.compile(r"\b(desbloque\w*|confianca|libera\w*)\b")


class Request(Arguments):
    """``palavras``: the customer's request, or the yes to our offer."""

    palavras: Quote


async def unlock(case: Case, wanted: Request) -> Result:
    """Unlock the confirmed contract if it may be."""
    if not _requested(case, wanted.palavras):
        return refused(
            "nao_pedido",
            "O cliente não pediu nem aceitou com essas palavras: ofereça o desbloqueio em "
            "confiança ou o pagamento, e espere a resposta.",
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
    if result.status is ErpWriteStatus.DONE and result.earlier and key not in case.visit.untold:
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


def _told(case: Case, result: ErpWriteResult) -> Result:
    if result.status is not ErpWriteStatus.DONE:
        return unfinished(case, result, "o desbloqueio", Sector.BILLING)
    until = f"liberado até {day(result.until)}" if result.until else "liberado"
    case.learn(unlocked=until)
    protocol = f" Protocolo: {result.protocol}." if result.protocol else ""
    case.did(
        f"O desbloqueio em confiança foi feito: acesso {until}.{protocol} Desligue e ligue o "
        "roteador; a volta pode levar até 10 minutos."
    )
    return done(
        liberado_ate=day(result.until) if result.until else None,
        protocolo=result.protocol or None,
        orientacao=f"{_to_tell(result)} Peça para desligar e ligar o roteador e esperar até 10 "
        "minutos.",
    )


def _to_tell(result: ErpWriteResult) -> str:
    """Only what the ERP told: after a lost answer it may be neither."""
    known = ["até quando"] if result.until else []
    known += ["o protocolo"] if result.protocol else []
    if known:
        return f"Diga que foi liberado, {' e '.join(known)}."
    return "Diga só que foi liberado: o sistema não informou até quando, nem protocolo."


def _requested(case: Case, words: str) -> bool:
    """By a message of the customer's that asks for it and that none takes back, or by a yes to
    our offer. Instructions that somebody quotes count for nothing more than that, and the
    contract is the customer's own.
    """
    visit = case.visit
    quote = quote_in(visit.said, words)
    if quote is not None and _ASKED.search(fold(quote.message)):
        return not quote.taken_back and not any(map(refuses, visit.said_since))
    return _OFFERED.search(fold(visit.last_said)) is not None and agrees(visit.said_since, words)


UNLOCK = Tool(
    "desbloqueio_confianca",
    "Libera em confiança o contrato bloqueado, só quando o cliente pede; uma vez por mês.",
    Request,
    unlock,
    needs=frozenset({ErpCapability.UNLOCK}),
    contract=True,
    trusted=True,
    acts=True,
    sector=Sector.BILLING,
)
