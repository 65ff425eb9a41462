"""Parses invoices, PIX codes and plans (SGP reference 3.2). It never guesses an amount."""

import re
from collections.abc import Mapping
from decimal import Decimal

from niochat.adapters.erps.sgp.errors import (
    is_empty_result,
    is_unknown_subscriber,
    read_message,
    refusal_error,
)
from niochat.adapters.erps.sgp.responses.value_parsers import (
    UnusableFieldError,
    first_present,
    first_present_text,
    fold_text,
    is_absent,
    to_date,
    to_integer,
    to_money,
    to_object,
    to_rows,
    to_text,
)
from niochat.ports.erp import Invoice, PaidInvoice, ServicePlan

_MAX_CODE_LENGTH = 600
_MAX_URL_LENGTH = 2000
_PIX = re.compile(r"0002[\x20-\x7e\xa0-\xff]{10,}")
"""An EMV payload always begins like this; an image or the URL of an image does not."""
_PIX_NAMES = (
    "codigopix",
    "codigoPix",
    "codigo_pix",
    "pix",
    "emv",
    "qrcode",
    "qrCode",
    "qr_code",
    "pixCopiaECola",
    "copiaecola",
    "copia_cola",
)
_NESTED = ("data", "dados", "fatura", "links")
_DIGIT_LINE = re.compile(r"[0-9][0-9 .-]{9,98}")
_PAID_ON = ("dataPagamento", "data_pagamento", "dataBaixa")
_PAID = re.compile(r"\b(pag[oa]|quitad[oa]|liquidad[oa]|baixad[oa]|recebid[oa])")
_NOT_PAID = re.compile(r"\b(nao|aguardando|cancelad[oa]|estornad[oa])\b")
_URL = re.compile(r"https?://[\x21-\x7e]+", re.IGNORECASE)

Row = Mapping[str, object]


def parse_invoices(value: object) -> tuple[Invoice, ...]:
    """Parse the open invoices, earliest due date first.

    Raises ``UnusableFieldError`` if any invoice cannot be read: leaving it out would tell the
    subscriber that it is paid.
    """
    body = to_object(value)
    rows = to_rows(body.get("links"))
    if rows:
        invoices = [_parse_invoice(to_object(row)) for row in rows]
        return tuple(sorted(invoices, key=lambda invoice: (invoice.due, invoice.id)))
    if is_unknown_subscriber(body):
        raise refusal_error(body)
    if rows is not None or is_empty_result(body):
        return ()
    if read_message(body) and to_integer(body.get("status")) != 1:
        raise refusal_error(body)
    raise UnusableFieldError("the answer holds no list of invoices")


def _parse_invoice(row: Row) -> Invoice:
    number = first_present_text(row, "fatura", "id", max_length=60)
    due, amount = to_date(row.get("vencimento")), to_money(row.get("valor"))
    if not number or due is None or amount is None:
        raise UnusableFieldError("an invoice lacks a believable id, due date or amount")
    return Invoice(
        id=number,
        due=due,
        amount=amount,
        pix=_parse_pix(first_present(row, "codigopix", "codigoPix")),
        digit_line=_parse_digit_line(first_present(row, "linhadigitavel", "linhaDigitavel")),
        pdf_url=_parse_url(first_present(row, "link", "link_cobranca")),
        original=to_money(row.get("valor_original")),
        fine=_parse_amount_part(row.get("multa")),
        interest=_parse_amount_part(row.get("juros")),
        discount=_parse_amount_part(row.get("desconto_vencimento")),
    )


def _parse_amount_part(value: object) -> Decimal:
    """A component that explains the amount; 0 if it cannot be read, since the amount is known."""
    return to_money(value) or Decimal(0)


def parse_paid_invoices(value: object, contract: str) -> tuple[PaidInvoice, ...]:
    """Parse the contract's paid invoices, latest due date first.

    An installation that does not know the filter lists other titles as well, so titles that are not
    marked as paid and titles of other contracts are left out. Raises ``UnusableFieldError`` if a
    paid title cannot be read.
    """
    body = to_object(value)
    rows = to_rows(body.get("titulos"))
    if rows is None and isinstance(value, list) and "titulos" not in body:
        rows = value
    if rows is None:
        return _require_empty_titles(body)
    titles = (to_object(row) for row in rows)
    paid_invoices = [
        _parse_paid_invoice(row) for row in titles if _is_paid(row) and _belongs_to(row, contract)
    ]
    return tuple(sorted(paid_invoices, key=lambda each: (each.due, each.id), reverse=True))


def _require_empty_titles(body: Row) -> tuple[PaidInvoice, ...]:
    if is_unknown_subscriber(body):
        raise refusal_error(body)
    if is_empty_result(body):
        return ()
    if read_message(body) and to_integer(body.get("status")) != 1:
        raise refusal_error(body)
    raise UnusableFieldError("the answer holds no list of titles")


def _is_paid(row: Row) -> bool:
    """Decide by the status text, or by the payment date if there is no such text."""
    status_text = fold_text(to_text(row.get("status")))
    if status_text and to_integer(status_text) is None:
        return bool(_PAID.search(status_text)) and not _NOT_PAID.search(status_text)
    return to_date(first_present(row, *_PAID_ON)) is not None


def _belongs_to(row: Row, contract: str) -> bool:
    row_contract_id = first_present_text(
        row, "clienteContrato", "contrato", "contratoId", max_length=60
    )
    return not row_contract_id or row_contract_id == contract.strip()


def _parse_paid_invoice(row: Row) -> PaidInvoice:
    number, due = (
        first_present_text(row, "id", "fatura", max_length=60),
        to_date(row.get("dataVencimento")),
    )
    if not number or due is None:
        raise UnusableFieldError("a paid title lacks a believable id or due date")
    return PaidInvoice(
        id=number,
        due=due,
        amount=to_money(row.get("valor")),
        paid=to_money(row.get("valorPago")),
        paid_on=to_date(first_present(row, *_PAID_ON)),
    )


def parse_pix_code(value: object) -> str:
    """Find the PIX code in the response; empty if there is none.

    Installations name the field differently, and some nest it one level deeper.
    """
    if not isinstance(value, Mapping | list):
        raise UnusableFieldError("the answer is no object")
    body = to_object(value)
    nested = [to_object(body.get(name)) for name in (*_PIX_NAMES, *_NESTED)]
    codes = (_parse_pix(source.get(name)) for source in (body, *nested) for name in _PIX_NAMES)
    return next((code for code in codes if code), "")


def _parse_pix(value: object) -> str:
    code = value.strip() if isinstance(value, str) else ""
    # Inner spaces are part of the code's own checksum, so they stay.
    return code if len(code) <= _MAX_CODE_LENGTH and _PIX.fullmatch(code) else ""


def _parse_digit_line(value: object) -> str:
    digit_line = to_text(value)
    return digit_line if _DIGIT_LINE.fullmatch(digit_line) else ""


def _parse_url(value: object) -> str:
    url = value.strip() if isinstance(value, str) else ""
    return url if len(url) <= _MAX_URL_LENGTH and _URL.fullmatch(url) else ""


def parse_plans(value: object) -> tuple[ServicePlan, ...]:
    """Parse the plans with a price, in the ERP's order; one without a price is not for sale."""
    body = to_object(value)
    rows = to_rows(body.get("planos")) if "planos" in body else None
    if rows is None and isinstance(value, list) and "msg" not in body:
        rows = value
    if rows is None:
        return _require_empty_plans(body)
    plan_rows = (to_object(row) for row in rows)
    return tuple(_parse_plan(row) for row in plan_rows if not (row and is_absent(row.get("preco"))))


def _require_empty_plans(body: Row) -> tuple[ServicePlan, ...]:
    if is_empty_result(body):
        return ()
    if read_message(body) and to_integer(body.get("status")) != 1:
        raise refusal_error(body)
    raise UnusableFieldError("the answer holds no list of plans")


def _parse_plan(row: Row) -> ServicePlan:
    number, name = (
        first_present_text(row, "id", max_length=60),
        first_present_text(row, "descricao", "nome"),
    )
    price = to_money(row.get("preco"))
    if not number or not name or price is None:
        raise UnusableFieldError("a plan lacks a believable id, name or price")
    return ServicePlan(number, name, price)
