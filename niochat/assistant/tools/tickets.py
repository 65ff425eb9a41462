"""Service orders: the open ones, and a new one where nothing else explains the trouble."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, time
from hashlib import sha256
from typing import Annotated

from pydantic import Field

from niochat.assistant import notes
from niochat.assistant.case import Case, Result, Sector, done, refused
from niochat.assistant.deeds import Deeds
from niochat.assistant.evidence import agrees
from niochat.assistant.folding import fold
from niochat.assistant.handover import summary
from niochat.assistant.tools.asked import spoke_of_trouble
from niochat.assistant.tools.connection import (
    announced,
    blocked,
    current,
    under_maintenance,
    until,
)
from niochat.assistant.tools.outcomes import unfinished
from niochat.assistant.tools.tool import Arguments, Nothing, Tool, Words
from niochat.assistant.wording import day
from niochat.domain.erp import (
    AccessState,
    AccessStatus,
    CheckAccessStatus,
    ErpCapability,
    ErpTicket,
    ErpWriteResult,
    ErpWriteStatus,
    ListTickets,
    OpenTicket,
    TicketCategory,
)

SHOWN = 5


class Open(Arguments):
    """``resumo`` and ``sintomas`` go into the order for the technician."""

    categoria: TicketCategory
    resumo: Annotated[Words, Field(description="O problema em uma frase.")]
    sintomas: Annotated[Words, Field(description="O que o cliente vê e já testou.")]


async def list_tickets(case: Case, _: Nothing) -> Result:
    """The contract's newest service orders."""
    tickets = (await case.read(ListTickets(case.contract().id)))[:SHOWN]
    return done(
        chamados=[_shown(ticket) for ticket in tickets],
        orientacao=" ".join(_about(case, tickets)),
    )


def _about(case: Case, tickets: Sequence[ErpTicket]) -> Iterator[str]:
    yield "Informe os chamados; só abra outro se for problema diferente e não resolvido."
    open_ones = [each for each in tickets if each.open]
    if any(each.scheduled_for is None for each in open_ones):
        yield "Sem agendado_para, o sistema não informa quando o técnico vai: diga isso."
    now = case.visit.now.replace(tzinfo=None)
    if any(each.scheduled_for and each.scheduled_for.date() < now.date() for each in open_ones):
        yield "A data agendada já passou e o chamado segue aberto: transfira para o suporte."


async def open_ticket(case: Case, wanted: Open) -> Result:
    """A service order, unless something explains the trouble or is already being done about it."""
    if not (_seen_broken(case) or spoke_of_trouble(case.visit.customer_texts) or _agreed(case)):
        return refused("nao_pedido", "O cliente não falou de um problema: não abra chamado.")
    contract, category = case.contract().id, wanted.categoria
    begun = _begun(case, contract)
    if begun is None:
        if case.facts.ticket:
            return _exists(case.facts.ticket)
        explained = await _explained(case, category)
        if explained is not None:
            return explained
    # A model that runs again may say it in other words: the order that was begun is meant.
    order = _order(case, wanted, begun or category)
    result = await case.write(_key(case, contract, begun or category), order)
    if result.status is ErpWriteStatus.DONE and result.earlier and begun is None:
        return _exists(result.protocol)
    return _told(case, result)


def _seen_broken(case: Case) -> bool:
    """The ERP says that the line is down: nobody has to spell it."""
    return any(deed.result.get("estado") == "offline" for deed in Deeds(case).mine)


def _agreed(case: Case) -> bool:
    """A yes to our question about a service order."""
    asked = re.search(r"\b(chamado|tecnico|visita)", fold(case.visit.last_said))
    said = case.visit.said_since
    return asked is not None and any(agrees(said, each) for each in said)


async def _explained(case: Case, category: TicketCategory) -> Result | None:
    """Why no order is needed: the contract is blocked, work is announced, or one is open."""
    contract = await current(case)
    work = await announced(case, contract)
    line = await _line(case, contract.id)
    if contract.status.blocked or line.state is AccessState.SUSPENDED:
        return blocked(contract)
    if work is not None:
        return under_maintenance(work.message, until(work))
    if line.state is AccessState.MAINTENANCE:
        return under_maintenance(line.message, line.until)
    similar = await _similar(case, contract.id, category)
    return _exists(similar.number) if similar is not None else None


def _begun(case: Case, contract: str) -> TicketCategory | None:
    """What the order is about that this visit began, and nobody was told of; one at most."""
    return next(
        (each for each in TicketCategory if _key(case, contract, each) in case.visit.untold), None
    )


def _key(case: Case, contract: str, category: TicketCategory) -> str:
    return f"ticket:{contract}:{category}:{case.visit.request.conversation_id}"


def _order(case: Case, wanted: Open, category: TicketCategory) -> OpenTicket:
    return OpenTicket(
        case.contract().id,
        category,
        "\n".join((wanted.resumo, f"Sintomas: {wanted.sintomas}", *notes.five_lines(case))),
        case.facts.name,
        case.visit.phone,
        _reference(case, category),
    )


def _told(case: Case, result: ErpWriteResult) -> Result:
    if result.status is not ErpWriteStatus.DONE:
        return unfinished(case, result, "a abertura do chamado técnico", Sector.SUPPORT)
    case.learn(ticket=result.protocol or "aberto")
    case.hand_over(Sector.SUPPORT, "ticket_opened", summary(case, "Chamado técnico aberto."))
    number = f" Protocolo do chamado: {result.protocol}." if result.protocol else ""
    case.did(f"Abri um chamado técnico.{number} A equipe de suporte continua por aqui.")
    return done(
        protocolo=result.protocol or None,
        orientacao=(
            "Informe o protocolo do chamado e diga que o suporte continua o atendimento."
            if result.protocol
            else "Diga só que o chamado foi aberto e que o suporte continua: o sistema não "
            "informou o protocolo."
        ),
    )


async def _line(case: Case, contract: str) -> AccessStatus:
    if ErpCapability.LINE not in case.capabilities:
        return AccessStatus(AccessState.UNKNOWN)
    return await case.read(CheckAccessStatus(contract))


async def _similar(case: Case, contract: str, category: TicketCategory) -> ErpTicket | None:
    """An open order about the same."""
    if ErpCapability.TICKETS not in case.capabilities:
        return None
    tickets = await case.read(ListTickets(contract))
    alike = _ALIKE.get(category, {category})
    return next((t for t in tickets if t.open and alike & t.categories), None)


_NO_LINE = {TicketCategory.NO_CONNECTION, TicketCategory.NO_LIGHT}
_ALIKE = {TicketCategory.NO_CONNECTION: _NO_LINE, TicketCategory.NO_LIGHT: _NO_LINE}


def _reference(case: Case, category: TicketCategory) -> str:
    """Found again in the order's content when the ERP's answer was lost."""
    meaning = f"{case.visit.request.conversation_id}:{category}"
    return f"NC-{sha256(meaning.encode()).hexdigest()[:12]}"


def _exists(protocol: str) -> Result:
    numbered = any(map(str.isdigit, protocol))  # "aberto" stands for one that the ERP did not tell
    number = "informe o protocolo" if numbered else "o sistema não informou o protocolo"
    return refused(
        "ja_existe",
        f"Já há um chamado aberto para isso: {number}; não abra outro.",
        protocolo=protocol if numbered else None,
    )


def _shown(ticket: ErpTicket) -> dict[str, str | None]:
    shown = {
        "protocolo": ticket.number,
        "situacao": "aberto" if ticket.open else "encerrado",
        "data": day(ticket.opened_at.date()) if ticket.opened_at else None,
    }
    if not ticket.open:
        return shown
    more = {"tecnico": ticket.technician} if ticket.technician else {}
    return {**shown, "agendado_para": _when(ticket.scheduled_for), **more}


def _when(moment: datetime | None) -> str | None:
    """At midnight nobody comes: then only the day is known."""
    if moment is None:
        return None
    return f"{moment:%d/%m/%Y}" if moment.time() == time.min else f"{moment:%d/%m/%Y %H:%M}"


LIST_TICKETS = Tool(
    "consultar_chamados",
    "Lista os chamados técnicos do contrato confirmado e quando o técnico vai.",
    Nothing,
    list_tickets,
    needs=frozenset({ErpCapability.TICKETS}),
    contract=True,
    trusted=True,
    repeatable=True,
    sector=Sector.SUPPORT,
)
OPEN_TICKET = Tool(
    "abrir_chamado",
    "Abre um chamado técnico para o contrato confirmado, depois de verificar a conexão.",
    Open,
    open_ticket,
    needs=frozenset({ErpCapability.OPEN_TICKET}),
    contract=True,
    trusted=True,
    acts=True,
    sector=Sector.SUPPORT,
)
