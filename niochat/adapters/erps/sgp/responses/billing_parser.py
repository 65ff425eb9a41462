"""Reading of invoices, PIX codes and plans (SGP reference 3.2): money is never guessed."""

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
"""A payload of the EMV standard always begins so; a picture or an address of one does not."""
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
    """Open invoices, earliest due first. Raises ``UnusableFieldError`` if any one cannot be read.

    Leaving it out would tell a subscriber that it is paid.
    """
    answer = to_object(value)
    rows = to_rows(answer.get("links"))
    if rows:
        read = [_parse_invoice(to_object(row)) for row in rows]
        return tuple(sorted(read, key=lambda invoice: (invoice.due, invoice.id)))
    if is_unknown_subscriber(answer):
        raise refusal_error(answer)
    if rows is not None or is_empty_result(answer):
        return ()
    if read_message(answer) and to_integer(answer.get("status")) != 1:
        raise refusal_error(answer)
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
    """A part of an amount that explains it; an odd one explains nothing, the amount stands."""
    return to_money(value) or Decimal(0)


def parse_paid_invoices(value: object, contract: str) -> tuple[PaidInvoice, ...]:
    """Paid invoices of the contract, the one that was due last first.

    An installation that does not know the filter lists others as well: what does not say that it
    is paid is left out, and so is what is another contract's. Raises ``UnusableFieldError`` for one
    that says so and cannot be read.
    """
    answer = to_object(value)
    rows = to_rows(answer.get("titulos"))
    if rows is None and isinstance(value, list) and "titulos" not in answer:
        rows = value
    if rows is None:
        return _is_empty_title_list(answer)
    ours = (to_object(row) for row in rows)
    read = [
        _parse_paid_invoice(row) for row in ours if _is_paid(row) and _belongs_to(row, contract)
    ]
    return tuple(sorted(read, key=lambda each: (each.due, each.id), reverse=True))


def _is_empty_title_list(answer: Row) -> tuple[PaidInvoice, ...]:
    if is_unknown_subscriber(answer):
        raise refusal_error(answer)
    if is_empty_result(answer):
        return ()
    if read_message(answer) and to_integer(answer.get("status")) != 1:
        raise refusal_error(answer)
    raise UnusableFieldError("the answer holds no list of titles")


def _is_paid(row: Row) -> bool:
    """By its words, or by a day of payment where there are none."""
    said = fold_text(to_text(row.get("status")))
    if said and to_integer(said) is None:
        return bool(_PAID.search(said)) and not _NOT_PAID.search(said)
    return to_date(first_present(row, *_PAID_ON)) is not None


def _belongs_to(row: Row, contract: str) -> bool:
    told = first_present_text(row, "clienteContrato", "contrato", "contratoId", max_length=60)
    return not told or told == contract.strip()


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
    """The PIX code, wherever the answer has it; empty: there is none.

    Installations name the field differently, some put it one level down.
    """
    if not isinstance(value, Mapping | list):
        raise UnusableFieldError("the answer is no object")
    answer = to_object(value)
    inner = [to_object(answer.get(name)) for name in (*_PIX_NAMES, *_NESTED)]
    found = (_parse_pix(source.get(name)) for source in (answer, *inner) for name in _PIX_NAMES)
    return next((code for code in found if code), "")


def _parse_pix(value: object) -> str:
    code = value.strip() if isinstance(value, str) else ""
    # Inner spaces stay: they count in the code's own checksum.
    return code if len(code) <= _MAX_CODE_LENGTH and _PIX.fullmatch(code) else ""


def _parse_digit_line(value: object) -> str:
    line = to_text(value)
    return line if _DIGIT_LINE.fullmatch(line) else ""


def _parse_url(value: object) -> str:
    url = value.strip() if isinstance(value, str) else ""
    return url if len(url) <= _MAX_URL_LENGTH and _URL.fullmatch(url) else ""


def parse_plans(value: object) -> tuple[ServicePlan, ...]:
    """Plans with a price, in the ERP's order; one without a price is not for sale."""
    answer = to_object(value)
    rows = to_rows(answer.get("planos")) if "planos" in answer else None
    if rows is None and isinstance(value, list) and "msg" not in answer:
        rows = value
    if rows is None:
        return _is_empty_plan_list(answer)
    told = (to_object(row) for row in rows)
    return tuple(_parse_plan(row) for row in told if not (row and is_absent(row.get("preco"))))


def _is_empty_plan_list(answer: Row) -> tuple[ServicePlan, ...]:
    if is_empty_result(answer):
        return ()
    if read_message(answer) and to_integer(answer.get("status")) != 1:
        raise refusal_error(answer)
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
