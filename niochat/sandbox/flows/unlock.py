"""The trust unlock: only by the customer's own words, and told as the ERP answered."""

from niochat.sandbox.flows.actions import ModelAction, TextReply, ToolName
from niochat.sandbox.flows.offers import call_tool_or_hand_off
from niochat.sandbox.flows.scene import TurnView
from niochat.sandbox.flows.words import ScriptedIntent, find_last_line
from niochat.sandbox.rim import JsonObject


def start_unlock_flow(scene: TurnView) -> ModelAction:
    """The request, in the customer's words."""
    words = next(iter(scene.texts_since_intent(ScriptedIntent.UNLOCK)), scene.latest_customer_text)
    return call_tool_or_hand_off(scene, ToolName.UNLOCK, palavras=find_last_line(words))


def reply_to_unlock(_scene: TurnView, data: JsonObject) -> ModelAction:
    """Until when, the protocol, and what to do with the router."""
    until, protocol = data.get("liberado_ate"), data.get("protocolo")
    return TextReply(
        f"Pronto! Seu acesso está liberado até {until}. Protocolo: {protocol}. "
        "Desligue e ligue o roteador; a conexão volta em até 10 minutos."
    )
