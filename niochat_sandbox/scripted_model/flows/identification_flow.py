"""The flow that identifies the customer and the contract."""

from niochat_sandbox.http_json import JsonObject
from niochat_sandbox.scripted_model.flows.shared_steps import call_tool_or_hand_off, display_text
from niochat_sandbox.scripted_model.keyword_matching import (
    ScriptedIntent,
    find_last_line,
    find_newest_intent,
    find_newest_invoice_format,
    find_tax_id,
    find_yes_line,
    is_no,
    is_yes,
    parse_choice_number,
)
from niochat_sandbox.scripted_model.model_actions import ModelAction, TextReply, ToolName
from niochat_sandbox.scripted_model.open_questions import ModelQuestion
from niochat_sandbox.scripted_model.turn_view import TurnView

CONFIRM = "Antes de continuar, me confirme: os dados do contrato estão corretos?"
CHOOSE = "Antes de continuar, me diga o número do contrato da lista, por favor."
WRONG = (
    f"Então me envie {ModelQuestion.DOCUMENT} correto, por favor. "
    "Se preferir, posso chamar um atendente."
)
INCOMPLETE = (
    f"Não encontrei um documento completo. Envie {ModelQuestion.DOCUMENT} com todos os números."
)

_PURPOSES = {
    ScriptedIntent.INVOICE: "Para ver sua fatura",
    ScriptedIntent.OFFLINE: "Para verificar sua conexão",
    ScriptedIntent.SLOW: "Para verificar sua conexão",
    ScriptedIntent.UNLOCK: "Para ver o desbloqueio em confiança",
    ScriptedIntent.TICKET: "Para ver seus chamados",
}


def ask_identification(view: TurnView, intent: ScriptedIntent | None) -> ModelAction:
    """The next step for a customer without a confirmed contract."""
    if view.awaiting:
        return TextReply(CHOOSE if view.awaiting == "escolha" else CONFIRM)
    if not view.has_tool(ToolName.IDENTIFY):
        return call_tool_or_hand_off(view, ToolName.IDENTIFY)
    purpose = _PURPOSES.get(intent, "Para continuar") if intent else "Para continuar"
    return TextReply(f"{purpose}, me informe {ModelQuestion.DOCUMENT}, por favor.")


def identify_customer(view: TurnView) -> ModelAction | None:
    """Look up a tax id that the customer wrote, if no contract is confirmed."""
    document = find_tax_id(view.latest_customer_text)
    if document is None or view.contract:
        return None
    intent = find_newest_intent(view.customer_texts)
    return call_tool_or_hand_off(view, ToolName.IDENTIFY, cpf_cnpj=document, desejo=intent)


def handle_contract_answer(view: TurnView) -> ModelAction | None:
    """Handle the answer to the list of contracts; None if none is awaited."""
    if view.contract or not view.awaiting:
        return None
    if another := identify_customer(view):
        return another
    if view.awaiting == "escolha":
        return _choose(view)
    if is_no(view.latest_customer_text):
        return TextReply(WRONG)
    if is_yes(view.latest_customer_text):
        form = (
            find_newest_invoice_format(view.texts_since_intent(ScriptedIntent.INVOICE))
            if view.intent is ScriptedIntent.INVOICE
            else None
        )
        words = find_yes_line(view.latest_customer_text)
        return call_tool_or_hand_off(
            view, ToolName.CHOOSE_CONTRACT, opcao=1, palavras=words, forma=form
        )
    return TextReply(CONFIRM)


def _choose(view: TurnView) -> ModelAction:
    option = parse_choice_number(view.latest_customer_text)
    if option is not None:
        return call_tool_or_hand_off(
            view,
            ToolName.CHOOSE_CONTRACT,
            opcao=option,
            palavras=find_last_line(view.latest_customer_text),
        )
    return TextReply(WRONG if is_no(view.latest_customer_text) else CHOOSE)


def present_contracts(_scene: TurnView, data: JsonObject) -> ModelAction:
    """Show the contracts that were found, with the text of the result."""
    several = len(data.get("contratos") or ()) > 1
    return TextReply(display_text(data, CHOOSE if several else CONFIRM))
