"""The texts of a handoff: a notice for the customer and a summary for the team."""

import re

from niochat.assistant.handoff import after_hours_notice, conversation_summary
from niochat.assistant.handoff.conversation_summary import redact_quote
from niochat.assistant.handoff.escalation import EscalationReason
from niochat.assistant.text.text_normalization import fold
from niochat.assistant.turn_context import Department, TurnContext
from niochat.domain.conversation.commands import HandoffRequest

MAX_QUOTED_MESSAGES = 4
"""The number of the customer's newest messages that the summary quotes."""
_DEPARTMENT_PATTERNS = {
    Department.BILLING: re.compile(r"\b(no|do|ao|com o|pro|para o|pelo|setor) financeiro\b"),
    Department.SUPPORT: re.compile(r"\b(no|do|ao|com o|pro|para o|pelo|setor( de)?) suporte\b"),
    Department.SALES: re.compile(
        r"\b(no|do|ao|com o|pro|para o|em|de|setor( de)?|com as?) (comercial|vendas|vendedor\w*)\b"
    ),
}
"""Patterns that name a team, used when no model answers."""
_REASON_TEXTS = {
    EscalationReason.HUMAN: "pediu para falar com uma pessoa",
    EscalationReason.CANCELLATION: "falou em cancelamento",
    EscalationReason.COMPLAINT_BODY: "falou em Procon, Anatel ou Justiça",
    EscalationReason.ANGER: "está insatisfeito",
}


def format_handoff_notice(context: TurnContext, team: str, prefix: str = "") -> str:
    """Format ``prefix``, the team that has the conversation, the protocol and the
    opening notice.
    """
    snapshot = context.snapshot
    assignment = snapshot.assignment
    stays_with_team = assignment.after_hours and (assignment.has_agent or assignment.team == team)
    name = context.team_name(assignment.team or team if stays_with_team else team)
    passed = "Seu atendimento já está com" if stays_with_team else "Passei seu atendimento para"
    sentence = (
        f"{prefix} {passed} a equipe {name}, que continua por aqui. "
        f"Protocolo: {snapshot.request.protocol}"
    ).strip()
    opening_notice = after_hours_notice.format_opening_notice(context)
    return f"{sentence}\n\n{opening_notice}" if opening_notice else sentence


def build_escalation_handoff(context: TurnContext, reason: EscalationReason) -> HandoffRequest:
    """Build the handoff for an escalation reason."""
    note = format_handoff_summary(context, f"O cliente {_REASON_TEXTS[reason]}.")
    return HandoffRequest(context.team_for_department(find_department(context)), reason.value, note)


def find_department(context: TurnContext) -> Department:
    """The department that the customer just named, or else that of the current intent."""
    text = fold(" \n ".join(context.snapshot.unanswered_texts))
    named = (department for department, words in _DEPARTMENT_PATTERNS.items() if words.search(text))
    return next(named, context.department)


def format_handoff_summary(context: TurnContext, head: str) -> str:
    """Format the summary for the team: ``head``, five lines of facts and the customer's newest
    texts.
    """
    quotes = [
        f"«{redact_quote(text)}»" for text in context.snapshot.customer_texts[-MAX_QUOTED_MESSAGES:]
    ]
    lines = [head, *conversation_summary.summary_lines(context)]
    if quotes:
        lines.append("Últimas mensagens: " + " ".join(quotes))
    return "\n".join(lines)
