"""The order of the rules: the first that applies gives the next action."""

from collections.abc import Callable

from niochat.sandbox.flows import (
    closing,
    connection,
    identification,
    invoices,
    plans,
    tickets,
    unlock,
)
from niochat.sandbox.flows.actions import ModelAction, TextReply, ToolName
from niochat.sandbox.flows.faults import explain_tool_error
from niochat.sandbox.flows.offers import HELP, SAFE, accept_no_or_repeat
from niochat.sandbox.flows.questions import QUESTION_INTENTS, ModelQuestion
from niochat.sandbox.flows.scene import TurnView
from niochat.sandbox.flows.words import ScriptedIntent, is_thanks, parse_intent
from niochat.sandbox.rim import JsonObject

_NO_WORDS = "⟦áudio sem transcrição⟧"
_TYPE = "Não consegui ouvir o seu áudio. Pode escrever, por favor?"
_FLOW_STARTS: dict[ScriptedIntent, Callable[[TurnView], ModelAction]] = {
    ScriptedIntent.INVOICE: invoices.start_invoice_flow,
    ScriptedIntent.OFFLINE: connection.start_offline,
    ScriptedIntent.SLOW: connection.start_slow,
    ScriptedIntent.UNLOCK: unlock.start_unlock_flow,
    ScriptedIntent.TICKET: tickets.start_ticket_flow,
    ScriptedIntent.PLANS: plans.start_plan_flow,
}
_ANSWER_HANDLERS: dict[ModelQuestion, Callable[[TurnView, ModelQuestion], ModelAction]] = {
    ModelQuestion.LOS: connection.handle_light_answer,
    ModelQuestion.BACK: connection.handle_back_online_answer,
    ModelQuestion.CABLE: connection.handle_cable_answer,
    ModelQuestion.BETTER: connection.handle_speed_answer,
    ModelQuestion.FORM: invoices.handle_format_answer,
    ModelQuestion.BLOCKED: accept_no_or_repeat,
    ModelQuestion.NEW_TICKET: tickets.handle_new_ticket_answer,
    ModelQuestion.PLAN: plans.ask_next_field,
    ModelQuestion.NAME: plans.ask_next_field,
    ModelQuestion.PLAN_DOCUMENT: plans.ask_next_field,
    ModelQuestion.ADDRESS: plans.ask_next_field,
}


def next_action(scene: TurnView) -> ModelAction:
    """What the model does now."""
    if scene.refused:
        return TextReply(SAFE)
    if scene.results:
        return _handle_last_result(scene)
    actions = (rule(scene) for rule in _RULES)
    return next((action for action in actions if action), TextReply(HELP))


def _handle_last_result(scene: TurnView) -> ModelAction:
    """The step after this turn's last result."""
    last = scene.results[-1]
    if not last.ok:
        return explain_tool_error(scene, last)
    step = _RESULT_HANDLERS.get(last.tool)
    return step(scene, last.data) if step else TextReply(HELP)


def _resume_intent(scene: TurnView, data: JsonObject) -> ModelAction:
    """A contract was confirmed: back to what the customer wanted."""
    wish = parse_intent(scene.latest_customer_text) or data.get("desejo")
    if wish == ScriptedIntent.INVOICE and data.get("faturas") is not None:
        return invoices.offer_invoices(scene, data)
    if wish in _FLOW_STARTS:
        return _FLOW_STARTS[ScriptedIntent(wish)](scene)
    return TextReply(f"Obrigado por confirmar. {HELP}")


def _handle_answer(scene: TurnView) -> ModelAction | None:
    """The answer to an open question, unless the customer now wants something else."""
    question = scene.open_question
    if question is None or question not in _ANSWER_HANDLERS:
        return None
    intent = (
        None if is_thanks(scene.latest_customer_text) else parse_intent(scene.latest_customer_text)
    )
    leaves = intent is not None and intent is not QUESTION_INTENTS.get(question)
    if leaves and question is not ModelQuestion.ADDRESS:  # streets are named after anything
        return None
    return _ANSWER_HANDLERS[question](scene, question)


def _start_flow(scene: TurnView) -> ModelAction | None:
    """The flow of what is wanted; only plans are for strangers too."""
    intent = (
        None if is_thanks(scene.latest_customer_text) else parse_intent(scene.latest_customer_text)
    )
    if intent is None:
        return None
    if intent is not ScriptedIntent.PLANS and scene.contract is None:
        return closing.prepend_greeting(scene, identification.ask_identification(scene, intent))
    return closing.prepend_greeting(scene, _FLOW_STARTS[intent](scene))


def _handle_unheard_voice_note(scene: TurnView) -> ModelAction | None:
    """A voice note came without its words, and nothing else did."""
    rest = scene.latest_customer_text.replace(_NO_WORDS, "").strip()
    if _NO_WORDS not in scene.latest_customer_text or rest:
        return None
    return closing.prepend_greeting(scene, TextReply(_TYPE))


def _repeat_tax_id_request(scene: TurnView) -> ModelAction | None:
    """The document was asked for, and something else came."""
    waiting = scene.open_question is ModelQuestion.DOCUMENT and scene.contract is None
    return TextReply(identification.INCOMPLETE) if waiting else None


_RESULT_HANDLERS: dict[str, Callable[[TurnView, JsonObject], ModelAction]] = {
    ToolName.IDENTIFY: identification.present_contracts,
    ToolName.CHOOSE_CONTRACT: _resume_intent,
    ToolName.LIST_INVOICES: invoices.offer_invoices,
    ToolName.SEND_INVOICE: invoices.reply_to_sent_invoice,
    ToolName.CHECK_CONNECTION: connection.handle_check_result,
    ToolName.CHECK_MAINTENANCE: connection.handle_maintenance_result,
    ToolName.UNLOCK: unlock.reply_to_unlock,
    ToolName.OPEN_TICKET: tickets.reply_to_opened_ticket,
    ToolName.LIST_TICKETS: tickets.present_tickets,
    ToolName.LIST_PLANS: plans.present_plans,
    ToolName.REGISTER_INTEREST: plans.reply_to_registration,
    ToolName.TRANSFER: closing.reply_to_transfer,
    ToolName.CLOSE: closing.reply_to_close,
}
_RULES: tuple[Callable[[TurnView], ModelAction | None], ...] = (
    _handle_unheard_voice_note,
    closing.refuse_instructions,
    closing.hand_off_on_request,
    closing.acknowledge_payment,
    identification.handle_contract_answer,
    _handle_answer,
    identification.identify_customer,
    _start_flow,
    _repeat_tax_id_request,
    closing.close_conversation,
    closing.greet,
)
