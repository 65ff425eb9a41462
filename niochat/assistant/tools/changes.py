"""What each request for a change needs, and how it is written down for whoever makes it."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from niochat.assistant.case import Case, Sector
from niochat.assistant.folding import fold
from niochat.assistant.number_words import numbers_in
from niochat.domain.erp import ErpCapability, ListTickets
from niochat.domain.requests import ChangeRequestKind, ChangeRequestRule

_LAST_DAY = 28
"""Where the provider names no days: one that every month has."""
_LONGEST_NETWORK = 32
"""Characters of a Wi-Fi network's name (IEEE 802.11)."""


class Missing(Exception):
    """What the customer has to be asked for; ``fields`` help to ask."""

    def __init__(self, guidance: str, **fields: Any) -> None:
        super().__init__(guidance)
        self.guidance = guidance
        self.fields = fields


@dataclass(frozen=True, slots=True)
class _Change:
    title: str
    sector: Sector
    what: Callable[[Case, ChangeRequestRule, str], Awaitable[str]]
    """One line for people. Raises ``Missing``."""


async def told_of(case: Case, kind: ChangeRequestKind, rule: ChangeRequestRule, new: str) -> str:
    """The request in one line. Raises ``Missing``, and ``ErpError`` of a look at the orders."""
    if "senha" in fold(new) and kind is not ChangeRequestKind.WIFI_PASSWORD:
        raise Missing("Repita sem a senha: ela nunca vai por mensagem.")
    return await CHANGES[kind].what(case, rule, new)


async def _due_day(case: Case, rule: ChangeRequestRule, new: str) -> str:
    found = numbers_in(fold(new))
    days = rule.days or range(1, _LAST_DAY + 1)
    day = found.pop() if len(found) == 1 else 0
    if day not in days:
        shown = list(rule.days) or f"1 a {_LAST_DAY}"
        raise Missing("Pergunte o novo dia de vencimento, entre os possíveis.", dias=shown)
    if day not in numbers_in(_said(case)):
        raise Missing("Pergunte ao cliente qual é o novo dia de vencimento.")
    return f"mudar o vencimento para o dia {day}"


async def _network_name(case: Case, rule: ChangeRequestRule, new: str) -> str:
    name = " ".join(new.split())
    if not name or len(name) > _LONGEST_NETWORK or fold(name) not in _said(case):
        raise Missing(f"Pergunte o novo nome da rede Wi-Fi, até {_LONGEST_NETWORK} caracteres.")
    return f"mudar o nome da rede Wi-Fi para «{name}»"


async def _password(case: Case, rule: ChangeRequestRule, new: str) -> str:
    """Whatever was said of a new one ends here."""
    return "trocar a senha do Wi-Fi (combinar com o cliente, sem senha por mensagem)"


async def _plan(case: Case, rule: ChangeRequestRule, new: str) -> str:
    plans = case.facts.plans
    number = int(new) if re.fullmatch(r"[0-9]{1,2}", new.strip()) else 0
    if not 1 <= number <= len(plans):
        raise Missing("Mostre os planos com listar_planos e informe o número escolhido em novo.")
    now = case.contract().plan
    return f"mudar o plano{f' de {now}' if now else ''} para {plans[number - 1].name}"


async def _address(case: Case, rule: ChangeRequestRule, new: str) -> str:
    if sum(map(str.isalpha, new)) < 5:
        raise Missing("Pergunte o novo endereço: rua, número, bairro, cidade e CEP.")
    return f"mudar o endereço da instalação para: {' '.join(new.split())}"


async def _holder(case: Case, rule: ChangeRequestRule, new: str) -> str:
    """The new one's document is asked for by people."""
    name = re.sub(r"\d[\d .\-/]{5,}", "", new).strip()
    if sum(map(str.isalpha, name)) < 3:
        raise Missing("Pergunte o nome do novo titular; os documentos a equipe pede.")
    return f"transferir a titularidade para {' '.join(name.split())}"


async def _point(case: Case, rule: ChangeRequestRule, new: str) -> str:
    more = f": {' '.join(new.split())}" if new else ""
    return f"instalar um ponto adicional{more}"


async def _cancel(case: Case, rule: ChangeRequestRule, new: str) -> str:
    return f"cancelar o chamado {await _open_ticket(case, new)}"


async def _reschedule(case: Case, rule: ChangeRequestRule, new: str) -> str:
    ticket = await _open_ticket(case, new)
    rest = " ".join(new.replace(ticket, "").split()).strip(" ,.;:-")
    return f"remarcar a visita do chamado {ticket}{f' ({rest})' if rest else ''}"


async def _open_ticket(case: Case, new: str) -> str:
    """The open order that is meant: the one named, or the only one."""
    if ErpCapability.TICKETS not in case.capabilities:
        return new or "informado pelo cliente"
    tickets = [t.number for t in await case.read(ListTickets(case.contract().id)) if t.open]
    named = [number for number in tickets if number in new]
    if len(named or tickets) == 1:
        return (named or tickets)[0]
    guidance = (
        "Pergunte qual dos chamados em aberto." if tickets else "Diga que não há chamado em aberto."
    )
    raise Missing(guidance, abertos=tickets)


def _said(case: Case) -> str:
    """All that the customer wrote, folded."""
    return " ".join(fold(" | ".join(case.visit.customer_texts)).split())


CHANGES = {
    ChangeRequestKind.DUE_DAY: _Change("mudança do vencimento", Sector.BILLING, _due_day),
    ChangeRequestKind.WIFI_NAME: _Change("nome do Wi-Fi", Sector.SUPPORT, _network_name),
    ChangeRequestKind.WIFI_PASSWORD: _Change("senha do Wi-Fi", Sector.SUPPORT, _password),
    ChangeRequestKind.PLAN: _Change("mudança de plano", Sector.SALES, _plan),
    ChangeRequestKind.ADDRESS: _Change("mudança de endereço", Sector.SUPPORT, _address),
    ChangeRequestKind.HOLDER: _Change("troca de titularidade", Sector.GENERAL, _holder),
    ChangeRequestKind.SECOND_POINT: _Change("ponto adicional", Sector.SUPPORT, _point),
    ChangeRequestKind.CANCEL_TICKET: _Change("cancelamento de chamado", Sector.SUPPORT, _cancel),
    ChangeRequestKind.RESCHEDULE: _Change("remarcação de visita", Sector.SUPPORT, _reschedule),
}
