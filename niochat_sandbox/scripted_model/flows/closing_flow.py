"""Rules for greetings, thanks, receipts, handoffs and injected instructions."""

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


def refuse_instructions(view: TurnView) -> ModelAction | None:
    """Treat instructions in a customer's text as data: call no tool and offer help as usual."""
    return TextReply(HARMLESS) if has_instructions(view.latest_customer_text) else None


def acknowledge_payment(view: TurnView) -> ModelAction | None:
    """Thank for a receipt without confirming the payment.

    A picture may show the modem's light instead, and a customer who paid may have another problem.
    """
    light = view.open_question in _DIAGNOSES and has_picture(view.latest_customer_text)
    trouble = (
        parse_intent(view.latest_customer_text) in (ScriptedIntent.OFFLINE, ScriptedIntent.SLOW)
        and not view.blocked
    )
    if light or trouble or not is_payment_notice(view.latest_customer_text):
        return None
    return TextReply(RECEIPT_WHILE_BLOCKED if view.blocked else RECEIPT)


def hand_off_on_request(view: TurnView) -> ModelAction | None:
    """Hand off if the customer asks for it; "não resolveu" within a diagnosis answers
    its question.
    """
    unsolved = is_unsolved(view.latest_customer_text) and view.open_question not in _DIAGNOSES
    motive = parse_handoff_motive(view.latest_customer_text)
    if motive or unsolved:
        reason = "O cliente quer falar com a equipe."
        return build_handoff(view, reason, motive=motive or "nao_resolvido")
    return None


def reply_to_transfer(_scene: TurnView, data: JsonObject) -> ModelAction:
    """Repeat what the product says about the team and when it answers."""
    return TextReply(display_text(data, "A equipe continua o atendimento por aqui."))


def close_conversation(view: TurnView) -> ModelAction | None:
    """Close after thanks, or after a no to "mais alguma coisa?" with nothing pending."""
    is_finished = view.open_question is ModelQuestion.MORE and is_no(view.latest_customer_text)
    if not (is_finished or is_thanks(view.latest_customer_text)):
        return None
    if not view.has_tool(ToolName.CLOSE):
        return TextReply(FAREWELL)
    return build_tool_call(ToolName.CLOSE, palavras=find_last_line(view.latest_customer_text))


def reply_to_close(_scene: TurnView, _data: JsonObject) -> ModelAction:
    """Say goodbye."""
    return TextReply(FAREWELL)


def greet(view: TurnView) -> ModelAction | None:
    """Greet with the persona's greeting, or a default."""
    if not is_greeting(view.latest_customer_text):
        return None
    greeting = view.greeting or PRESENTATION
    return TextReply(greeting if "?" in greeting else f"{greeting} Como posso ajudar?")


def prepend_greeting(view: TurnView, action: ModelAction) -> ModelAction:
    """Put the greeting, without its question, before the first answer to a customer who greeted."""
    if (
        not isinstance(action, TextReply)
        or not view.is_first_reply
        or not is_greeting(view.latest_customer_text)
    ):
        return action
    greeting = _QUESTION_PATTERN.sub("", view.greeting or PRESENTATION).strip()
    return TextReply(f"{greeting} {action.text}".strip())
