"""The notice outside of opening hours, and what the model knows about it."""

import re
from typing import Any

from niochat.assistant.text.text_normalization import fold
from niochat.assistant.turn_context import TurnContext
from niochat.domain.business_hours import format_date_time_pt
from niochat.domain.message import Author

_ASKS_WHEN = re.compile(
    r"\b(quando|que horas?|que dia|hoje|amanha|demora\w*|previsao|prazo|alguem (ai|vai)|"
    r"vao (me )?(responder|atender|ligar|chamar)|horario)\b"
)


def format_opening_notice(context: TurnContext) -> str:
    """When the staff return, if nobody is on duty: once per closed period, or when the customer
    asks.
    """
    snapshot = context.snapshot
    notice = snapshot.staff_availability.closed_notice(snapshot.policy)
    if not notice or (_is_notice_sent(context) and not _asks_when(context)):
        return ""
    return notice


def append_opening_notice(context: TurnContext, text: str) -> str:
    """Append the notice to the text of a handoff, unless the text states it already."""
    returns_at = context.snapshot.staff_availability.returns_at
    if context.handoff is None or (returns_at is not None and _states_opening(text, context)):
        return text
    notice = format_opening_notice(context)
    return f"{text}\n\n{notice}" if notice and notice not in text else text


def after_hours_state(context: TurnContext) -> dict[str, Any]:
    """The state note's keys while the assistant serves a conversation of an absent
    team, else none.
    """
    assignment, snapshot = context.snapshot.assignment, context.snapshot
    if not assignment.after_hours:
        return {}
    returns_at = snapshot.staff_availability.returns_at
    return {
        "fora_do_horario": {
            "na_fila_da_equipe": context.team_name(assignment.team or snapshot.policy.team),
            "equipe_volta": format_date_time_pt(returns_at) if returns_at else None,
            "volta_ja_informada": _is_notice_sent(context),
            "orientacao": "O atendimento continua com a equipe; até ela voltar, resolva o que as "
            "ferramentas permitem. Não transfira de novo nem repita quando a equipe volta, a não "
            "ser que perguntem.",
        }
    }


def _is_notice_sent(context: TurnContext) -> bool:
    """Whether the notice of the next opening was sent in this conversation."""
    notice = context.snapshot.staff_availability.closed_notice(context.snapshot.policy)
    sent_texts = [
        line.text for line in context.snapshot.transcript if line.author is not Author.CUSTOMER
    ]
    return any(notice in text or _states_opening(text, context) for text in sent_texts)


def _states_opening(text: str, context: TurnContext) -> bool:
    """Whether the text names the day (by name or date) and the hour of the next opening."""
    returns_at = context.snapshot.staff_availability.returns_at
    if returns_at is None:
        return False
    folded = fold(text)
    weekday = fold(format_date_time_pt(returns_at)).split("-")[0].split(",")[0]
    days_ahead = (returns_at.date() - context.snapshot.now.date()).days
    days = (weekday, f"{returns_at:%d/%m}", {0: "hoje", 1: "amanha"}.get(days_ahead, weekday))
    hour = rf"\b0?{returns_at.hour}(:?{returns_at:%M}|h{returns_at:%M}|h\b| horas)"
    return any(day in folded for day in days) and re.search(hour, folded) is not None


def _asks_when(context: TurnContext) -> bool:
    return any(_ASKS_WHEN.search(fold(text)) for text in context.snapshot.unanswered_texts)
