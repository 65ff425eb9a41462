"""The flow for missing or slow internet: block, maintenance, connection, modem, ticket."""

import re

from niochat_sandbox.http_json import JsonObject
from niochat_sandbox.scripted_model.flows.shared_steps import (
    MORE,
    build_handoff,
    call_tool_or_hand_off,
    repeat_question,
)
from niochat_sandbox.scripted_model.flows.ticket_flow import (
    ScriptedTicketCategory,
    build_ticket_call,
)
from niochat_sandbox.scripted_model.keyword_matching import (
    ScriptedIntent,
    has_picture,
    is_no,
    is_yes,
    normalize_text,
)
from niochat_sandbox.scripted_model.model_actions import ModelAction, TextReply, ToolName
from niochat_sandbox.scripted_model.open_questions import ModelQuestion
from niochat_sandbox.scripted_model.turn_view import TurnView

POWER = (
    "O modem está ligado na tomada? Desligue por 30 segundos e ligue de novo. "
    "Depois me diga: voltou?"
)
LOCAL = (
    "Pelo sistema, o seu equipamento está conectado, então pode ser algo na rede da casa. "
    "Desligue o roteador por 30 segundos, confira os cabos e teste em outro aparelho. "
    "Teste de novo e me diga: voltou?"
)
CABLE = f"A sua conexão está ativa no sistema. {ModelQuestion.CABLE}"
TEST_BY_CABLE = (
    "Chegue perto do roteador e, se puder, teste com um aparelho no cabo de rede. Melhorou?"
)
RESTART = "Desligue o roteador por 30 segundos, ligue e faça um novo teste. Melhorou?"
RESOLVED_REPLY = f"Que bom! {MORE}"

_STILL_OUT = re.compile(
    r"\bnao (volt|funcion|deu|resolv|adiant|conect|normaliz)\w*|\bcontinua|\bainda\b|\bnada\b"
    r"|\bmesma coisa\b|\bde novo\b|sem (internet|net|conexao|sinal)"
)
_STILL_SLOW = re.compile(
    r"\bcontinua|\bainda\b|\bmesma coisa\b|(no|pelo) cabo tambem|nos dois"
    r"|\bnao (melhor|resolv|adiant|mud)\w*"
)
_BACK = re.compile(r"\b(voltou|funcion\w+|normaliz\w+|conectou|melhorou|resolv\w+)\b")
_RED = re.compile(r"\bvermelh[ao]\b")
_NOT_RED = re.compile(r"\b(verde|apagad[ao]|desligad[ao]|nao (esta|ta|tem)|sem luz)\b")
_SIM = re.compile(r"^\W*(sim|s)\b", re.MULTILINE)
_UNKNOWN = "O estado da conexão não pôde ser consultado."
_WIFI = re.compile(r"\bwi-?fi\b|\bcelular\b")
_WIRE = re.compile(r"\bcabo\b")


def explain_block(view: TurnView) -> ModelAction:
    """Explain that the contract is blocked, and offer both solutions; no ticket and no restart."""
    reason = "Seu contrato está suspenso por uma fatura pendente."
    if view.has_tool(ToolName.UNLOCK):
        return TextReply(
            f"{reason} Você prefere pagar agora (PIX ou boleto) ou o desbloqueio em confiança?"
        )
    return TextReply(f"{reason} Para pagar agora, prefere PIX ou boleto?")


def start_offline(view: TurnView) -> ModelAction:
    """Check for a block first, then for maintenance, then the connection."""
    if view.blocked:
        return explain_block(view)
    if view.has_tool(ToolName.CHECK_MAINTENANCE):
        return call_tool_or_hand_off(view, ToolName.CHECK_MAINTENANCE)
    return call_tool_or_hand_off(view, ToolName.CHECK_CONNECTION)


def start_slow(view: TurnView) -> ModelAction:
    """Check for a block, which may reduce the speed, then the connection."""
    return (
        explain_block(view)
        if view.blocked
        else call_tool_or_hand_off(view, ToolName.CHECK_CONNECTION)
    )


def handle_maintenance_result(view: TurnView, data: JsonObject) -> ModelAction:
    """Report a known maintenance without a ticket; otherwise check the connection."""
    known = data.get("manutencao")
    return (
        format_maintenance(known)
        if known
        else call_tool_or_hand_off(view, ToolName.CHECK_CONNECTION)
    )


def format_maintenance(known: JsonObject) -> ModelAction:
    """Report a maintenance in its own words, with the forecast if there is one."""
    announcement = f"Há uma manutenção na sua região: {known.get('mensagem') or 'equipe no local'}"
    forecast = known.get("previsao")
    expected = f" Previsão: {forecast}." if forecast else ""
    return TextReply(f"{announcement.rstrip('.')}.{expected} Não é preciso abrir chamado.")


def handle_check_result(view: TurnView, data: JsonObject) -> ModelAction:
    """Online: give advice for the local network. Offline: ask for the LOS light.
    Unknown: hand off.
    """
    match data.get("estado"):
        case "online":
            return TextReply(CABLE if _connection_intent(view) is ScriptedIntent.SLOW else LOCAL)
        case "offline":
            return TextReply(f"Seu equipamento aparece sem sinal. {ModelQuestion.LOS}")
        case _:
            return build_handoff(view, _UNKNOWN, _connection_intent(view))


def handle_light_answer(view: TurnView, question: ModelQuestion) -> ModelAction:
    """Red: open a ticket. Not red: ask to restart. A picture: ask for the answer in words."""
    words = normalize_text(view.latest_customer_text)
    if is_no(view.latest_customer_text) or _NOT_RED.search(words):
        return TextReply(POWER)
    if is_yes(view.latest_customer_text) or _RED.search(words):
        return build_ticket_call(view, ScriptedTicketCategory.RED_LIGHT)
    if has_picture(view.latest_customer_text):
        return TextReply(f"Não consigo ver a imagem. Me diga em texto: {question}")
    return repeat_question(view, question)


def handle_back_online_answer(view: TurnView, question: ModelQuestion) -> ModelAction:
    """Open a ticket if the connection is still down; otherwise close the topic."""
    return _open_ticket_or_close(view, question, _STILL_OUT, ScriptedTicketCategory.NO_CONNECTION)


def handle_speed_answer(view: TurnView, question: ModelQuestion) -> ModelAction:
    """Open a ticket if the connection is still slow; otherwise close the topic."""
    return _open_ticket_or_close(view, question, _STILL_SLOW, ScriptedTicketCategory.SLOW)


def handle_cable_answer(view: TurnView, question: ModelQuestion) -> ModelAction:
    """Wi-Fi: ask for a test by cable. Cable: ask to restart. Slow on both: open a ticket."""
    words = normalize_text(view.latest_customer_text)
    if _STILL_SLOW.search(words) or _BACK.search(words):
        return handle_speed_answer(view, question)
    if _WIFI.search(words):
        return TextReply(TEST_BY_CABLE)
    return TextReply(RESTART) if _WIRE.search(words) else repeat_question(view, question)


def _open_ticket_or_close(
    view: TurnView,
    question: ModelQuestion,
    persists: re.Pattern[str],
    category: ScriptedTicketCategory,
) -> ModelAction:
    words = normalize_text(view.latest_customer_text)
    if persists.search(words):
        return build_ticket_call(view, category)
    if _BACK.search(words):
        return TextReply(RESOLVED_REPLY)
    if is_no(view.latest_customer_text):
        return build_ticket_call(view, category)
    # "ok" after advice promises a test, it does not report success.
    return TextReply(RESOLVED_REPLY) if _SIM.search(words) else repeat_question(view, question)


def _connection_intent(view: TurnView) -> ScriptedIntent:
    return ScriptedIntent.SLOW if view.intent is ScriptedIntent.SLOW else ScriptedIntent.OFFLINE
