"""Tool that reports whether an invoice is paid, by the ERP's records only."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from niochat.assistant.conversation_facts import ListedInvoice
from niochat.assistant.text.formatting import format_brl, format_date
from niochat.assistant.tools.billing import invoice_rows
from niochat.assistant.tools.tool_definition import AssistantTool, ToolArguments
from niochat.assistant.turn_context import Department, ToolResult, TurnContext, tool_success
from niochat.ports.erp import (
    ErpCapability,
    ErpError,
    ErpRefusedError,
    Invoice,
    ListPaidInvoices,
    PaidInvoice,
)

MAX_LISTED_PAID = 3
NO_LONGER_OPEN_TEXT = "não está mais em aberto"
_STILL_OPEN_GUIDANCE = (
    "Diga que ainda consta em aberto e que a baixa é automática, em minutos no PIX e em até 3 dias "
    "úteis no boleto; não diga que foi paga."
)


class CheckPaymentArguments(ToolArguments):
    """``fatura`` omitted: the invoices that were sent in this conversation, or else all."""

    fatura: Annotated[int | None, Field(description="Número da lista mostrada, se houver.")] = None


async def check_payment(context: TurnContext, arguments: CheckPaymentArguments) -> ToolResult:
    """Report each invoice as paid, no longer open or still open."""
    selected = _invoices_asked_about(context, arguments.fatura)
    invoices = await invoice_rows.load_open_invoices(context)
    paid = await load_paid_invoices(context)
    statuses = [_describe_status(context, bill, invoices, paid or ()) for bill in selected]
    shown = (paid or ())[:MAX_LISTED_PAID] if context.facts.trusted else ()
    fields: dict[str, Any] = {"consultadas": statuses} if statuses else {}
    if shown:
        fields["pagas"] = [_paid_row(each) for each in shown]
    return tool_success(
        **fields,
        faturas=invoice_rows.describe_invoices(context, invoices),
        **invoice_rows.sum_invoices(context, invoices),
        orientacao=_format_guidance(statuses, invoices, shown),
    )


async def load_paid_invoices(context: TurnContext) -> tuple[PaidInvoice, ...] | None:
    """Load the contract's paid invoices, latest due first; ``None``: this ERP does not
    report them.
    """
    if ErpCapability.PAID not in context.capabilities:
        return None
    try:
        return await context.read_erp(ListPaidInvoices(context.confirmed_contract().id))
    except ErpRefusedError:
        return None
    except ErpError as error:
        # The open invoices were read; an answer with them is better than a handoff.
        if error.code in ("erp_missing", "erp_unauthorized", "erp_malformed", "erp_failed"):
            return None
        raise


def _invoices_asked_about(context: TurnContext, number: int | None) -> list[ListedInvoice]:
    """The invoices in question, as they were before the ERP is read again."""
    known = {each.id: each for each in context.facts.contract_invoices}
    order = context.facts.invoices
    if number is not None and 1 <= number <= len(order) and order[number - 1] in known:
        return [known[order[number - 1]]]
    return [each for each in known.values() if each.sent]


def _describe_status(
    context: TurnContext,
    bill: ListedInvoice,
    invoices: Sequence[Invoice],
    paid: Sequence[PaidInvoice],
) -> dict[str, Any]:
    fields: dict[str, Any] = {"valor": format_brl(bill.amount), "vencimento": format_date(bill.due)}
    open_invoice = next((each for each in invoices if each.id == bill.id), None)
    if open_invoice is not None:
        return {**fields, "situacao": invoice_rows.invoice_status_text(context, open_invoice)}
    paid_invoice = next((each for each in paid if each.id == bill.id), None)
    if paid_invoice is None:
        return {**fields, "situacao": NO_LONGER_OPEN_TEXT}
    return {**fields, **_paid_row(paid_invoice), "valor": fields["valor"]}


def _paid_row(paid: PaidInvoice) -> dict[str, Any]:
    fields = {
        "vencimento": format_date(paid.due),
        "valor": format_brl(paid.amount) if paid.amount is not None else None,
        "situacao": "paga",
        "pago_em": format_date(paid.paid_on) if paid.paid_on else None,
        "valor_pago": format_brl(paid.paid) if paid.paid not in (None, paid.amount) else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _format_guidance(
    statuses: Sequence[dict[str, Any]], invoices: Sequence[Invoice], shown: Sequence[PaidInvoice]
) -> str:
    guidance = [_guidance_for(each) for each in statuses]
    if not statuses and invoices:
        guidance = [_STILL_OPEN_GUIDANCE]
    elif not statuses:
        guidance = ["Diga que não há faturas em aberto neste contrato."]
        if shown and shown[0].paid_on:
            guidance.append("A última paga está em pagas.")
    return " ".join(dict.fromkeys(guidance))


def _guidance_for(status: dict[str, Any]) -> str:
    match status["situacao"]:
        case "paga" if "pago_em" in status:
            return "Diga que a fatura consta como paga, e quando."
        case "paga":
            return "Diga que a fatura consta como paga; o sistema não informou a data."
        case situation if situation == NO_LONGER_OPEN_TEXT:
            return (
                "Diga que a fatura não está mais em aberto no sistema, que não informou pagamento "
                "nem data; não diga que foi paga."
            )
        case _:
            return _STILL_OPEN_GUIDANCE


CHECK_PAYMENT = AssistantTool(
    "consultar_pagamento",
    "Diz se faturas constam como pagas no sistema, quando o cliente diz que pagou ou pergunta.",
    CheckPaymentArguments,
    check_payment,
    required_capabilities=frozenset({ErpCapability.INVOICES}),
    requires_contract=True,
    is_repeatable=True,
    department=Department.BILLING,
)
