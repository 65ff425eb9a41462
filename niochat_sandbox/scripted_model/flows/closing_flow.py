"""Greetings, thanks, receipts, people, orders hidden in texts, and what nobody understood."""

import re

from niochat_sandbox.http_json import JsonObject
from niochat_sandbox.scripted_model.flows.handoff_motives import parse_handoff_motive
from niochat_sandbox.scripted_model.flows.shared_steps import build_handoff, display_text
from niochat_sandbox.scripted_model.keyword_matching import (
    ScriptedIntent,
    find_last_line,
    has_instructions,
    has_picture,
    is_greeting,
    is_no,
    is_payment_notice,
    is_thanks,
    is_unsolved,
    parse_intent,
)
from niochat_sandbox.scripted_model.model_actions import (
    ModelAction,
    TextReply,
    ToolName,
    build_tool_call,
)
from niochat_sandbox.scripted_model.open_questions import ModelQuestion
from niochat_sandbox.scripted_model.turn_view import TurnView

PRESENTATION = "Olá! Como posso ajudar?"
HARMLESS = "Posso ajudar com faturas, conexão e planos."
FAREWELL = "Eu que agradeço! Se precisar, é só chamar. Até logo!"
RECEIPT = (
    "Obrigado por avisar! A baixa é automática: no PIX leva alguns minutos; "
    "no boleto, até 3 dias úteis."
)
RECEIPT_WHILE_BLOCKED = f"{RECEIPT} Se precisar antes disso, peça o desbloqueio em confiança."

_DIAGNOSES = (ModelQuestion.LOS, ModelQuestion.BACK, ModelQuestion.CABLE, ModelQuestion.BETTER)
_QUESTION_PATTERN = re.compile(r"\s*[^.!?]*\?")


def refuse_instructions(scene: TurnView) -> ModelAction | None:
    """Instructions in a customer's text are data: no tool, no prompt, the usual offer."""
    return TextReply(HARMLESS) if has_instructions(scene.latest_customer_text) else None


def acknowledge_payment(scene: TurnView) -> ModelAction | None:
    """Thanks for a receipt; never says that a payment is confirmed.

    A picture may show the modem's light, and who paid may have another trouble.
    """
    light = scene.open_question in _DIAGNOSES and has_picture(scene.latest_customer_text)
    trouble = (
        parse_intent(scene.latest_customer_text) in (ScriptedIntent.OFFLINE, ScriptedIntent.SLOW)
        and not scene.blocked
    )
    if light or trouble or not is_payment_notice(scene.latest_customer_text):
        return None
    return TextReply(RECEIPT_WHILE_BLOCKED if scene.blocked else RECEIPT)


def hand_off_on_request(scene: TurnView) -> ModelAction | None:
    """People, when they are wanted; "não resolveu" inside a diagnosis answers that."""
    unsolved = is_unsolved(scene.latest_customer_text) and scene.open_question not in _DIAGNOSES
    motive = parse_handoff_motive(scene.latest_customer_text)
    if motive or unsolved:
        why = "O cliente quer falar com a equipe."
        return build_handoff(scene, why, motive=motive or "nao_resolvido")
    return None


def reply_to_transfer(_scene: TurnView, data: JsonObject) -> ModelAction:
    """What the system says about the team and when it answers."""
    return TextReply(display_text(data, "A equipe continua o atendimento por aqui."))


def close_conversation(scene: TurnView) -> ModelAction | None:
    """Closes after thanks, or after a no to "mais alguma coisa?", with nothing pending."""
    done = scene.open_question is ModelQuestion.MORE and is_no(scene.latest_customer_text)
    if not (done or is_thanks(scene.latest_customer_text)):
        return None
    if not scene.has_tool(ToolName.CLOSE):
        return TextReply(FAREWELL)
    return build_tool_call(ToolName.CLOSE, palavras=find_last_line(scene.latest_customer_text))


def reply_to_close(_scene: TurnView, _data: JsonObject) -> ModelAction:
    """The farewell."""
    return TextReply(FAREWELL)


def greet(scene: TurnView) -> ModelAction | None:
    """The persona's greeting, or ours."""
    if not is_greeting(scene.latest_customer_text):
        return None
    greeting = scene.greeting or PRESENTATION
    return TextReply(greeting if "?" in greeting else f"{greeting} Como posso ajudar?")


def prepend_greeting(scene: TurnView, action: ModelAction) -> ModelAction:
    """Puts the greeting before a first answer to somebody who greeted, without its question."""
    if (
        not isinstance(action, TextReply)
        or not scene.is_first_reply
        or not is_greeting(scene.latest_customer_text)
    ):
        return action
    greeting = _QUESTION_PATTERN.sub("", scene.greeting or PRESENTATION).strip()
    return TextReply(f"{greeting} {action.text}".strip())
