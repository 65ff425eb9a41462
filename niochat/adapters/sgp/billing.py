"""Reading of invoices, PIX codes and plans (SGP reference 3.2): money is never guessed."""

import re
from collections.abc import Mapping
from decimal import Decimal

from niochat.adapters.sgp.fields import (
    Unusable,
    absent,
    day_of,
    first_of,
    first_text,
    money_of,
    object_of,
    plain,
    rows_of,
    text_of,
    whole_of,
)
from niochat.adapters.sgp.judge import names_nobody, names_nothing, refusal, said_of
from niochat.domain.erp import Invoice, PaidInvoice, ServicePlan

_LONGEST_CODE = 600
_LONGEST_URL = 2000
_PIX = re.compile(r"0002[\x20-\x7e\xa0-\xff]{10,}")
"""A payload of the EMV standard always begins so; a picture or an address of one does not."""
_PIX_NAMES = (
    "codigopix", "codigoPix", "codigo_pix", "pix", "emv", "qrcode", "qrCode", "qr_code",
    "pixCopiaECola", "copiaecola", "copia_cola",
)  # fmt: skip
_NESTED = ("data", "dados", "fatura", "links")
_DIGIT_LINE = re.compile(r"[0-9][0-9 .-]{9,98}")
_PAID_ON = ("dataPagamento", "data_pagamento", "dataBaixa")
_PAID = re.compile(r"\b(pag[oa]|quitad[oa]|liquidad[oa]|baixad[oa]|recebid[oa])")
_NOT_PAID = re.compile(r"\b(nao|aguardando|cancelad[oa]|estornad[oa])\b")
_URL = re.compile(r"https?://[\x21-\x7e]+", re.IGNORECASE)

Row = Mapping[str, object]


def invoices(value: object) -> tuple[Invoice, ...]:
    """Open invoices, earliest due first. Raises ``Unusable`` if any one cannot be read.

    Leaving it out would tell a subscriber that it is paid.
    """
    answer = object_of(value)
    rows = rows_of(answer.get("links"))
    if rows:
        read = [_invoice(object_of(row)) for row in rows]
        return tuple(sorted(read, key=lambda invoice: (invoice.due, invoice.id)))
    if names_nobody(answer):
        raise refusal(answer)
    if rows is not None or names_nothing(answer):
        return ()
    if said_of(answer) and whole_of(answer.get("status")) != 1:
        raise refusal(answer)
    raise Unusable("the answer holds no list of invoices")


def _invoice(row: Row) -> Invoice:
    number = first_text(row, "fatura", "id", longest=60)
    due, amount = day_of(row.get("vencimento")), money_of(row.get("valor"))
    if not number or due is None or amount is None:
        raise Unusable("an invoice lacks a believable id, due date or amount")
    return Invoice(
        id=number,
        due=due,
        amount=amount,
        pix=_pix(first_of(row, "codigopix", "codigoPix")),
        digit_line=_digit_line(first_of(row, "linhadigitavel", "linhaDigitavel")),
        pdf_url=_url(first_of(row, "link", "link_cobranca")),
        original=money_of(row.get("valor_original")),
        fine=_part(row.get("multa")),
        interest=_part(row.get("juros")),
        discount=_part(row.get("desconto_vencimento")),
    )


def _part(value: object) -> Decimal:
    """A part of an amount that explains it; an odd one explains nothing, the amount stands."""
    return money_of(value) or Decimal(0)


def paid_invoices(value: object, contract: str) -> tuple[PaidInvoice, ...]:
    """Paid invoices of the contract, the one that was due last first.

    An installation that does not know the filter lists others as well: what does not say that it
    is paid is left out, and so is what is another contract's. Raises ``Unusable`` for one that
    says so and cannot be read.
    """
    answer = object_of(value)
    rows = rows_of(answer.get("titulos"))
    if rows is None and isinstance(value, list) and "titulos" not in answer:
        rows = value
    if rows is None:
        return _no_titles(answer)
    ours = (object_of(row) for row in rows)
    read = [_paid(row) for row in ours if _is_paid(row) and _is_of(row, contract)]
    return tuple(sorted(read, key=lambda each: (each.due, each.id), reverse=True))


def _no_titles(answer: Row) -> tuple[PaidInvoice, ...]:
    if names_nobody(answer):
        raise refusal(answer)
    if names_nothing(answer):
        return ()
    if said_of(answer) and whole_of(answer.get("status")) != 1:
        raise refusal(answer)
    raise Unusable("the answer holds no list of titles")


def _is_paid(row: Row) -> bool:
    """By its words, or by a day of payment where there are none."""
    said = plain(text_of(row.get("status")))
    if said and whole_of(said) is None:
        return bool(_PAID.search(said)) and not _NOT_PAID.search(said)
    return day_of(first_of(row, *_PAID_ON)) is not None


def _is_of(row: Row, contract: str) -> bool:
    told = first_text(row, "clienteContrato", "contrato", "contratoId", longest=60)
    return not told or told == contract.strip()


def _paid(row: Row) -> PaidInvoice:
    number, due = first_text(row, "id", "fatura", longest=60), day_of(row.get("dataVencimento"))
    if not number or due is None:
        raise Unusable("a paid title lacks a believable id or due date")
    return PaidInvoice(
        id=number,
        due=due,
        amount=money_of(row.get("valor")),
        paid=money_of(row.get("valorPago")),
        paid_on=day_of(first_of(row, *_PAID_ON)),
    )


def pix_code(value: object) -> str:
    """The PIX code, wherever the answer has it; empty: there is none.

    Installations name the field differently, some put it one level down.
    """
    if not isinstance(value, Mapping | list):
        raise Unusable("the answer is no object")
    answer = object_of(value)
    inner = [object_of(answer.get(name)) for name in (*_PIX_NAMES, *_NESTED)]
    found = (_pix(source.get(name)) for source in (answer, *inner) for name in _PIX_NAMES)
    return next((code for code in found if code), "")


def _pix(value: object) -> str:
    code = value.strip() if isinstance(value, str) else ""
    # Inner spaces stay: they count in the code's own checksum.
    return code if len(code) <= _LONGEST_CODE and _PIX.fullmatch(code) else ""


def _digit_line(value: object) -> str:
    line = text_of(value)
    return line if _DIGIT_LINE.fullmatch(line) else ""


def _url(value: object) -> str:
    url = value.strip() if isinstance(value, str) else ""
    return url if len(url) <= _LONGEST_URL and _URL.fullmatch(url) else ""


def plans(value: object) -> tuple[ServicePlan, ...]:
    """Plans with a price, in the ERP's order; one without a price is not for sale."""
    answer = object_of(value)
    rows = rows_of(answer.get("planos")) if "planos" in answer else None
    if rows is None and isinstance(value, list) and "msg" not in answer:
        rows = value
    if rows is None:
        return _no_plans(answer)
    told = (object_of(row) for row in rows)
    return tuple(_plan(row) for row in told if not (row and absent(row.get("preco"))))


def _no_plans(answer: Row) -> tuple[ServicePlan, ...]:
    if names_nothing(answer):
        return ()
    if said_of(answer) and whole_of(answer.get("status")) != 1:
        raise refusal(answer)
    raise Unusable("the answer holds no list of plans")


def _plan(row: Row) -> ServicePlan:
    number, name = first_text(row, "id", longest=60), first_text(row, "descricao", "nome")
    price = money_of(row.get("preco"))
    if not number or not name or price is None:
        raise Unusable("a plan lacks a believable id, name or price")
    return ServicePlan(number, name, price)
