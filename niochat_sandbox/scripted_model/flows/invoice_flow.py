"""Second copies: the list, the choice of PIX or boleto, the sending."""

import re

from niochat_sandbox.http_json import JsonObject
from niochat_sandbox.scripted_model.flows.shared_steps import (
    accept_no_or_repeat,
    call_tool_or_hand_off,
    display_text,
)
from niochat_sandbox.scripted_model.keyword_matching import (
    InvoiceFormat,
    ScriptedIntent,
    find_newest_invoice_format,
    normalize_text,
    parse_choice_number,
    parse_invoice_format,
)
from niochat_sandbox.scripted_model.model_actions import ModelAction, TextReply, ToolName
from niochat_sandbox.scripted_model.open_questions import ModelQuestion
from niochat_sandbox.scripted_model.turn_view import TurnView

NONE_OPEN = "Não há faturas em aberto neste contrato. Posso ajudar com mais alguma coisa?"
ASK_FORM = "Prefere PIX ou boleto?"

_CHOICE_PATTERN = re.compile(r"fatura (\d+): prefere pix")
_NEXT_PATTERN = {
    InvoiceFormat.PIX: "O código PIX vai sozinho na próxima mensagem.",
    InvoiceFormat.SLIP: "O boleto vai na próxima mensagem.",
    InvoiceFormat.BOTH: "O código PIX e o boleto vão nas próximas mensagens.",
}


def start_invoice_flow(scene: TurnView) -> ModelAction:
    """Sends at once when the form is named and the wish is known; otherwise lists."""
    form = parse_invoice_format(scene.latest_customer_text)
    known = (
        scene.situation.get("contrato") and scene.situation.get("desejo") == ScriptedIntent.INVOICE
    )
    if form and known:
        return call_tool_or_hand_off(scene, ToolName.SEND_INVOICE, forma=form)
    return call_tool_or_hand_off(scene, ToolName.LIST_INVOICES)


def offer_invoices(scene: TurnView, data: JsonObject) -> ModelAction:
    """What the list says; a form said since the wish is not asked for again."""
    if not data.get("faturas"):
        return TextReply(NONE_OPEN)
    if form := find_newest_invoice_format(scene.texts_since_intent(ScriptedIntent.INVOICE)):
        return call_tool_or_hand_off(scene, ToolName.SEND_INVOICE, forma=form)
    listed = display_text(data, "\n".join(_format_invoice(each) for each in data["faturas"]))
    return TextReply(f"{listed}\n\n{ASK_FORM}")


def handle_format_answer(scene: TurnView, question: ModelQuestion) -> ModelAction:
    """The answer to "PIX ou boleto?", with the number of an invoice where one is named."""
    form, number = parse_invoice_format(scene.latest_customer_text), _find_number(scene)
    if form:
        return call_tool_or_hand_off(scene, ToolName.SEND_INVOICE, fatura=number, forma=form)
    if number is not None:
        return TextReply(f"Fatura {number}: prefere PIX ou boleto?")
    return accept_no_or_repeat(scene, question)


def reply_to_sent_invoice(_scene: TurnView, data: JsonObject) -> ModelAction:
    """Value and due date; never the code, which the system sends by itself."""
    forms = [
        InvoiceFormat(form) for form in data.get("enviado") or () if form in set(InvoiceFormat)
    ]
    form = InvoiceFormat.BOTH if len(forms) > 1 else next(iter(forms), None)
    about = f"Segue sua fatura de {data.get('valor')} com vencimento em {data.get('vencimento')}."
    return TextReply(f"{about} {_NEXT_PATTERN[form]}" if form else about)


def _find_number(scene: TurnView) -> int | None:
    before = _CHOICE_PATTERN.search(normalize_text(scene.latest_assistant_text))
    return parse_choice_number(scene.latest_customer_text) or (int(before[1]) if before else None)


def _format_invoice(invoice: JsonObject) -> str:
    number, due = invoice.get("fatura"), invoice.get("vencimento")
    return f"{number} - {invoice.get('valor')}, vencimento em {due} ({invoice.get('situacao')})"
