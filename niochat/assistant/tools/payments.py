"""Whether an invoice is paid: by what the ERP says, never by the customer's word."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from niochat.assistant.case import Case, Result, Sector, done
from niochat.assistant.facts import Bill
from niochat.assistant.tools import bills
from niochat.assistant.tools.tool import Arguments, Tool
from niochat.assistant.wording import brl, day
from niochat.domain.erp import (
    ErpCapability,
    ErpError,
    ErpRefusedError,
    Invoice,
    ListPaidInvoices,
    PaidInvoice,
)

SHOWN_PAID = 3
GONE = "não está mais em aberto"
_STILL_OPEN = (
    "Diga que ainda consta em aberto e que a baixa é automática, em minutos no PIX e em até 3 dias "
    "úteis no boleto; não diga que foi paga."
)


class Payment(Arguments):
    """Left out: the invoices that were sent in this visit, else all."""

    fatura: Annotated[int | None, Field(description="Número da lista mostrada, se houver.")] = None


async def check_payment(case: Case, wanted: Payment) -> Result:
    """Paid with its day, not open any more, or still open."""
    asked = _asked(case, wanted.fatura)
    invoices = await bills.open_invoices(case)
    paid = await paid_invoices(case)
    looked = [_looked(case, bill, invoices, paid or ()) for bill in asked]
    shown = (paid or ())[:SHOWN_PAID] if case.facts.trusted else ()
    told: dict[str, Any] = {"consultadas": looked} if looked else {}
    if shown:
        told["pagas"] = [_row(each) for each in shown]
    return done(
        **told,
        faturas=bills.rows(case, invoices),
        **bills.totals(case, invoices),
        orientacao=_guidance(looked, invoices, shown),
    )


async def paid_invoices(case: Case) -> tuple[PaidInvoice, ...] | None:
    """The contract's, latest due first; ``None``: this ERP does not tell them."""
    if ErpCapability.PAID not in case.capabilities:
        return None
    try:
        return await case.read(ListPaidInvoices(case.contract().id))
    except ErpRefusedError:
        return None
    except ErpError as error:
        # The open ones were told: those are worth more than a hand-over.
        if error.code in ("erp_missing", "erp_unauthorized", "erp_malformed", "erp_failed"):
            return None
        raise


def _asked(case: Case, number: int | None) -> list[Bill]:
    """As they were before the ERP is read again."""
    known = {each.id: each for each in case.facts.my_bills}
    order = case.facts.invoices
    if number is not None and 1 <= number <= len(order) and order[number - 1] in known:
        return [known[order[number - 1]]]
    return [each for each in known.values() if each.sent]


def _looked(
    case: Case, bill: Bill, invoices: Sequence[Invoice], paid: Sequence[PaidInvoice]
) -> dict[str, Any]:
    told: dict[str, Any] = {"valor": brl(bill.amount), "vencimento": day(bill.due)}
    still = next((each for each in invoices if each.id == bill.id), None)
    if still is not None:
        return {**told, "situacao": bills.situation(case, still)}
    found = next((each for each in paid if each.id == bill.id), None)
    if found is None:
        return {**told, "situacao": GONE}
    return {**told, **_row(found), "valor": told["valor"]}


def _row(paid: PaidInvoice) -> dict[str, Any]:
    told = {
        "vencimento": day(paid.due),
        "valor": brl(paid.amount) if paid.amount is not None else None,
        "situacao": "paga",
        "pago_em": day(paid.paid_on) if paid.paid_on else None,
        "valor_pago": brl(paid.paid) if paid.paid not in (None, paid.amount) else None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _guidance(
    looked: Sequence[dict[str, Any]], invoices: Sequence[Invoice], shown: Sequence[PaidInvoice]
) -> str:
    said = [_said(each) for each in looked]
    if not looked and invoices:
        said = [_STILL_OPEN]
    elif not looked:
        said = ["Diga que não há faturas em aberto neste contrato."]
        if shown and shown[0].paid_on:
            said.append("A última paga está em pagas.")
    return " ".join(dict.fromkeys(said))


def _said(looked: dict[str, Any]) -> str:
    match looked["situacao"]:
        case "paga" if "pago_em" in looked:
            return "Diga que a fatura consta como paga, e quando."
        case "paga":
            return "Diga que a fatura consta como paga; o sistema não informou a data."
        case situation if situation == GONE:
            return (
                "Diga que a fatura não está mais em aberto no sistema, que não informou pagamento "
                "nem data; não diga que foi paga."
            )
        case _:
            return _STILL_OPEN


CHECK_PAYMENT = Tool(
    "consultar_pagamento",
    "Diz se faturas constam como pagas no sistema, quando o cliente diz que pagou ou pergunta.",
    Payment,
    check_payment,
    needs=frozenset({ErpCapability.INVOICES}),
    contract=True,
    repeatable=True,
    sector=Sector.BILLING,
)
