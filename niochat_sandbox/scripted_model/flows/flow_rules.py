"""The rules in order of priority; the first that applies gives the next action."""

from collections.abc import Callable

from niochat_sandbox.http_json import JsonObject
from niochat_sandbox.scripted_model.flows import (
    closing_flow,
    connection_flow,
    identification_flow,
    invoice_flow,
    plan_flow,
    ticket_flow,
    unlock_flow,
)
from niochat_sandbox.scripted_model.flows.shared_steps import HELP, SAFE, accept_no_or_repeat
from niochat_sandbox.scripted_model.flows.tool_error_replies import explain_tool_error
from niochat_sandbox.scripted_model.keyword_matching import ScriptedIntent, is_thanks, parse_intent
from niochat_sandbox.scripted_model.model_actions import ModelAction, TextReply, ToolName
from niochat_sandbox.scripted_model.open_questions import QUESTION_INTENTS, ModelQuestion
from niochat_sandbox.scripted_model.turn_view import TurnView

_NO_WORDS = "⟦áudio sem transcrição⟧"
_TYPE = "Não consegui ouvir o seu áudio. Pode escrever, por favor?"
_FLOW_STARTS: dict[ScriptedIntent, Callable[[TurnView], ModelAction]] = {
    ScriptedIntent.INVOICE: invoice_flow.start_invoice_flow,
    ScriptedIntent.OFFLINE: connection_flow.start_offline,
    ScriptedIntent.SLOW: connection_flow.start_slow,
    ScriptedIntent.UNLOCK: unlock_flow.start_unlock_flow,
    ScriptedIntent.TICKET: ticket_flow.start_ticket_flow,
    ScriptedIntent.PLANS: plan_flow.start_plan_flow,
}
_ANSWER_HANDLERS: dict[ModelQuestion, Callable[[TurnView, ModelQuestion], ModelAction]] = {
    ModelQuestion.LOS: connection_flow.handle_light_answer,
    ModelQuestion.BACK: connection_flow.handle_back_online_answer,
    ModelQuestion.CABLE: connection_flow.handle_cable_answer,
    ModelQuestion.BETTER: connection_flow.handle_speed_answer,
    ModelQuestion.FORM: invoice_flow.handle_format_answer,
    ModelQuestion.BLOCKED: accept_no_or_repeat,
    ModelQuestion.NEW_TICKET: ticket_flow.handle_new_ticket_answer,
    ModelQuestion.PLAN: plan_flow.ask_next_field,
    ModelQuestion.NAME: plan_flow.ask_next_field,
    ModelQuestion.PLAN_DOCUMENT: plan_flow.ask_next_field,
    ModelQuestion.ADDRESS: plan_flow.ask_next_field,
}


def next_action(view: TurnView) -> ModelAction:
    """Return the model's next action."""
    if view.refused:
        return TextReply(SAFE)
    if view.results:
        return _handle_last_result(view)
    actions = (rule(view) for rule in _RULES)
    return next((action for action in actions if action), TextReply(HELP))


def _handle_last_result(view: TurnView) -> ModelAction:
    """Return the action after the last tool result of this turn."""
    last = view.results[-1]
    if not last.ok:
        return explain_tool_error(view, last)
    step = _RESULT_HANDLERS.get(last.tool)
    return step(view, last.data) if step else TextReply(HELP)


def _resume_intent(view: TurnView, data: JsonObject) -> ModelAction:
    """Continue with the customer's intent after a contract was confirmed."""
    intent = parse_intent(view.latest_customer_text) or data.get("desejo")
    if intent == ScriptedIntent.INVOICE and data.get("faturas") is not None:
        return invoice_flow.offer_invoices(view, data)
    if intent in _FLOW_STARTS:
        return _FLOW_STARTS[ScriptedIntent(intent)](view)
    return TextReply(f"Obrigado por confirmar. {HELP}")


def _handle_answer(view: TurnView) -> ModelAction | None:
    """Handle the answer to an open question, unless the customer states another intent."""
    question = view.open_question
    if question is None or question not in _ANSWER_HANDLERS:
        return None
    intent = (
        None if is_thanks(view.latest_customer_text) else parse_intent(view.latest_customer_text)
    )
    changes_topic = intent is not None and intent is not QUESTION_INTENTS.get(question)
    if changes_topic and question is not ModelQuestion.ADDRESS:  # street names may contain any word
        return None
    return _ANSWER_HANDLERS[question](view, question)


def _start_flow(view: TurnView) -> ModelAction | None:
    """Start the flow of the customer's intent; all except plans need an identified customer."""
    intent = (
        None if is_thanks(view.latest_customer_text) else parse_intent(view.latest_customer_text)
    )
    if intent is None:
        return None
    if intent is not ScriptedIntent.PLANS and view.contract is None:
        return closing_flow.prepend_greeting(
            view, identification_flow.ask_identification(view, intent)
        )
    return closing_flow.prepend_greeting(view, _FLOW_STARTS[intent](view))


def _handle_unheard_voice_note(view: TurnView) -> ModelAction | None:
    """Ask for text if only a voice note without transcription arrived."""
    rest = view.latest_customer_text.replace(_NO_WORDS, "").strip()
    if _NO_WORDS not in view.latest_customer_text or rest:
        return None
    return closing_flow.prepend_greeting(view, TextReply(_TYPE))


def _repeat_tax_id_request(view: TurnView) -> ModelAction | None:
    """Ask again for the tax id if the customer sent something else."""
    waiting = view.open_question is ModelQuestion.DOCUMENT and view.contract is None
    return TextReply(identification_flow.INCOMPLETE) if waiting else None


_RESULT_HANDLERS: dict[str, Callable[[TurnView, JsonObject], ModelAction]] = {
    ToolName.IDENTIFY: identification_flow.present_contracts,
    ToolName.CHOOSE_CONTRACT: _resume_intent,
    ToolName.LIST_INVOICES: invoice_flow.offer_invoices,
    ToolName.SEND_INVOICE: invoice_flow.reply_to_sent_invoice,
    ToolName.CHECK_CONNECTION: connection_flow.handle_check_result,
    ToolName.CHECK_MAINTENANCE: connection_flow.handle_maintenance_result,
    ToolName.UNLOCK: unlock_flow.reply_to_unlock,
    ToolName.OPEN_TICKET: ticket_flow.reply_to_opened_ticket,
    ToolName.LIST_TICKETS: ticket_flow.present_tickets,
    ToolName.LIST_PLANS: plan_flow.present_plans,
    ToolName.REGISTER_INTEREST: plan_flow.reply_to_registration,
    ToolName.TRANSFER: closing_flow.reply_to_transfer,
    ToolName.CLOSE: closing_flow.reply_to_close,
}
_RULES: tuple[Callable[[TurnView], ModelAction | None], ...] = (
    _handle_unheard_voice_note,
    closing_flow.refuse_instructions,
    closing_flow.hand_off_on_request,
    closing_flow.acknowledge_payment,
    identification_flow.handle_contract_answer,
    _handle_answer,
    identification_flow.identify_customer,
    _start_flow,
    _repeat_tax_id_request,
    closing_flow.close_conversation,
    closing_flow.greet,
)
