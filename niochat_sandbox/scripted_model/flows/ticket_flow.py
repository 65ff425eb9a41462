"""The flow for service orders: open one, or list the existing ones."""

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
    """The values of ``categoria`` that the flows use."""

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


def build_ticket_call(view: TurnView, category: ScriptedTicketCategory) -> ModelAction:
    """Open a ticket with the customer's texts since the intent, without the digits of tax ids."""
    texts = view.texts_since_intent(_INTENTS[category]) or (view.latest_customer_text,)
    symptoms = _DOCUMENTS.sub("…", "; ".join(texts))[:_MAX_SYMPTOMS_LENGTH]
    summary = _SUMMARIES[category]
    return call_tool_or_hand_off(
        view, ToolName.OPEN_TICKET, categoria=category, resumo=summary, sintomas=symptoms
    )


def reply_to_opened_ticket(_scene: TurnView, data: JsonObject) -> ModelAction:
    """Report the protocol; the product hands off to support by itself."""
    return TextReply(
        f"Chamado aberto com o protocolo {data.get('protocolo')}. O suporte continua daqui."
    )


def start_ticket_flow(view: TurnView) -> ModelAction:
    """Open a new ticket if requested; otherwise list the existing ones."""
    if any(
        _NEW.search(normalize_text(text)) for text in view.texts_since_intent(ScriptedIntent.TICKET)
    ):
        return build_ticket_call(view, ScriptedTicketCategory.OTHER)
    return call_tool_or_hand_off(view, ToolName.LIST_TICKETS)


def present_tickets(_scene: TurnView, data: JsonObject) -> ModelAction:
    """List the tickets, one per line."""
    tickets = data.get("chamados")
    if not tickets:
        return TextReply(NONE_FOUND)
    lines = [
        f"- Protocolo {each.get('protocolo')}: {each.get('situacao')}, de {each.get('data')}"
        for each in tickets
    ]
    return TextReply("\n".join(["Seus chamados:", *lines, "", MORE]))


def handle_new_ticket_answer(view: TurnView, question: ModelQuestion) -> ModelAction:
    """Handle the answer to the offer of a new ticket."""
    if is_yes(view.latest_customer_text):
        return build_ticket_call(view, ScriptedTicketCategory.OTHER)
    return accept_no_or_repeat(view, question)
