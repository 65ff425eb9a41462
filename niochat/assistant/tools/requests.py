"""What a subscriber wants changed, taken as the provider's settings say: a service order, a team.

Nothing is changed here: people do that. A Wi-Fi password is never taken by text.
"""

from hashlib import sha256
from typing import Annotated, Any

from pydantic import Field

from niochat.assistant.case import Case, Result, Sector, done, refused
from niochat.assistant.evidence import quote_in
from niochat.assistant.facts import Requested
from niochat.assistant.folding import fold
from niochat.assistant.handover import summary
from niochat.assistant.masking import masked_text
from niochat.assistant.tools.changes import CHANGES, Missing, told_of
from niochat.assistant.tools.outcomes import unfinished
from niochat.assistant.tools.tool import Arguments, Quote, Tool, Words
from niochat.domain.erp import (
    ErpCapability,
    ErpWriteResult,
    ErpWriteStatus,
    ListTickets,
    OpenTicket,
)
from niochat.domain.requests import ChangeRequestKind, ChangeRequestRoute, ChangeRequestRule

_FEWEST_QUOTED = 4
"""Letters of the customer's that ask for something."""


class Change(Arguments):
    """``novo`` is what the kind needs, see :mod:`niochat.assistant.tools.change_requests.change_types`."""

    tipo: ChangeRequestKind
    palavras: Quote
    novo: Annotated[
        Words | None,
        Field(
            description="dia, nome da rede, número do plano listado, endereço, novo titular ou "
            "chamado; nunca senha"
        ),
    ] = None

    def kept(self) -> Any:
        """Without what may hold a password."""
        if self.secret:
            return {"tipo": self.tipo.value}
        return self.model_dump(mode="json")

    @property
    def secret(self) -> bool:
        """Whether a password may stand in it."""
        said = fold(f"{self.palavras} {self.novo or ''}")
        return self.tipo is ChangeRequestKind.WIFI_PASSWORD or "senha" in said


async def request_change(case: Case, wanted: Change) -> Result:
    """The request is with people, or in the ERP, once; or it is said what it lacks."""
    kind = wanted.tipo
    rule = case.requests.get(kind, ChangeRequestRule())
    if rule.how is ChangeRequestRoute.OFF:
        return refused(
            "nao_disponivel", "Diga que isso não é feito por aqui e ofereça falar com a equipe."
        )
    if not _asked(case, wanted.palavras):
        return refused(
            "pedido_nao_citado", "Só com pedido do cliente: em palavras, cite exatamente o que ele "
            "escreveu, ou pergunte se ele quer.",
        )  # fmt: skip
    earlier = next((each for each in case.facts.my_requests if each.kind == kind), None)
    key = _key(case, kind)
    if earlier is not None and key not in case.visit.untold:
        return _exists(kind, earlier.protocol)
    try:
        what = masked_text(await told_of(case, kind, rule, wanted.novo or ""))
    except Missing as missing:
        return refused("falta_dado", missing.guidance, **missing.fields)
    if rule.how is ChangeRequestRoute.ORDER and ErpCapability.OPEN_TICKET in case.capabilities:
        return await _ordered(case, wanted, rule, what)
    return _passed_on(case, kind, rule, what)


async def _ordered(case: Case, wanted: Change, rule: ChangeRequestRule, what: str) -> Result:
    kind, key = wanted.tipo, _key(case, wanted.tipo)
    begun = key in case.visit.untold
    similar = None if begun else await _similar(case, kind)
    if similar is not None:
        return _exists(kind, similar)
    quoted = "" if wanted.secret else f"\nCliente: «{wanted.palavras}»"
    order = OpenTicket(
        case.contract().id,
        rule.category,
        f"{_title(kind)}\n{what}{quoted}",
        case.facts.name,
        case.visit.phone,
        _reference(case, kind),
        rule.code,
    )
    result = await case.write(key, order)
    if result.status is not ErpWriteStatus.DONE:
        return unfinished(case, result, f"o pedido ({what})", _sector(kind))
    if result.earlier and not begun:
        return _exists(kind, result.protocol)
    return _taken(case, kind, what, result)


def _taken(case: Case, kind: ChangeRequestKind, what: str, result: ErpWriteResult) -> Result:
    _learn(case, Requested(case.contract().id, kind.value, what, result.protocol))
    number = f" Protocolo do pedido: {result.protocol}." if result.protocol else ""
    case.did(f"Registrei seu pedido: {what}.{number} A equipe vai cuidar disso.")
    return done(
        tipo=kind.value,
        registrado=what,
        protocolo=result.protocol or None,
        orientacao="Diga que o pedido foi registrado, com o protocolo se houver, e que a equipe "
        "faz a mudança: ela ainda não foi feita. Não prometa prazo.",
    )


def _passed_on(case: Case, kind: ChangeRequestKind, rule: ChangeRequestRule, what: str) -> Result:
    """One team has all that was asked for in this visit; the last kind's own gets it."""
    _learn(case, Requested(case.contract().id, kind.value, what))
    head = "Pedido do cliente: " + "; ".join(each.what for each in case.facts.my_requests) + "."
    case.hand_over(rule.team or _sector(kind), "change_request", summary(case, head))
    assert case.handoff is not None
    team = case.team_name(case.handoff.team)
    case.did(f"Anotei seu pedido: {what}. A equipe {team} continua por aqui.")
    return done(
        tipo=kind.value,
        encaminhado=what,
        equipe=team,
        aberto=case.visit.people.available,
        orientacao="Diga que anotou o pedido e que essa equipe continua por aqui: a mudança ainda "
        "não foi feita. Não prometa prazo.",
    )


def _learn(case: Case, taken: Requested) -> None:
    others = [each for each in case.facts.requested
              if (each.contract, each.kind) != (taken.contract, taken.kind)]  # fmt: skip
    case.learn(requested=(*others, taken))


def _asked(case: Case, words: str) -> bool:
    """Whether the customer wrote that, more than a little word of it, and takes it back nowhere."""
    if sum(map(str.isalnum, words)) < _FEWEST_QUOTED:
        return False
    quote = quote_in(case.visit.said, words)
    return quote is not None and not quote.taken_back


async def _similar(case: Case, kind: ChangeRequestKind) -> str | None:
    """The protocol of an open order of the same request."""
    if ErpCapability.TICKETS not in case.capabilities:
        return None
    tickets = await case.read(ListTickets(case.contract().id))
    title = _title(kind)
    return next((each.number for each in tickets if each.open and title in each.content), None)


def _exists(kind: ChangeRequestKind, protocol: str) -> Result:
    number = "informe o protocolo" if protocol else "não há número a informar"
    return refused(
        "ja_existe", f"Esse pedido já foi registrado: {number}; não registre outro. Se ele quer "
        "algo diferente, transfira.", protocolo=protocol or None,
        tipo=kind.value,
    )  # fmt: skip


def _title(kind: ChangeRequestKind) -> str:
    """How the order begins, and how it is known again in another visit."""
    return f"SOLICITAÇÃO: {CHANGES[kind].title}."


def _sector(kind: ChangeRequestKind) -> Sector:
    return CHANGES[kind].sector


def _key(case: Case, kind: ChangeRequestKind) -> str:
    return f"request:{case.contract().id}:{kind}:{case.visit.request.conversation_id}"


def _reference(case: Case, kind: ChangeRequestKind) -> str:
    """Found again in the order's content when the ERP's answer was lost."""
    meaning = f"{case.visit.request.conversation_id}:request:{kind}"
    return f"NC-{sha256(meaning.encode()).hexdigest()[:12]}"


def _fits(case: Case) -> bool:
    taken = any(rule.how is not ChangeRequestRoute.OFF for rule in case.requests.values())
    return bool(case.capabilities) and taken


REQUEST_CHANGE = Tool(
    "registrar_solicitacao",
    "Registra um pedido de mudança no contrato confirmado; quem muda é a equipe.",
    Change,
    request_change,
    contract=True,
    trusted=True,
    acts=True,
    fits=_fits,
    sector=Sector.GENERAL,
)
