"""The words of a hand-off: an honest sentence for the customer, a summary for the team."""

import re

from niochat.assistant.case import Case, Sector
from niochat.assistant.folding import fold
from niochat.assistant.topics import Topic
from niochat.assistant.wording import STATUS
from niochat.domain.commands import Handoff
from niochat.domain.document import without_documents
from niochat.domain.plain import cut

QUOTED = 4
"""Newest messages of the customer that the team is shown in the summary."""
_LONGEST_QUOTE = 200
_SECTORS = {
    Sector.BILLING: re.compile(r"\b(no|do|ao|com o|pro|para o|pelo|setor) financeiro\b"),
    Sector.SUPPORT: re.compile(r"\b(no|do|ao|com o|pro|para o|pelo|setor( de)?) suporte\b"),
    Sector.SALES: re.compile(
        r"\b(no|do|ao|com o|pro|para o|em|de|setor( de)?|com as?) (comercial|vendas|vendedor\w*)\b"
    ),
}
"""Words for a team, where no model has understood them."""
_LONG_NUMBER = re.compile(r"\d[\d .\-/]{8,}\d")

_WHY = {
    Topic.HUMAN: "pediu para falar com uma pessoa",
    Topic.CANCELLATION: "falou em cancelamento",
    Topic.COMPLAINT_BODY: "falou em Procon, Anatel ou Justiça",
    Topic.ANGER: "está insatisfeito",
}


def announcement(case: Case, team: str, before: str = "") -> str:
    """``before``, then which team has it, the protocol, and when somebody answers."""
    visit = case.visit
    sentence = (
        f"{before} Passei seu atendimento para a equipe {case.team_name(team)}, "
        f"que continua por aqui. Protocolo: {visit.request.protocol}"
    ).strip()
    promise = visit.people.promise(visit.policy)
    return f"{sentence}\n\n{promise}" if promise else sentence


def urgent_handoff(case: Case, topic: Topic) -> Handoff:
    """For a topic that is people's."""
    note = summary(case, f"O cliente {_WHY[topic]}.")
    return Handoff(case.team_of(named_sector(case)), topic.value, note)


def named_sector(case: Case) -> Sector:
    """The one that the customer has just named; else the one of what is wanted now."""
    said = fold(" \n ".join(case.visit.unanswered))
    named = (sector for sector, words in _SECTORS.items() if words.search(said))
    return next(named, case.sector)


def summary(case: Case, head: str) -> str:
    """What the team should know before it reads on: who, what was wanted, what was done."""
    facts = case.facts
    lines = [head, _who(case)]
    if facts.wish is not None:
        lines.append(f"Pedido: {facts.wish.value}.")
    for each in facts.waiting:
        lines.append(f"Também pediu: {each.wish.value} («{each.words}»).")
    if facts.sent:
        lines.append(f"Fatura enviada: {', '.join(facts.sent)}.")
    if facts.unlocked:
        lines.append(f"Desbloqueio em confiança: {facts.unlocked}.")
    if facts.ticket:
        lines.append(f"Chamado aberto: {facts.ticket}.")
    quotes = [f"«{_quote(text)}»" for text in case.visit.customer_texts[-QUOTED:]]
    if quotes:
        lines.append("Últimas mensagens: " + " ".join(quotes))
    return "\n".join(lines)


def _who(case: Case) -> str:
    facts = case.facts
    if not facts.identified:
        return "Cliente não identificado."
    third = "" if facts.trusted else " Escreve de um telefone que não está no cadastro."
    contract = facts.chosen
    if contract is None:
        return f"Cliente: {facts.name}, contrato ainda não confirmado.{third}"
    return f"Cliente: {facts.name}, contrato {contract.id} ({STATUS[contract.status]}).{third}"


def _quote(text: str) -> str:
    """Without what may be a document or a phone: the conversation itself shows it."""
    line = without_documents(" ".join(text.split()), lambda _: "[número]")
    return cut(_LONG_NUMBER.sub("[número]", line), _LONGEST_QUOTE)
