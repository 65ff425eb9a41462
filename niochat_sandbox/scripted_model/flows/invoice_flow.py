"""The flow for invoices: the list, the choice of PIX or boleto, the sending."""

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


def start_invoice_flow(view: TurnView) -> ModelAction:
    """Send at once if payment form and intent are known; otherwise list the invoices."""
    form = parse_invoice_format(view.latest_customer_text)
    known = (
        view.situation.get("contrato") and view.situation.get("desejo") == ScriptedIntent.INVOICE
    )
    if form and known:
        return call_tool_or_hand_off(view, ToolName.SEND_INVOICE, forma=form)
    return call_tool_or_hand_off(view, ToolName.LIST_INVOICES)


def offer_invoices(view: TurnView, data: JsonObject) -> ModelAction:
    """Show the list, or send if the customer already named a payment form."""
    if not data.get("faturas"):
        return TextReply(NONE_OPEN)
    if form := find_newest_invoice_format(view.texts_since_intent(ScriptedIntent.INVOICE)):
        return call_tool_or_hand_off(view, ToolName.SEND_INVOICE, forma=form)
    listed = display_text(data, "\n".join(_format_invoice(each) for each in data["faturas"]))
    return TextReply(f"{listed}\n\n{ASK_FORM}")


def handle_format_answer(view: TurnView, question: ModelQuestion) -> ModelAction:
    """Handle the answer to "PIX ou boleto?", which may name the number of an invoice."""
    form, number = parse_invoice_format(view.latest_customer_text), _find_number(view)
    if form:
        return call_tool_or_hand_off(view, ToolName.SEND_INVOICE, fatura=number, forma=form)
    if number is not None:
        return TextReply(f"Fatura {number}: prefere PIX ou boleto?")
    return accept_no_or_repeat(view, question)


def reply_to_sent_invoice(_scene: TurnView, data: JsonObject) -> ModelAction:
    """Report amount and due date; the product sends the codes by itself."""
    forms = [
        InvoiceFormat(form) for form in data.get("enviado") or () if form in set(InvoiceFormat)
    ]
    form = InvoiceFormat.BOTH if len(forms) > 1 else next(iter(forms), None)
    about = f"Segue sua fatura de {data.get('valor')} com vencimento em {data.get('vencimento')}."
    return TextReply(f"{about} {_NEXT_PATTERN[form]}" if form else about)


def _find_number(view: TurnView) -> int | None:
    pending = _CHOICE_PATTERN.search(normalize_text(view.latest_assistant_text))
    return parse_choice_number(view.latest_customer_text) or (int(pending[1]) if pending else None)


def _format_invoice(invoice: JsonObject) -> str:
    number, due = invoice.get("fatura"), invoice.get("vencimento")
    return f"{number} - {invoice.get('valor')}, vencimento em {due} ({invoice.get('situacao')})"
