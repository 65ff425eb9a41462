"""Who the customer is and which contract it is about."""

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


def ask_identification(scene: TurnView, intent: ScriptedIntent | None) -> ModelAction:
    """The next step for somebody without a confirmed contract."""
    if scene.awaiting:
        return TextReply(CHOOSE if scene.awaiting == "escolha" else CONFIRM)
    if not scene.has_tool(ToolName.IDENTIFY):
        return call_tool_or_hand_off(scene, ToolName.IDENTIFY)
    purpose = _PURPOSES.get(intent, "Para continuar") if intent else "Para continuar"
    return TextReply(f"{purpose}, me informe {ModelQuestion.DOCUMENT}, por favor.")


def identify_customer(scene: TurnView) -> ModelAction | None:
    """A document was written and no contract is confirmed: who is it?"""
    document = find_tax_id(scene.latest_customer_text)
    if document is None or scene.contract:
        return None
    wish = find_newest_intent(scene.customer_texts)
    return call_tool_or_hand_off(scene, ToolName.IDENTIFY, cpf_cnpj=document, desejo=wish)


def handle_contract_answer(scene: TurnView) -> ModelAction | None:
    """The customer answers to the contracts that were shown; None when none wait."""
    if scene.contract or not scene.awaiting:
        return None
    if another := identify_customer(scene):
        return another
    if scene.awaiting == "escolha":
        return _choose(scene)
    if is_no(scene.latest_customer_text):
        return TextReply(WRONG)
    if is_yes(scene.latest_customer_text):
        form = (
            find_newest_invoice_format(scene.texts_since_intent(ScriptedIntent.INVOICE))
            if scene.intent is ScriptedIntent.INVOICE
            else None
        )
        words = find_yes_line(scene.latest_customer_text)
        return call_tool_or_hand_off(
            scene, ToolName.CHOOSE_CONTRACT, opcao=1, palavras=words, forma=form
        )
    return TextReply(CONFIRM)


def _choose(scene: TurnView) -> ModelAction:
    option = parse_choice_number(scene.latest_customer_text)
    if option is not None:
        return call_tool_or_hand_off(
            scene,
            ToolName.CHOOSE_CONTRACT,
            opcao=option,
            palavras=find_last_line(scene.latest_customer_text),
        )
    return TextReply(WRONG if is_no(scene.latest_customer_text) else CHOOSE)


def present_contracts(_scene: TurnView, data: JsonObject) -> ModelAction:
    """The contracts found, as the system wants them shown."""
    several = len(data.get("contratos") or ()) > 1
    return TextReply(display_text(data, CHOOSE if several else CONFIRM))
