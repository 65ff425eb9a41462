"""What the server knows of the visit, told to the model before what was said."""

import json

from niochat.assistant import after_hours, memory
from niochat.assistant.case import Case
from niochat.assistant.tools.identification import described, listed
from niochat.assistant.wording import masked
from niochat.domain.hours import spoken_date, spoken_now

HEADING = "SITUAÇÃO DO ATENDIMENTO (dados do sistema):"


def situation(case: Case) -> str:
    """A heading and one line of JSON. A third party's view holds a masked name, no address."""
    visit, facts = case.visit, case.facts
    told = {
        "agora": spoken_now(visit.now),
        "protocolo": visit.request.protocol,
        "primeira_resposta": visit.first_answer,
        "identificado": facts.identified,
        "cliente": _name(case),
        "terceiro": facts.identified and not facts.trusted,
        "contratos": listed(facts.contracts, with_address=facts.trusted),
        "aguardando": _awaited(case),
        "contrato": _chosen(case),
        "desejo": facts.wish,
        "faturas_enviadas": list(facts.sent),
        "chamado": facts.ticket or None,
        "desbloqueio": facts.unlocked or None,
        "equipe_disponivel": visit.people.there,
        "equipe_volta": spoken_date(visit.people.returns_at) if visit.people.returns_at else None,
        **memory.told(case),
        **after_hours.told(case),
    }
    return f"{HEADING}\n{json.dumps(told, ensure_ascii=False)}"


def _name(case: Case) -> str | None:
    facts = case.facts
    if not facts.identified:
        return None
    return facts.name if facts.trusted else masked(facts.name)


def _awaited(case: Case) -> str | None:
    facts = case.facts
    if not facts.identified or facts.contract or facts.recognised or not case.visit.shown:
        return None
    return "confirmacao" if len(facts.contracts) == 1 else "escolha"


def _chosen(case: Case) -> dict[str, object] | None:
    chosen = case.facts.chosen
    if chosen is None:
        return None
    option = case.facts.contracts.index(chosen) + 1
    return described(option, chosen, with_address=case.facts.trusted)
