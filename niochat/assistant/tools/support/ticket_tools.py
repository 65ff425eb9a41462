"""Tools for service orders: list them, and open one if nothing else explains the problem."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, time
from typing import Annotated

from pydantic import Field

from niochat.assistant.handoff import conversation_summary
from niochat.assistant.handoff.handoff_messages import format_handoff_summary
from niochat.assistant.text.formatting import format_date
from niochat.assistant.text.text_normalization import fold
from niochat.assistant.tools.consent.customer_quotes import is_agreement
from niochat.assistant.tools.consent.topic_mentions import mentions_trouble
from niochat.assistant.tools.support.connection_tools import (
    find_maintenance,
    format_maintenance_end,
    refresh_contract,
    refuse_blocked,
    refuse_under_maintenance,
)
from niochat.assistant.tools.tool_definition import (
    ArgumentText,
    AssistantTool,
    NoArguments,
    ToolArguments,
)
from niochat.assistant.tools.tool_history import ToolCallHistory
from niochat.assistant.tools.write_outcome import report_unfinished_write
from niochat.assistant.turn_context import (
    Department,
    ToolResult,
    TurnContext,
    tool_refusal,
    tool_success,
)
from niochat.domain.tenant.erp_values import find_similar_ticket
from niochat.domain.tenant.erp_write_keys import ticket_key, ticket_reference
from niochat.ports.erp import (
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

MAX_LISTED_TICKETS = 5


class OpenTicketArguments(ToolArguments):
    """``resumo`` and ``sintomas`` are written into the service order for the technician."""

    categoria: TicketCategory
    resumo: Annotated[ArgumentText, Field(description="O problema em uma frase.")]
    sintomas: Annotated[ArgumentText, Field(description="O que o cliente vê e já testou.")]


async def list_tickets(context: TurnContext, _: NoArguments) -> ToolResult:
    """List the contract's newest service orders."""
    tickets = (await context.read_erp(ListTickets(context.confirmed_contract().id)))[
        :MAX_LISTED_TICKETS
    ]
    return tool_success(
        chamados=[_describe_ticket(ticket) for ticket in tickets],
        orientacao=" ".join(_list_guidance(context, tickets)),
    )


def _list_guidance(context: TurnContext, tickets: Sequence[ErpTicket]) -> Iterator[str]:
    yield "Informe os chamados; só abra outro se for problema diferente e não resolvido."
    open_ones = [each for each in tickets if each.open]
    if any(each.scheduled_for is None for each in open_ones):
        yield "Sem agendado_para, o sistema não informa quando o técnico vai: diga isso."
    now = context.snapshot.now.replace(tzinfo=None)
    if any(each.scheduled_for and each.scheduled_for.date() < now.date() for each in open_ones):
        yield "A data agendada já passou e o chamado segue aberto: transfira para o suporte."


async def open_ticket(context: TurnContext, arguments: OpenTicketArguments) -> ToolResult:
    """Open a service order, unless the problem is explained or already being repaired."""
    if not (
        _is_line_down(context)
        or mentions_trouble(context.snapshot.customer_texts)
        or _has_agreed(context)
    ):
        return tool_refusal("nao_pedido", "O cliente não falou de um problema: não abra chamado.")
    contract, category = context.confirmed_contract().id, arguments.categoria
    begun_category = _begun_category(context, contract)
    if begun_category is None:
        if context.facts.ticket:
            return _refuse_existing(context.facts.ticket)
        refusal = await _refuse_if_explained(context, category)
        if refusal is not None:
            return refusal
    # After a restart the model may choose another category: the order that was begun is continued.
    order = _build_order(context, arguments, begun_category or category)
    result = await context.write_erp(
        _write_key(context, contract, begun_category or category), order
    )
    if result.status is ErpWriteStatus.DONE and result.earlier and begun_category is None:
        return _refuse_existing(result.protocol)
    return _report_outcome(context, result)


def _is_line_down(context: TurnContext) -> bool:
    """Whether the ERP reported the connection as offline; the customer need not mention it then."""
    return any(
        record.result.get("estado") == "offline"
        for record in ToolCallHistory(context).contract_records
    )


def _has_agreed(context: TurnContext) -> bool:
    """Whether the customer agreed to our question about a service order."""
    question = re.search(r"\b(chamado|tecnico|visita)", fold(context.snapshot.last_provider_text))
    statements = context.snapshot.unanswered_statements
    return question is not None and any(is_agreement(statements, each) for each in statements)


async def _refuse_if_explained(context: TurnContext, category: TicketCategory) -> ToolResult | None:
    """Refuse if the contract is blocked, maintenance is announced or a similar order is open."""
    contract = await refresh_contract(context)
    maintenance = await find_maintenance(context, contract)
    access = await _load_access(context, contract.id)
    if contract.status.blocked or access.state is AccessState.SUSPENDED:
        return refuse_blocked(contract)
    if maintenance is not None:
        return refuse_under_maintenance(maintenance.message, format_maintenance_end(maintenance))
    if access.state is AccessState.MAINTENANCE:
        return refuse_under_maintenance(access.message, access.until)
    similar = await _find_similar(context, contract.id, category)
    return _refuse_existing(similar.number) if similar is not None else None


def _begun_category(context: TurnContext, contract: str) -> TicketCategory | None:
    """The category of the order that this conversation began without reporting it; at most one."""
    return next(
        (
            each
            for each in TicketCategory
            if _write_key(context, contract, each) in context.snapshot.unreported_write_keys
        ),
        None,
    )


def _write_key(context: TurnContext, contract: str, category: TicketCategory) -> str:
    return ticket_key(contract, category, context.snapshot.request.conversation_id)


def _build_order(
    context: TurnContext, arguments: OpenTicketArguments, category: TicketCategory
) -> OpenTicket:
    return OpenTicket(
        context.confirmed_contract().id,
        category,
        "\n".join(
            (
                arguments.resumo,
                f"Sintomas: {arguments.sintomas}",
                *conversation_summary.summary_lines(context),
            )
        ),
        context.facts.name,
        context.snapshot.phone,
        ticket_reference(category, context.snapshot.request.conversation_id),
    )


def _report_outcome(context: TurnContext, result: ErpWriteResult) -> ToolResult:
    if result.status is not ErpWriteStatus.DONE:
        return report_unfinished_write(
            context, result, "a abertura do chamado técnico", Department.SUPPORT
        )
    context.update_facts(ticket=result.protocol or "aberto")
    context.hand_off(
        Department.SUPPORT,
        "ticket_opened",
        format_handoff_summary(context, "Chamado técnico aberto."),
    )
    number = f" Protocolo do chamado: {result.protocol}." if result.protocol else ""
    context.add_fallback_text(
        f"Abri um chamado técnico.{number} A equipe de suporte continua por aqui."
    )
    return tool_success(
        protocolo=result.protocol or None,
        orientacao=(
            "Informe o protocolo do chamado e diga que o suporte continua o atendimento."
            if result.protocol
            else "Diga só que o chamado foi aberto e que o suporte continua: o sistema não "
            "informou o protocolo."
        ),
    )


async def _load_access(context: TurnContext, contract: str) -> AccessStatus:
    if ErpCapability.LINE not in context.capabilities:
        return AccessStatus(AccessState.UNKNOWN)
    return await context.read_erp(CheckAccessStatus(contract))


async def _find_similar(
    context: TurnContext, contract: str, category: TicketCategory
) -> ErpTicket | None:
    """The open service order of a similar category."""
    if ErpCapability.TICKETS not in context.capabilities:
        return None
    tickets = await context.read_erp(ListTickets(contract))
    return find_similar_ticket(tickets, category)


def _refuse_existing(protocol: str) -> ToolResult:
    # "aberto" stands for an order whose protocol the ERP did not report
    numbered = any(map(str.isdigit, protocol))
    number = "informe o protocolo" if numbered else "o sistema não informou o protocolo"
    return tool_refusal(
        "ja_existe",
        f"Já há um chamado aberto para isso: {number}; não abra outro.",
        protocolo=protocol if numbered else None,
    )


def _describe_ticket(ticket: ErpTicket) -> dict[str, str | None]:
    shown = {
        "protocolo": ticket.number,
        "situacao": "aberto" if ticket.open else "encerrado",
        "data": format_date(ticket.opened_at.date()) if ticket.opened_at else None,
    }
    if not ticket.open:
        return shown
    technician = {"tecnico": ticket.technician} if ticket.technician else {}
    return {**shown, "agendado_para": _format_schedule(ticket.scheduled_for), **technician}


def _format_schedule(moment: datetime | None) -> str | None:
    """Format the appointment; midnight means that only the day is known."""
    if moment is None:
        return None
    return f"{moment:%d/%m/%Y}" if moment.time() == time.min else f"{moment:%d/%m/%Y %H:%M}"


LIST_TICKETS = AssistantTool(
    "consultar_chamados",
    "Lista os chamados técnicos do contrato confirmado e quando o técnico vai.",
    NoArguments,
    list_tickets,
    required_capabilities=frozenset({ErpCapability.TICKETS}),
    requires_contract=True,
    requires_trust=True,
    is_repeatable=True,
    department=Department.SUPPORT,
)
OPEN_TICKET = AssistantTool(
    "abrir_chamado",
    "Abre um chamado técnico para o contrato confirmado, depois de verificar a conexão.",
    OpenTicketArguments,
    open_ticket,
    required_capabilities=frozenset({ErpCapability.OPEN_TICKET}),
    requires_contract=True,
    requires_trust=True,
    has_side_effects=True,
    department=Department.SUPPORT,
)
