"""Why an invoice is what it is: the parts that the ERP tells, and what nobody told."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from niochat.assistant.case import Case, Result, Sector, done, refused
from niochat.assistant.tools import bills
from niochat.assistant.tools.payments import paid_invoices
from niochat.assistant.tools.tool import Arguments, Tool
from niochat.assistant.wording import brl, day
from niochat.domain.erp import (
    ErpCapability,
    ErpError,
    ErpRefusedError,
    Invoice,
    ListServicePlans,
    PaidInvoice,
)

EARLIER = 3
"""Paid invoices that one is compared with."""


class Explain(Arguments):
    """``fatura`` is the number in the list."""

    fatura: Annotated[int, Field(description="Número da lista; padrão 1.")] = 1


async def explain_invoice(case: Case, wanted: Explain) -> Result:
    """Original amount, fine, interest, discount; against the invoice before it."""
    invoices = await bills.open_invoices(case)
    if not invoices:
        return refused("sem_fatura", "Diga que não há faturas em aberto neste contrato.")
    order = case.facts.invoices or tuple(each.id for each in invoices[: bills.SHOWN])
    there = {each.id: each for each in invoices}
    if not 1 <= wanted.fatura <= len(order) or order[wanted.fatura - 1] not in there:
        return refused("fatura_invalida", "Consulte as faturas de novo e mostre a lista.")
    invoice = there[order[wanted.fatura - 1]]
    earlier = _earlier(invoice, invoices, await paid_invoices(case) or ())
    row = bills.row(case, wanted.fatura, invoice)
    row.pop("formas")
    if invoice.original is not None:
        row["valor_original"] = brl(invoice.original)
    unknown = _unexplained(invoice, earlier)
    return done(
        **row,
        **_compared(invoice, earlier),
        **await _plan(case, invoice),
        **({"sem_explicacao": brl(abs(unknown))} if unknown else {}),
        orientacao=_guidance(unknown),
    )


def _earlier(
    invoice: Invoice, open_ones: Sequence[Invoice], paid: Sequence[PaidInvoice]
) -> list[tuple[Any, Decimal]]:
    """(due, amount) of invoices that were due before it, the latest first."""
    before = [(each.due, each.original or each.amount) for each in open_ones]
    before += [(each.due, each.amount) for each in paid if each.amount is not None]
    return sorted((each for each in before if each[0] < invoice.due), reverse=True)[:EARLIER]


def _unexplained(invoice: Invoice, earlier: Sequence[tuple[Any, Decimal]]) -> Decimal:
    """What neither fine, interest nor discount makes up, against the invoice before it."""
    base = earlier[0][1] if earlier else invoice.original
    if base is None:
        return Decimal(0)
    return invoice.amount - base - invoice.fine - invoice.interest + invoice.discount


def _compared(invoice: Invoice, earlier: Sequence[tuple[Any, Decimal]]) -> dict[str, Any]:
    if not earlier:
        return {}
    rows = [{"vencimento": day(due), "valor": brl(amount)} for due, amount in earlier]
    apart = invoice.amount - earlier[0][1]
    if not apart:
        return {"anteriores": rows, "diferenca": "nenhuma para a anterior"}
    way = "a mais" if apart > 0 else "a menos"
    return {"anteriores": rows, "diferenca": f"{brl(abs(apart))} {way} que a anterior"}


async def _plan(case: Case, invoice: Invoice) -> dict[str, Any]:
    """The plan's price today, where the list has a plan of that very name."""
    if ErpCapability.PLANS not in case.capabilities:
        return {}
    try:
        plans = await case.read(ListServicePlans())
    except (ErpError, ErpRefusedError):
        return {}  # it only adds to what is told
    name = case.contract().plan
    prices = {plan.price for plan in plans if name and plan.name.casefold() == name.casefold()}
    return {"preco_do_plano": brl(prices.pop())} if len(prices) == 1 else {}


def _guidance(unknown: Decimal) -> str:
    if not unknown:
        return "Explique só com estas partes."
    return (
        "Explique com estas partes. O motivo de sem_explicacao o sistema não informa (pode ser "
        "plano, proporcional ou serviço): não invente; diga isso e ofereça o financeiro."
    )


EXPLAIN_INVOICE = Tool(
    "explicar_fatura",
    "Diz por que uma fatura veio com esse valor: original, multa, juros e as anteriores.",
    Explain,
    explain_invoice,
    needs=frozenset({ErpCapability.INVOICES}),
    contract=True,
    trusted=True,
    repeatable=True,
    sector=Sector.BILLING,
)
