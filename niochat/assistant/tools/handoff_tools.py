"""Tools that end the assistant's part: a transfer to a team, or the end of the conversation."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from niochat.assistant.handoff.escalation import EscalationReason
from niochat.assistant.handoff.handoff_messages import format_handoff_notice, format_handoff_summary
from niochat.assistant.text.text_normalization import fold
from niochat.assistant.tools.consent.customer_quotes import find_quote
from niochat.assistant.tools.tool_definition import (
    ArgumentQuote,
    ArgumentText,
    AssistantTool,
    ToolArguments,
)
from niochat.assistant.turn_context import ToolResult, TurnContext, tool_refusal, tool_success

_WANTS_MORE = re.compile(r"\?|\b(mas|ainda|porem|so que|quero|preciso|como)\b")
"""Words that do not occur in a mere farewell."""


class TransferReason(StrEnum):
    """The model's reason for a transfer; its values are part of the tool's schema."""

    HUMAN = "pediu_pessoa"
    CANCELLATION = "cancelamento"
    COMPLAINT_BODY = "orgao_ou_justica"
    ANGER = "insatisfeito"
    REQUEST = "pedido_da_equipe"
    """A request that only the staff can fulfil."""
    UNSOLVED = "nao_resolvido"


_ESCALATION_REASONS = {
    TransferReason.HUMAN: EscalationReason.HUMAN,
    TransferReason.CANCELLATION: EscalationReason.CANCELLATION,
    TransferReason.COMPLAINT_BODY: EscalationReason.COMPLAINT_BODY,
    TransferReason.ANGER: EscalationReason.ANGER,
}


class TransferArguments(ToolArguments):
    """``resumo``: what the team should know, in one or two sentences."""

    setor: Annotated[
        ArgumentText,
        Field(
            description="atendimento, financeiro, suporte, vendas ou a equipe indicada pelo "
            "provedor: a citada pelo cliente; senão, a do pedido"
        ),
    ]
    motivo: TransferReason
    resumo: ArgumentText
    palavras: Annotated[ArgumentQuote | None, Field(description="palavras exatas do cliente")] = (
        None
    )


class CloseArguments(ToolArguments):
    """``palavras``: the words with which the customer ends the conversation."""

    palavras: ArgumentQuote


async def transfer_conversation(context: TurnContext, arguments: TransferArguments) -> ToolResult:
    """Transfer the conversation to a team and tell the customer which team, and when it answers."""
    context.hand_off(
        fold(arguments.setor),
        _verified_reason(context, arguments),
        format_handoff_summary(context, arguments.resumo),
    )
    assert context.handoff is not None
    context.final_text = format_handoff_notice(context, context.handoff.team)
    return tool_success(
        equipe=context.team_name(context.handoff.team),
        aberto=context.snapshot.staff_availability.available,
    )


def _verified_reason(context: TurnContext, arguments: TransferArguments) -> str:
    """Accept the model's reason only if the customer's own words were quoted.

    The transfer happens in any case, so that an inexact quote does not keep a customer from an
    agent.
    """
    quote = arguments.palavras and find_quote(
        context.snapshot.customer_statements, arguments.palavras
    )
    reason = (
        _ESCALATION_REASONS.get(arguments.motivo, EscalationReason.OTHER)
        if quote
        else EscalationReason.OTHER
    )
    return reason.value


async def close_conversation(context: TurnContext, arguments: CloseArguments) -> ToolResult:
    """Close the conversation if the customer's newest messages end it."""
    awaits_choice = context.facts.is_identified and not context.facts.contract
    quote = find_quote(context.snapshot.unanswered_statements, arguments.palavras)
    messages = (quote.message, *quote.later) if quote is not None else ()
    if awaits_choice or quote is None or any(_WANTS_MORE.search(fold(each)) for each in messages):
        return tool_refusal(
            "nao_pode_encerrar", "O cliente não encerrou: pergunte se pode ajudar em algo mais."
        )
    if context.facts.waiting:
        return tool_refusal(
            "ha_pedidos",
            "Ainda há pedidos anotados: atenda-os, ou pergunte se ele desiste deles.",
            pedidos=[each.wish for each in context.facts.waiting],
        )
    context.closing_quote = arguments.palavras
    context.fallback_text = f"Obrigado pelo contato! Protocolo: {context.snapshot.request.protocol}"
    return tool_success(orientacao="Despeça-se em uma frase.")


TRANSFER = AssistantTool(
    "transferir_atendimento",
    "Passa o atendimento para uma equipe de pessoas.",
    TransferArguments,
    transfer_conversation,
)
CLOSE = AssistantTool(
    "encerrar_atendimento",
    "Encerra o atendimento quando o cliente disse que não precisa de mais nada.",
    CloseArguments,
    close_conversation,
)
