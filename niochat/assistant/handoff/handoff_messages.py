"""The words of a hand-off: an honest sentence for the customer, a summary for the team."""

import re

from niochat.assistant.handoff import after_hours_notice, conversation_summary
from niochat.assistant.handoff.conversation_summary import redact_quote
from niochat.assistant.handoff.escalation import EscalationReason
from niochat.assistant.text.text_normalization import fold
from niochat.assistant.turn_context import Department, TurnContext
from niochat.domain.conversation.commands import HandoffRequest

MAX_QUOTED_MESSAGES = 4
"""Newest messages of the customer that the team is shown in the summary."""
_DEPARTMENT_PATTERNS = {
    Department.BILLING: re.compile(r"\b(no|do|ao|com o|pro|para o|pelo|setor) financeiro\b"),
    Department.SUPPORT: re.compile(r"\b(no|do|ao|com o|pro|para o|pelo|setor( de)?) suporte\b"),
    Department.SALES: re.compile(
        r"\b(no|do|ao|com o|pro|para o|em|de|setor( de)?|com as?) (comercial|vendas|vendedor\w*)\b"
    ),
}
"""Words for a team, where no model has understood them."""
_REASON_TEXTS = {
    EscalationReason.HUMAN: "pediu para falar com uma pessoa",
    EscalationReason.CANCELLATION: "falou em cancelamento",
    EscalationReason.COMPLAINT_BODY: "falou em Procon, Anatel ou Justiça",
    EscalationReason.ANGER: "está insatisfeito",
}


def format_handoff_notice(context: TurnContext, team: str, prefix: str = "") -> str:
    """``before``, then which team has it, the protocol, and when somebody answers."""
    visit = context.snapshot
    standing = visit.assignment
    stays = standing.after_hours and (standing.has_agent or standing.team == team)
    name = context.team_name(standing.team or team if stays else team)
    passed = "Seu atendimento já está com" if stays else "Passei seu atendimento para"
    sentence = (
        f"{prefix} {passed} a equipe {name}, que continua por aqui. "
        f"Protocolo: {visit.request.protocol}"
    ).strip()
    promise = after_hours_notice.format_opening_notice(context)
    return f"{sentence}\n\n{promise}" if promise else sentence


def build_escalation_handoff(context: TurnContext, reason: EscalationReason) -> HandoffRequest:
    """For a topic that is people's."""
    note = format_handoff_summary(context, f"O cliente {_REASON_TEXTS[reason]}.")
    return HandoffRequest(context.team_for_department(find_department(context)), reason.value, note)


def find_department(context: TurnContext) -> Department:
    """The one that the customer has just named; else the one of what is wanted now."""
    said = fold(" \n ".join(context.snapshot.unanswered_texts))
    named = (sector for sector, words in _DEPARTMENT_PATTERNS.items() if words.search(said))
    return next(named, context.department)


def format_handoff_summary(context: TurnContext, head: str) -> str:
    """What the team should know before it reads on: ``head``, five lines of what the server knows,
    and the customer's newest words.
    """
    quotes = [
        f"«{redact_quote(text)}»" for text in context.snapshot.customer_texts[-MAX_QUOTED_MESSAGES:]
    ]
    lines = [head, *conversation_summary.summary_lines(context)]
    if quotes:
        lines.append("Últimas mensagens: " + " ".join(quotes))
    return "\n".join(lines)
