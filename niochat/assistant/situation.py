"""What the server knows of the visit, told to the model last: what was said keeps its place, so
that an end point can keep what it read before.
"""

import json

from niochat.assistant import after_hours, memory
from niochat.assistant.case import Case
from niochat.assistant.provider_facts import coming_closed
from niochat.assistant.tools.identification import described, listed
from niochat.assistant.wording import masked
from niochat.domain.hours import format_date_time_pt, format_full_date_time_pt

NAME = "situação"


def situation(case: Case) -> str:
    """One line of JSON without what is not so. A third party's view holds a masked name, no
    address.
    """
    visit, facts = case.visit, case.facts
    told = {
        "agora": format_full_date_time_pt(visit.now),
        "proximos_dias_fechados": coming_closed(visit.policy, visit.now) or None,
        "protocolo": visit.request.protocol,
        "primeira_resposta": visit.first_answer,
        "cliente": _name(case),
        "terceiro": facts.identified and not facts.trusted,
        "contratos": None if facts.chosen else listed(facts.contracts, with_address=facts.trusted),
        "aguardando": _awaited(case),
        "contrato": _chosen(case),
        "desejo": facts.wish,
        "pedidos_anotados": [each.wish for each in facts.waiting],
        "faturas_enviadas": list(facts.sent),
        "chamado": facts.ticket,
        "desbloqueio": facts.unlocked,
        "equipe": None if visit.people.available else "fora do horário",
        "equipe_volta": format_date_time_pt(visit.people.returns_at)
        if visit.people.returns_at
        else None,
        **memory.told(case),
        **after_hours.told(case),
    }
    return json.dumps({n: value for n, value in told.items() if value}, ensure_ascii=False)


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
