"""The words of a hand-off: an honest sentence for the customer, a summary for the team."""

import re

from niochat.assistant import after_hours, notes
from niochat.assistant.case import Case, Sector
from niochat.assistant.folding import fold
from niochat.assistant.notes import quote
from niochat.assistant.topics import Topic
from niochat.domain.commands import HandoffRequest

QUOTED = 4
"""Newest messages of the customer that the team is shown in the summary."""
_SECTORS = {
    Sector.BILLING: re.compile(r"\b(no|do|ao|com o|pro|para o|pelo|setor) financeiro\b"),
    Sector.SUPPORT: re.compile(r"\b(no|do|ao|com o|pro|para o|pelo|setor( de)?) suporte\b"),
    Sector.SALES: re.compile(
        r"\b(no|do|ao|com o|pro|para o|em|de|setor( de)?|com as?) (comercial|vendas|vendedor\w*)\b"
    ),
}
"""Words for a team, where no model has understood them."""
_WHY = {
    Topic.HUMAN: "pediu para falar com uma pessoa",
    Topic.CANCELLATION: "falou em cancelamento",
    Topic.COMPLAINT_BODY: "falou em Procon, Anatel ou Justiça",
    Topic.ANGER: "está insatisfeito",
}


def announcement(case: Case, team: str, before: str = "") -> str:
    """``before``, then which team has it, the protocol, and when somebody answers."""
    visit = case.visit
    standing = visit.standing
    stays = standing.after_hours and (standing.agent_has_it or standing.team == team)
    name = case.team_name(standing.team or team if stays else team)
    passed = "Seu atendimento já está com" if stays else "Passei seu atendimento para"
    sentence = (
        f"{before} {passed} a equipe {name}, que continua por aqui. "
        f"Protocolo: {visit.request.protocol}"
    ).strip()
    promise = after_hours.promise(case)
    return f"{sentence}\n\n{promise}" if promise else sentence


def urgent_handoff(case: Case, topic: Topic) -> HandoffRequest:
    """For a topic that is people's."""
    note = summary(case, f"O cliente {_WHY[topic]}.")
    return HandoffRequest(case.team_of(named_sector(case)), topic.value, note)


def named_sector(case: Case) -> Sector:
    """The one that the customer has just named; else the one of what is wanted now."""
    said = fold(" \n ".join(case.visit.unanswered))
    named = (sector for sector, words in _SECTORS.items() if words.search(said))
    return next(named, case.sector)


def summary(case: Case, head: str) -> str:
    """What the team should know before it reads on: ``head``, five lines of what the server knows,
    and the customer's newest words.
    """
    quotes = [f"«{quote(text)}»" for text in case.visit.customer_texts[-QUOTED:]]
    lines = [head, *notes.five_lines(case)]
    if quotes:
        lines.append("Últimas mensagens: " + " ".join(quotes))
    return "\n".join(lines)
