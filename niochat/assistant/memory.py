"""Somebody who was identified before, from the same address, is recognised in the next visit.

What was known is only a hint of whom to ask the ERP for: name, contracts and telephones are read
anew, and where they say otherwise the document is asked for, as of anybody.
"""

import asyncio
import re
from collections.abc import Iterable, Sequence
from typing import Any

import structlog

from niochat.assistant.case import Case, Result, refused
from niochat.assistant.context import EarlierVisit, Known
from niochat.assistant.folding import fold
from niochat.assistant.tools.tool import Tool
from niochat.domain.erp import Contract, FindSubscriber, Subscriber
from niochat.domain.errors import NiochatError
from niochat.domain.message import Author
from niochat.domain.phone import is_same_number

_log = structlog.get_logger(__name__)

RECOGNISE_WITHIN_S = 6.0
"""Of the ERP, before the first answer of a visit; without it the document is asked for."""
TOLD_VISITS = 2
_SHORTEST_STREET = 6

_ONE = (
    "Cumprimente pelo primeiro nome e não peça CPF. Consultas e faturas: direto. Antes de "
    "desbloqueio, chamado ou mudança, pergunte se é este contrato, citando o número; depois do "
    "sim, use escolher_contrato."
)
_SEVERAL = (
    "Cumprimente pelo primeiro nome e não peça CPF. Há mais de um contrato: pergunte qual, citando "
    "os números (o último foi o que está aqui); depois da resposta, use escolher_contrato."
)
_ENDINGS = {
    "assistant": "resolvido com o assistente",
    "inactivity": "o cliente parou de responder",
    "merged": "unida a outra conversa",
}
_HANDED_OFF = {
    "asked_for_human": "pediu uma pessoa",
    "cancellation": "falou em cancelamento",
    "complaint_body": "falou em Procon, Anatel ou Justiça",
    "anger": "estava insatisfeito",
    "ticket_opened": "ficou com o suporte",
    "plan_wanted": "queria contratar um plano",
}


async def recognise(case: Case) -> None:
    """Who writes, where that is known from an earlier visit; and what earlier visits were about.

    An ERP that is away leaves everything as it was. Raises ``Refused`` when the turn is over.
    """
    known, facts = case.visit.known, case.facts
    if known is not None and not facts.identified and not facts.unrecognised:
        await _recognise(case, known)
    if case.facts.trusted and case.facts.identified and case.facts.earlier is None:
        mine = {contract.id for contract in case.facts.contracts}
        case.learn(earlier=earlier_lines(await case.earlier(), mine))
    if case.facts != facts:
        await case.keep()


async def _recognise(case: Case, known: Known) -> None:
    document = case.visits.document(case.tenant_id, known)
    if document is None or not case.capabilities:
        return
    try:
        async with asyncio.timeout(RECOGNISE_WITHIN_S):
            found = await case.read(FindSubscriber(document))
    except (NiochatError, TimeoutError) as error:
        code = getattr(error, "code", "erp_timeout")
        _log.info("not_recognised", turn=str(case.visit.request.turn_id), code=code)
        return
    living = _still_theirs(found, known, case.visit.phone)
    if found is None or not living:
        case.learn(unrecognised=True)
        return
    case.learn(
        name=found.name,
        trusted=True,
        phone=case.visit.phone,
        contracts=living,
        contract=living[0].id if len(living) == 1 else "",
        shown_in=str(case.visit.request.turn_id),
        recognised=True,
    )


def _still_theirs(found: Subscriber | None, known: Known, phone: str) -> tuple[Contract, ...]:
    """Their living contracts, the one that was talked about last first; none where that one is
    gone or another holder's, or the number is not theirs any more.
    """
    if found is None or not is_same_number(phone, found.phones):
        return ()
    living = [c for c in found.contracts if not c.status.ended]
    last = [c for c in living if c.id == known.contract]
    return (*last, *(c for c in living if c.id != known.contract)) if last else ()


def unconfirmed(case: Case, tool: Tool) -> Result | None:
    """Before a write the contract that was recognised is confirmed, once a visit."""
    facts = case.facts
    if not facts.recognised or facts.confirmed or tool.repeatable or tool.sends:
        return None
    chosen = case.contract()
    return refused(
        "confirme_contrato",
        "O contrato vem de um atendimento anterior: mostre o texto de apresentar e espere a "
        "resposta; depois do sim, registre com escolher_contrato e repita o pedido.",
        opcao=facts.contracts.index(chosen) + 1,
        apresentar=_question(chosen),
    )


def asks_first(case: Case, contract: Contract) -> Result | None:
    """A contract that was recognised counts as confirmed only after a question that named it."""
    facts = case.facts
    if not facts.recognised or _names(_said_last(case), contract):
        return None
    return refused(
        "pergunte_antes",
        "Pergunte ao cliente se é este contrato e espere a resposta.",
        apresentar=_question(contract),
    )


def told(case: Case) -> dict[str, Any]:
    """Keys of the situation; none where there is nothing to tell."""
    facts = case.facts
    keys: dict[str, Any] = {}
    if facts.recognised:
        keys["cliente_conhecido"] = {
            "nome": facts.name.split()[0].capitalize(),
            "contrato": facts.contract or facts.contracts[0].id,
            "contrato_confirmado_neste_atendimento": facts.confirmed,
            "varios_contratos": len(facts.contracts) > 1,
            "orientacao": _SEVERAL if len(facts.contracts) > 1 else _ONE,
        }
    if facts.trusted and facts.earlier:
        keys["atendimentos_anteriores"] = list(facts.earlier)
    return keys


def earlier_lines(visits: Iterable[EarlierVisit], mine: set[str]) -> tuple[str, ...]:
    """The newest visits about contracts of who writes now, a line each: when, what was wanted,
    what was done. Built of what is stored, without a model.
    """
    about = [v for v in visits if not v.facts.contracts or v.facts.contract in mine]
    lines = (_line(visit) for visit in about)
    return tuple([line for line in lines if line][:TOLD_VISITS])


def _line(visit: EarlierVisit) -> str:
    facts = visit.facts
    done = [f"fatura enviada por {' e '.join(facts.sent)}"] if facts.sent else []
    done += [f"chamado {facts.ticket}"] if facts.ticket else []
    done += [f"desbloqueio ({facts.unlocked})"] if facts.unlocked else []
    done += [_HANDED_OFF.get(visit.handed_off, "passou para a equipe")] if visit.handed_off else []
    done += [_ENDINGS[visit.ended]] if visit.ended in _ENDINGS else []
    wish = f"pedido: {facts.wish.value.replace('_', ' ')}" if facts.wish is not None else ""
    parts = [part for part in (wish, *done) if part]
    return f"{visit.began:%d/%m/%Y}: {'; '.join(parts)}" if parts else ""


def _question(contract: Contract) -> str:
    place = f", em {contract.address}" if contract.address else ""
    return f"Só para confirmar: é para o contrato *{contract.id}*{place}?"


def _said_last(case: Case) -> str:
    """Our texts between the customer's words before and those that are to be answered."""
    texts: list[str] = []
    for line in reversed(_before_answer(case)):
        if line.author is Author.CUSTOMER:
            break
        texts.append(line.text)
    return "\n".join(texts)


def _before_answer(case: Case) -> Sequence[Any]:
    lines = case.visit.lines
    return lines[: len(lines) - len(case.visit.unanswered)]


def _names(text: str, contract: Contract) -> bool:
    if re.search(rf"(?<!\d){re.escape(contract.id)}(?!\d)", text):
        return True
    street = fold(contract.address.split(",")[0]).strip()
    return len(street) >= _SHORTEST_STREET and street in fold(text)
