"""Describe a contract's open invoices for the model. The server computes all sums."""

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
"""The maximum number of invoices in one list, because a phone's screen is small."""
MAX_REMEMBERED_INVOICES = 24
"""The number of invoices that the facts of a conversation keep."""


class PaymentMethod(StrEnum):
    """How an invoice is paid."""

    PIX = "pix"
    BOLETO = "boleto"
    BOTH = "ambos"


async def load_open_invoices(context: TurnContext) -> tuple[Invoice, ...]:
    """Load the contract's open invoices, earliest due first, and remember the listed ones."""
    invoices = await context.read_erp(ListInvoices(context.confirmed_contract().id))
    remember_invoices(context, invoices[:MAX_LISTED_INVOICES])
    return invoices


def remember_invoices(context: TurnContext, invoices: Iterable[Invoice]) -> None:
    """Add the invoices to the facts, so that they are known when they are no longer open."""
    contract = context.confirmed_contract().id
    sent_by_id = {each.id: each.sent for each in context.facts.contract_invoices}
    fresh = [
        ListedInvoice(contract, each.id, each.amount, each.due, sent_by_id.get(each.id, ()))
        for each in invoices
    ]
    ids = {each.id for each in fresh}
    kept = [each for each in context.facts.bills if each.contract != contract or each.id not in ids]
    context.update_facts(bills=tuple([*kept, *fresh][-MAX_REMEMBERED_INVOICES:]))


def mark_sent(context: TurnContext, invoice: Invoice, forms: Iterable[str]) -> None:
    """Record in the facts that these payment forms of an invoice were sent."""
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
    """Describe one invoice; fields without a value are omitted."""
    late = (context.snapshot.now.date() - invoice.due).days
    original = invoice.original if invoice.original != invoice.amount else None
    optional = {
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
        **{name: value for name, value in optional.items() if value is not None},
        "formas": payment_methods_for(context, invoice),
    }


def describe_invoices(context: TurnContext, invoices: Sequence[Invoice]) -> list[dict[str, Any]]:
    """Describe the invoices of a list."""
    return [
        describe_invoice(context, number, each)
        for number, each in enumerate(invoices[:MAX_LISTED_INVOICES], start=1)
    ]


def sum_invoices(context: TurnContext, invoices: Sequence[Invoice]) -> dict[str, Any]:
    """The totals of all invoices, not only of the listed ones; empty for fewer than two."""
    if len(invoices) < 2:
        return {}
    overdue = [each for each in invoices if invoice_status_text(context, each) == "vencida"]
    totals: dict[str, Any] = {"total": format_total(invoices)}
    if 0 < len(overdue) < len(invoices):
        totals["total_vencido"] = format_total(overdue)
    if len(invoices) > MAX_LISTED_INVOICES:
        totals["fora_da_lista"] = len(invoices) - MAX_LISTED_INVOICES
    return totals


def format_total(invoices: Iterable[Invoice]) -> str:
    """Format the sum of the invoices."""
    return format_brl(sum((each.amount for each in invoices), Decimal(0)))


def invoice_status_text(context: TurnContext, invoice: Invoice) -> str:
    """``vencida`` from the day after the due date."""
    return "vencida" if invoice.due < context.snapshot.now.date() else "em aberto"


def payment_methods_for(context: TurnContext, invoice: Invoice) -> list[PaymentMethod]:
    """The payment methods that are available for an invoice."""
    pix = bool(invoice.pix) or ErpCapability.PIX in context.capabilities
    boleto = bool(invoice.pdf_url or invoice.digit_line)
    return [
        method
        for method, available in ((PaymentMethod.PIX, pix), (PaymentMethod.BOLETO, boleto))
        if available
    ]
