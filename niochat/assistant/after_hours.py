"""While nobody of the provider is there: what is promised, once, and what the model knows of it."""

import re
from typing import Any

from niochat.assistant.case import Case
from niochat.assistant.folding import fold
from niochat.domain.hours import format_date_time_pt
from niochat.domain.message import Author

_WHEN = re.compile(
    r"\b(quando|que horas?|que dia|hoje|amanha|demora\w*|previsao|prazo|alguem (ai|vai)|"
    r"vao (me )?(responder|atender|ligar|chamar)|horario)\b"
)


def promise(case: Case) -> str:
    """When people answer, where nobody is there: once a night, and when the customer asks."""
    visit = case.visit
    said = visit.people.closed_notice(visit.policy)
    if not said or (_told(case) and not _asks_when(case)):
        return ""
    return said


def with_promise(case: Case, text: str) -> str:
    """A text that gives the conversation to people says when they answer, as far as it does not."""
    returns_at = case.visit.people.returns_at
    if case.handoff is None or (returns_at is not None and _says_when(text, case)):
        return text
    said = promise(case)
    return f"{text}\n\n{said}" if said and said not in text else text


def told(case: Case) -> dict[str, Any]:
    """Keys of the situation while the assistant serves what people have; none otherwise."""
    standing, visit = case.visit.standing, case.visit
    if not standing.after_hours:
        return {}
    returns_at = visit.people.returns_at
    return {
        "fora_do_horario": {
            "na_fila_da_equipe": case.team_name(standing.team or visit.policy.team),
            "equipe_volta": format_date_time_pt(returns_at) if returns_at else None,
            "volta_ja_informada": _told(case),
            "orientacao": "O atendimento continua com a equipe; até ela voltar, resolva o que as "
            "ferramentas permitem. Não transfira de novo nem repita quando a equipe volta, a não "
            "ser que perguntem.",
        }
    }


def _told(case: Case) -> bool:
    """In this visit, of this very opening."""
    said = case.visit.people.closed_notice(case.visit.policy)
    ours = [line.text for line in case.visit.lines if line.author is not Author.CUSTOMER]
    return any(said in text or _says_when(text, case) for text in ours)


def _says_when(text: str, case: Case) -> bool:
    """The day, by name or date, and the hour of the next opening."""
    returns_at = case.visit.people.returns_at
    if returns_at is None:
        return False
    folded = fold(text)
    weekday = fold(format_date_time_pt(returns_at)).split("-")[0].split(",")[0]
    tomorrow = (returns_at.date() - case.visit.now.date()).days
    days = (weekday, f"{returns_at:%d/%m}", {0: "hoje", 1: "amanha"}.get(tomorrow, weekday))
    hour = rf"\b0?{returns_at.hour}(:?{returns_at:%M}|h{returns_at:%M}|h\b| horas)"
    return any(day in folded for day in days) and re.search(hour, folded) is not None


def _asks_when(case: Case) -> bool:
    return any(_WHEN.search(fold(text)) for text in case.visit.unanswered)
