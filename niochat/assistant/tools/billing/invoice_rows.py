"""A contract's open invoices as the model is told of them; sums are the server's work."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from niochat.assistant.conversation_facts import ListedInvoice
from niochat.assistant.text.formatting import format_brl, format_date
from niochat.assistant.turn_context import TurnContext
from niochat.ports.erp import ErpCapability, Invoice, ListInvoices

MAX_LISTED_INVOICES = 6
"""Invoices in one list; a phone's screen is small."""
MAX_REMEMBERED_INVOICES = 24
"""Invoices that a visit remembers."""


class PaymentMethod(StrEnum):
    """How an invoice is paid."""

    PIX = "pix"
    BOLETO = "boleto"
    BOTH = "ambos"


async def load_open_invoices(context: TurnContext) -> tuple[Invoice, ...]:
    """All of the confirmed contract, earliest due first; those in a list are remembered."""
    invoices = await context.read_erp(ListInvoices(context.confirmed_contract().id))
    remember_invoices(context, invoices[:MAX_LISTED_INVOICES])
    return invoices


def remember_invoices(context: TurnContext, invoices: Iterable[Invoice]) -> None:
    """What was open may be asked about once it is so no more."""
    contract = context.confirmed_contract().id
    gone = {each.id: each.sent for each in context.facts.contract_invoices}
    fresh = [
        ListedInvoice(contract, each.id, each.amount, each.due, gone.get(each.id, ()))
        for each in invoices
    ]
    ids = {each.id for each in fresh}
    kept = [each for each in context.facts.bills if each.contract != contract or each.id not in ids]
    context.update_facts(bills=tuple([*kept, *fresh][-MAX_REMEMBERED_INVOICES:]))


def mark_sent(context: TurnContext, invoice: Invoice, forms: Iterable[str]) -> None:
    """Of an invoice these forms leave."""
    contract = context.confirmed_contract().id
    context.update_facts(
        bills=tuple(
            replace(each, sent=tuple(dict.fromkeys([*each.sent, *forms])))
            if (each.contract, each.id) == (contract, invoice.id)
            else each
            for each in context.facts.bills
        )
    )


def describe_invoice(context: TurnContext, number: int, invoice: Invoice) -> dict[str, Any]:
    """One invoice; what it has no value for is left out."""
    late = (context.snapshot.now.date() - invoice.due).days
    original = invoice.original if invoice.original != invoice.amount else None
    more = {
        "dias_de_atraso": late if late > 0 else None,
        "valor_original": format_brl(original) if original is not None else None,
        "multa": format_brl(invoice.fine) if invoice.fine else None,
        "juros": format_brl(invoice.interest) if invoice.interest else None,
        "desconto": format_brl(invoice.discount) if invoice.discount else None,
    }
    return {
        "fatura": number,
        "vencimento": format_date(invoice.due),
        "valor": format_brl(invoice.amount),
        "situacao": invoice_status_text(context, invoice),
        **{name: value for name, value in more.items() if value is not None},
        "formas": payment_methods_for(context, invoice),
    }


def describe_invoices(context: TurnContext, invoices: Sequence[Invoice]) -> list[dict[str, Any]]:
    """Those of a list."""
    return [
        describe_invoice(context, number, each)
        for number, each in enumerate(invoices[:MAX_LISTED_INVOICES], start=1)
    ]


def sum_invoices(context: TurnContext, invoices: Sequence[Invoice]) -> dict[str, Any]:
    """Of all of them, not of those in the list alone."""
    if len(invoices) < 2:
        return {}
    overdue = [each for each in invoices if invoice_status_text(context, each) == "vencida"]
    told: dict[str, Any] = {"total": format_total(invoices)}
    if 0 < len(overdue) < len(invoices):
        told["total_vencido"] = format_total(overdue)
    if len(invoices) > MAX_LISTED_INVOICES:
        told["fora_da_lista"] = len(invoices) - MAX_LISTED_INVOICES
    return told


def format_total(invoices: Iterable[Invoice]) -> str:
    """Their sum."""
    return format_brl(sum((each.amount for each in invoices), Decimal(0)))


def invoice_status_text(context: TurnContext, invoice: Invoice) -> str:
    """Overdue from the day after it was due."""
    return "vencida" if invoice.due < context.snapshot.now.date() else "em aberto"


def payment_methods_for(context: TurnContext, invoice: Invoice) -> list[PaymentMethod]:
    """What it can be paid with."""
    pix = bool(invoice.pix) or ErpCapability.PIX in context.capabilities
    boleto = bool(invoice.pdf_url or invoice.digit_line)
    return [
        form for form, there in ((PaymentMethod.PIX, pix), (PaymentMethod.BOLETO, boleto)) if there
    ]
