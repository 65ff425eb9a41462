"""Explain the amount of an invoice by the parts that the ERP reports."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from niochat.assistant.text.formatting import format_brl, format_date
from niochat.assistant.tools.billing import invoice_rows
from niochat.assistant.tools.billing.payment_tools import load_paid_invoices
from niochat.assistant.tools.tool_definition import AssistantTool, ToolArguments
from niochat.assistant.turn_context import (
    Department,
    ToolResult,
    TurnContext,
    tool_refusal,
    tool_success,
)
from niochat.ports.erp import (
    ErpCapability,
    ErpError,
    ErpRefusedError,
    Invoice,
    ListServicePlans,
    PaidInvoice,
)

MAX_EARLIER_INVOICES = 3
"""The number of earlier invoices with which an invoice is compared."""


class ExplainInvoiceArguments(ToolArguments):
    """``fatura`` is the invoice's number in the list that was shown."""

    fatura: Annotated[int, Field(description="Número da lista; padrão 1.")] = 1


async def explain_invoice(context: TurnContext, arguments: ExplainInvoiceArguments) -> ToolResult:
    """Return original amount, fine, interest and discount, and the difference to
    earlier invoices.
    """
    invoices = await invoice_rows.load_open_invoices(context)
    if not invoices:
        return tool_refusal("sem_fatura", "Diga que não há faturas em aberto neste contrato.")
    order = context.facts.invoices or tuple(
        each.id for each in invoices[: invoice_rows.MAX_LISTED_INVOICES]
    )
    open_by_id = {each.id: each for each in invoices}
    if not 1 <= arguments.fatura <= len(order) or order[arguments.fatura - 1] not in open_by_id:
        return tool_refusal("fatura_invalida", "Consulte as faturas de novo e mostre a lista.")
    invoice = open_by_id[order[arguments.fatura - 1]]
    earlier = _earlier_amounts(invoice, invoices, await load_paid_invoices(context) or ())
    row = invoice_rows.describe_invoice(context, arguments.fatura, invoice)
    row.pop("formas")
    if invoice.original is not None:
        row["valor_original"] = format_brl(invoice.original)
    unexplained = _unexplained_amount(invoice, earlier)
    return tool_success(
        **row,
        **_comparison_fields(invoice, earlier),
        **await _plan_price_field(context, invoice),
        **({"sem_explicacao": format_brl(abs(unexplained))} if unexplained else {}),
        orientacao=_format_guidance(unexplained),
    )


def _earlier_amounts(
    invoice: Invoice, open_ones: Sequence[Invoice], paid: Sequence[PaidInvoice]
) -> list[tuple[Any, Decimal]]:
    """Return (due, amount) of earlier invoices, the latest first."""
    before = [(each.due, each.original or each.amount) for each in open_ones]
    before += [(each.due, each.amount) for each in paid if each.amount is not None]
    return sorted((each for each in before if each[0] < invoice.due), reverse=True)[
        :MAX_EARLIER_INVOICES
    ]


def _unexplained_amount(invoice: Invoice, earlier: Sequence[tuple[Any, Decimal]]) -> Decimal:
    """The difference to the invoice before that fine, interest and discount do not explain."""
    base = earlier[0][1] if earlier else invoice.original
    if base is None:
        return Decimal(0)
    return invoice.amount - base - invoice.fine - invoice.interest + invoice.discount


def _comparison_fields(invoice: Invoice, earlier: Sequence[tuple[Any, Decimal]]) -> dict[str, Any]:
    if not earlier:
        return {}
    rows = [
        {"vencimento": format_date(due), "valor": format_brl(amount)} for due, amount in earlier
    ]
    difference = invoice.amount - earlier[0][1]
    if not difference:
        return {"anteriores": rows, "diferenca": "nenhuma para a anterior"}
    direction = "a mais" if difference > 0 else "a menos"
    return {
        "anteriores": rows,
        "diferenca": f"{format_brl(abs(difference))} {direction} que a anterior",
    }


async def _plan_price_field(context: TurnContext, invoice: Invoice) -> dict[str, Any]:
    """The plan's current price, if the plan list has a plan of exactly that name."""
    if ErpCapability.PLANS not in context.capabilities:
        return {}
    try:
        plans = await context.read_erp(ListServicePlans())
    except (ErpError, ErpRefusedError):
        return {}  # the price is optional
    name = context.confirmed_contract().plan
    prices = {plan.price for plan in plans if name and plan.name.casefold() == name.casefold()}
    return {"preco_do_plano": format_brl(prices.pop())} if len(prices) == 1 else {}


def _format_guidance(unknown: Decimal) -> str:
    if not unknown:
        return "Explique só com estas partes."
    return (
        "Explique com estas partes. O motivo de sem_explicacao o sistema não informa (pode ser "
        "plano, proporcional ou serviço): não invente; diga isso e ofereça o financeiro."
    )


EXPLAIN_INVOICE = AssistantTool(
    "explicar_fatura",
    "Diz por que uma fatura veio com esse valor: original, multa, juros e as anteriores.",
    ExplainInvoiceArguments,
    explain_invoice,
    required_capabilities=frozenset({ErpCapability.INVOICES}),
    requires_contract=True,
    requires_trust=True,
    is_repeatable=True,
    department=Department.BILLING,
)
