"""The details that each kind of change request needs, and its description for the staff."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from niochat.assistant.text.number_words import extract_numbers
from niochat.assistant.text.text_normalization import fold
from niochat.assistant.turn_context import Department, TurnContext
from niochat.domain.tenant.change_requests import ChangeRequestKind, ChangeRequestRule
from niochat.ports.erp import ErpCapability, ListTickets

_MAX_DUE_DAY = 28
"""The largest due day if the tenant sets none: every month has this day."""
_MAX_NETWORK_NAME_CHARS = 32
"""The maximum length of a Wi-Fi network's name (IEEE 802.11)."""


class MissingDetailError(Exception):
    """A detail that the customer must be asked for; ``fields`` go into the tool result."""

    def __init__(self, guidance: str, **fields: Any) -> None:
        super().__init__(guidance)
        self.guidance = guidance
        self.fields = fields


@dataclass(frozen=True, slots=True)
class _ChangeType:
    title: str
    department: Department
    describe: Callable[[TurnContext, ChangeRequestRule, str], Awaitable[str]]
    """Describes the change in one line for the staff. Raises ``MissingDetailError``."""


async def describe_change(
    context: TurnContext, kind: ChangeRequestKind, rule: ChangeRequestRule, new: str
) -> str:
    """Describe the request in one line.

    Raises ``MissingDetailError``, and ``ErpError`` if the service orders cannot be read.
    """
    if "senha" in fold(new) and kind is not ChangeRequestKind.WIFI_PASSWORD:
        raise MissingDetailError("Repita sem a senha: ela nunca vai por mensagem.")
    return await CHANGE_TYPES[kind].describe(context, rule, new)


async def _describe_due_day(context: TurnContext, rule: ChangeRequestRule, new: str) -> str:
    found = extract_numbers(fold(new))
    days = rule.days or range(1, _MAX_DUE_DAY + 1)
    day = found.pop() if len(found) == 1 else 0
    if day not in days:
        shown = list(rule.days) or f"1 a {_MAX_DUE_DAY}"
        raise MissingDetailError(
            "Pergunte o novo dia de vencimento, entre os possíveis.", dias=shown
        )
    if day not in extract_numbers(_customer_text(context)):
        raise MissingDetailError("Pergunte ao cliente qual é o novo dia de vencimento.")
    return f"mudar o vencimento para o dia {day}"


async def _describe_network_name(context: TurnContext, rule: ChangeRequestRule, new: str) -> str:
    name = " ".join(new.split())
    if not name or len(name) > _MAX_NETWORK_NAME_CHARS or fold(name) not in _customer_text(context):
        raise MissingDetailError(
            f"Pergunte o novo nome da rede Wi-Fi, até {_MAX_NETWORK_NAME_CHARS} caracteres."
        )
    return f"mudar o nome da rede Wi-Fi para «{name}»"


async def _describe_password(context: TurnContext, rule: ChangeRequestRule, new: str) -> str:
    """A new password that the customer or the model wrote is dropped."""
    return "trocar a senha do Wi-Fi (combinar com o cliente, sem senha por mensagem)"


async def _describe_plan(context: TurnContext, rule: ChangeRequestRule, new: str) -> str:
    plans = context.facts.plans
    number = int(new) if re.fullmatch(r"[0-9]{1,2}", new.strip()) else 0
    if not 1 <= number <= len(plans):
        raise MissingDetailError(
            "Mostre os planos com listar_planos e informe o número escolhido em novo."
        )
    current_plan = context.confirmed_contract().plan
    origin = f" de {current_plan}" if current_plan else ""
    return f"mudar o plano{origin} para {plans[number - 1].name}"


async def _describe_address(context: TurnContext, rule: ChangeRequestRule, new: str) -> str:
    if sum(map(str.isalpha, new)) < 5:
        raise MissingDetailError("Pergunte o novo endereço: rua, número, bairro, cidade e CEP.")
    return f"mudar o endereço da instalação para: {' '.join(new.split())}"


async def _describe_holder(context: TurnContext, rule: ChangeRequestRule, new: str) -> str:
    """The staff ask for the new holder's tax id."""
    name = re.sub(r"\d[\d .\-/]{5,}", "", new).strip()
    if sum(map(str.isalpha, name)) < 3:
        raise MissingDetailError("Pergunte o nome do novo titular; os documentos a equipe pede.")
    return f"transferir a titularidade para {' '.join(name.split())}"


async def _describe_second_point(context: TurnContext, rule: ChangeRequestRule, new: str) -> str:
    place = f": {' '.join(new.split())}" if new else ""
    return f"instalar um ponto adicional{place}"


async def _describe_cancellation(context: TurnContext, rule: ChangeRequestRule, new: str) -> str:
    return f"cancelar o chamado {await _find_open_ticket(context, new)}"


async def _describe_reschedule(context: TurnContext, rule: ChangeRequestRule, new: str) -> str:
    ticket = await _find_open_ticket(context, new)
    rest = " ".join(new.replace(ticket, "").split()).strip(" ,.;:-")
    return f"remarcar a visita do chamado {ticket}{f' ({rest})' if rest else ''}"


async def _find_open_ticket(context: TurnContext, new: str) -> str:
    """The open service order that the request names, or the only open one."""
    if ErpCapability.TICKETS not in context.capabilities:
        return new or "informado pelo cliente"
    tickets = [
        t.number
        for t in await context.read_erp(ListTickets(context.confirmed_contract().id))
        if t.open
    ]
    named = [number for number in tickets if number in new]
    if len(named or tickets) == 1:
        return (named or tickets)[0]
    guidance = (
        "Pergunte qual dos chamados em aberto." if tickets else "Diga que não há chamado em aberto."
    )
    raise MissingDetailError(guidance, abertos=tickets)


def _customer_text(context: TurnContext) -> str:
    """All texts of the customer, folded."""
    return " ".join(fold(" | ".join(context.snapshot.customer_texts)).split())


CHANGE_TYPES = {
    ChangeRequestKind.DUE_DAY: _ChangeType(
        "mudança do vencimento", Department.BILLING, _describe_due_day
    ),
    ChangeRequestKind.WIFI_NAME: _ChangeType(
        "nome do Wi-Fi", Department.SUPPORT, _describe_network_name
    ),
    ChangeRequestKind.WIFI_PASSWORD: _ChangeType(
        "senha do Wi-Fi", Department.SUPPORT, _describe_password
    ),
    ChangeRequestKind.PLAN: _ChangeType("mudança de plano", Department.SALES, _describe_plan),
    ChangeRequestKind.ADDRESS: _ChangeType(
        "mudança de endereço", Department.SUPPORT, _describe_address
    ),
    ChangeRequestKind.HOLDER: _ChangeType(
        "troca de titularidade", Department.GENERAL, _describe_holder
    ),
    ChangeRequestKind.SECOND_POINT: _ChangeType(
        "ponto adicional", Department.SUPPORT, _describe_second_point
    ),
    ChangeRequestKind.CANCEL_TICKET: _ChangeType(
        "cancelamento de chamado", Department.SUPPORT, _describe_cancellation
    ),
    ChangeRequestKind.RESCHEDULE: _ChangeType(
        "remarcação de visita", Department.SUPPORT, _describe_reschedule
    ),
}
