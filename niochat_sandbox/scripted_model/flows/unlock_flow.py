"""The flow for the trust unlock."""

from niochat_sandbox.http_json import JsonObject
from niochat_sandbox.scripted_model.flows.shared_steps import call_tool_or_hand_off
from niochat_sandbox.scripted_model.keyword_matching import ScriptedIntent, find_last_line
from niochat_sandbox.scripted_model.model_actions import ModelAction, TextReply, ToolName
from niochat_sandbox.scripted_model.turn_view import TurnView


def start_unlock_flow(view: TurnView) -> ModelAction:
    """Request the unlock with the customer's own words."""
    words = next(iter(view.texts_since_intent(ScriptedIntent.UNLOCK)), view.latest_customer_text)
    return call_tool_or_hand_off(view, ToolName.UNLOCK, palavras=find_last_line(words))


def reply_to_unlock(_scene: TurnView, data: JsonObject) -> ModelAction:
    """Report the end of the unlock and the protocol, and ask to restart the router."""
    until, protocol = data.get("liberado_ate"), data.get("protocolo")
    return TextReply(
        f"Pronto! Seu acesso está liberado até {until}. Protocolo: {protocol}. "
        "Desligue e ligue o roteador; a conexão volta em até 10 minutos."
    )
