"""Service orders: opening one, and telling of those that exist."""

import re
from enum import StrEnum

from niochat_sandbox.http_json import JsonObject
from niochat_sandbox.scripted_model.flows.shared_steps import (
    MORE,
    accept_no_or_repeat,
    call_tool_or_hand_off,
)
from niochat_sandbox.scripted_model.keyword_matching import ScriptedIntent, is_yes, normalize_text
from niochat_sandbox.scripted_model.model_actions import ModelAction, TextReply, ToolName
from niochat_sandbox.scripted_model.open_questions import ModelQuestion
from niochat_sandbox.scripted_model.turn_view import TurnView

NONE_FOUND = f"Não encontrei chamados neste contrato. {ModelQuestion.NEW_TICKET}"

_NEW = re.compile(r"\b(abr(ir|e|a)|nov[oa]|agend\w+|marcar|solicit\w+)\b")
_DOCUMENTS = re.compile(r"\d[\d.\-/ ]{9,}\d")
_MAX_SYMPTOMS_LENGTH = 300


class ScriptedTicketCategory(StrEnum):
    """The values of `categoria` that the flows use."""

    NO_CONNECTION = "sem_conexao"
    SLOW = "lentidao"
    RED_LIGHT = "los_vermelho"
    OTHER = "outro"


_SUMMARIES = {
    ScriptedTicketCategory.NO_CONNECTION: "Sem conexão; LOS não está vermelha; já religou o "
    "equipamento.",
    ScriptedTicketCategory.SLOW: "Internet lenta; continua após os testes.",
    ScriptedTicketCategory.RED_LIGHT: "Sem conexão; luz LOS vermelha: provável problema físico.",
    ScriptedTicketCategory.OTHER: "Cliente pede um novo chamado.",
}
_INTENTS = {
    ScriptedTicketCategory.NO_CONNECTION: ScriptedIntent.OFFLINE,
    ScriptedTicketCategory.SLOW: ScriptedIntent.SLOW,
    ScriptedTicketCategory.RED_LIGHT: ScriptedIntent.OFFLINE,
    ScriptedTicketCategory.OTHER: ScriptedIntent.TICKET,
}


def build_ticket_call(scene: TurnView, category: ScriptedTicketCategory) -> ModelAction:
    """The call, with the customer's words since the wish and no document's digits in it."""
    texts = scene.texts_since_intent(_INTENTS[category]) or (scene.latest_customer_text,)
    symptoms = _DOCUMENTS.sub("…", "; ".join(texts))[:_MAX_SYMPTOMS_LENGTH]
    summary = _SUMMARIES[category]
    return call_tool_or_hand_off(
        scene, ToolName.OPEN_TICKET, categoria=category, resumo=summary, sintomas=symptoms
    )


def reply_to_opened_ticket(_scene: TurnView, data: JsonObject) -> ModelAction:
    """The protocol; the system hands over to support by itself."""
    return TextReply(
        f"Chamado aberto com o protocolo {data.get('protocolo')}. O suporte continua daqui."
    )


def start_ticket_flow(scene: TurnView) -> ModelAction:
    """A new one when asked for, otherwise those that exist."""
    if any(
        _NEW.search(normalize_text(text))
        for text in scene.texts_since_intent(ScriptedIntent.TICKET)
    ):
        return build_ticket_call(scene, ScriptedTicketCategory.OTHER)
    return call_tool_or_hand_off(scene, ToolName.LIST_TICKETS)


def present_tickets(_scene: TurnView, data: JsonObject) -> ModelAction:
    """The tickets, one a line."""
    tickets = data.get("chamados")
    if not tickets:
        return TextReply(NONE_FOUND)
    lines = [
        f"- Protocolo {each.get('protocolo')}: {each.get('situacao')}, de {each.get('data')}"
        for each in tickets
    ]
    return TextReply("\n".join(["Seus chamados:", *lines, "", MORE]))


def handle_new_ticket_answer(scene: TurnView, question: ModelQuestion) -> ModelAction:
    """Whether a new ticket is wanted after none was found."""
    if is_yes(scene.latest_customer_text):
        return build_ticket_call(scene, ScriptedTicketCategory.OTHER)
    return accept_no_or_repeat(scene, question)
