"""The state note: what the server knows now, as the last message of the request.

The messages before it keep their place, so that the endpoint's prompt cache stays valid.
"""

import json

from niochat.assistant import customer_recognition
from niochat.assistant.handoff import after_hours_notice
from niochat.assistant.prompt.provider_prompt import list_upcoming_closed_days
from niochat.assistant.text.formatting import mask_name
from niochat.assistant.tools.identification_tools import describe_contract, describe_contracts
from niochat.assistant.turn_context import TurnContext
from niochat.domain.business_hours import format_date_time_pt, format_full_date_time_pt

STATE_NOTE_NAME = "situação"


def format_state(context: TurnContext) -> str:
    """Format one line of JSON without empty values.

    For a third party the name is masked and no address is shown.
    """
    snapshot, facts = context.snapshot, context.facts
    fields = {
        "agora": format_full_date_time_pt(snapshot.now),
        "proximos_dias_fechados": list_upcoming_closed_days(snapshot.policy, snapshot.now) or None,
        "protocolo": snapshot.request.protocol,
        "primeira_resposta": snapshot.is_first_answer,
        "cliente": _visible_name(context),
        "terceiro": facts.is_identified and not facts.trusted,
        "contratos": None
        if facts.confirmed_contract
        else describe_contracts(facts.contracts, with_address=facts.trusted),
        "aguardando": _awaited_reply(context),
        "contrato": _describe_confirmed_contract(context),
        "desejo": facts.wish,
        "pedidos_anotados": [each.wish for each in facts.waiting],
        "faturas_enviadas": list(facts.sent),
        "chamado": facts.ticket,
        "desbloqueio": facts.unlocked,
        "equipe": None if snapshot.staff_availability.available else "fora do horário",
        "equipe_volta": format_date_time_pt(snapshot.staff_availability.returns_at)
        if snapshot.staff_availability.returns_at
        else None,
        **customer_recognition.recognition_state(context),
        **after_hours_notice.after_hours_state(context),
    }
    return json.dumps({n: value for n, value in fields.items() if value}, ensure_ascii=False)


def _visible_name(context: TurnContext) -> str | None:
    facts = context.facts
    if not facts.is_identified:
        return None
    return facts.name if facts.trusted else mask_name(facts.name)


def _awaited_reply(context: TurnContext) -> str | None:
    facts = context.facts
    if (
        not facts.is_identified
        or facts.contract
        or facts.recognised
        or not context.snapshot.contracts_seen
    ):
        return None
    return "confirmacao" if len(facts.contracts) == 1 else "escolha"


def _describe_confirmed_contract(context: TurnContext) -> dict[str, object] | None:
    chosen = context.facts.confirmed_contract
    if chosen is None:
        return None
    option = context.facts.contracts.index(chosen) + 1
    return describe_contract(option, chosen, with_address=context.facts.trusted)
