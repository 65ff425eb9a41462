"""A contract's open invoices as the model is told of them; sums are the server's work."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from niochat.assistant.case import Case
from niochat.assistant.facts import Bill
from niochat.assistant.wording import brl, day
from niochat.domain.erp import ErpCapability, Invoice, ListInvoices

SHOWN = 6
"""Invoices in one list; a phone's screen is small."""
MOST_KEPT = 24
"""Invoices that a visit remembers."""


class Form(StrEnum):
    """How an invoice is paid."""

    PIX = "pix"
    BOLETO = "boleto"
    BOTH = "ambos"


async def open_invoices(case: Case) -> tuple[Invoice, ...]:
    """All of the confirmed contract, earliest due first; those in a list are remembered."""
    invoices = await case.read(ListInvoices(case.contract().id))
    remember(case, invoices[:SHOWN])
    return invoices


def remember(case: Case, invoices: Iterable[Invoice]) -> None:
    """What was open may be asked about once it is so no more."""
    contract = case.contract().id
    gone = {each.id: each.sent for each in case.facts.my_bills}
    fresh = [
        Bill(contract, each.id, each.amount, each.due, gone.get(each.id, ())) for each in invoices
    ]
    ids = {each.id for each in fresh}
    kept = [each for each in case.facts.bills if each.contract != contract or each.id not in ids]
    case.learn(bills=tuple([*kept, *fresh][-MOST_KEPT:]))


def sent(case: Case, invoice: Invoice, forms: Iterable[str]) -> None:
    """Of an invoice these forms leave."""
    contract = case.contract().id
    case.learn(
        bills=tuple(
            replace(each, sent=tuple(dict.fromkeys([*each.sent, *forms])))
            if (each.contract, each.id) == (contract, invoice.id)
            else each
            for each in case.facts.bills
        )
    )


def row(case: Case, number: int, invoice: Invoice) -> dict[str, Any]:
    """One invoice; what it has no value for is left out."""
    late = (case.visit.now.date() - invoice.due).days
    original = invoice.original if invoice.original != invoice.amount else None
    more = {
        "dias_de_atraso": late if late > 0 else None,
        "valor_original": brl(original) if original is not None else None,
        "multa": brl(invoice.fine) if invoice.fine else None,
        "juros": brl(invoice.interest) if invoice.interest else None,
        "desconto": brl(invoice.discount) if invoice.discount else None,
    }  # fmt: skip
    return {
        "fatura": number,
        "vencimento": day(invoice.due),
        "valor": brl(invoice.amount),
        "situacao": situation(case, invoice),
        **{name: value for name, value in more.items() if value is not None},
        "formas": forms_of(case, invoice),
    }


def rows(case: Case, invoices: Sequence[Invoice]) -> list[dict[str, Any]]:
    """Those of a list."""
    return [row(case, number, each) for number, each in enumerate(invoices[:SHOWN], start=1)]


def totals(case: Case, invoices: Sequence[Invoice]) -> dict[str, Any]:
    """Of all of them, not of those in the list alone."""
    if len(invoices) < 2:
        return {}
    overdue = [each for each in invoices if situation(case, each) == "vencida"]
    told: dict[str, Any] = {"total": total(invoices)}
    if 0 < len(overdue) < len(invoices):
        told["total_vencido"] = total(overdue)
    if len(invoices) > SHOWN:
        told["fora_da_lista"] = len(invoices) - SHOWN
    return told


def total(invoices: Iterable[Invoice]) -> str:
    """Their sum."""
    return brl(sum((each.amount for each in invoices), Decimal(0)))


def situation(case: Case, invoice: Invoice) -> str:
    """Overdue from the day after it was due."""
    return "vencida" if invoice.due < case.visit.now.date() else "em aberto"


def forms_of(case: Case, invoice: Invoice) -> list[Form]:
    """What it can be paid with."""
    pix = bool(invoice.pix) or ErpCapability.PIX in case.capabilities
    boleto = bool(invoice.pdf_url or invoice.digit_line)
    return [form for form, there in ((Form.PIX, pix), (Form.BOLETO, boleto)) if there]
