"""Invoices, PIX codes and plans."""

from datetime import date
from decimal import Decimal

import pytest

from niochat.domain.erp import ErpError, ErpRefused, Invoice, Plan

from .answers import DIGIT_LINE, INVOICES, PIX, PIX_READ, PLANS, billed, invoice, read

READ = Invoice(
    id="9001",
    due=date(2026, 11, 10),
    amount=Decimal("99.90"),
    pix=PIX,
    digit_line=DIGIT_LINE,
    pdf_url="https://isp.sgp.net.br/boleto/9001",
)


def code_of(request: object, answer: object) -> str:
    with pytest.raises(ErpError) as error:
        read(request, answer)
    return error.value.code


def test_an_invoice_of_the_reference() -> None:
    assert read(INVOICES, billed(invoice())) == (READ,)


def test_invoices_come_earliest_due_first() -> None:
    later, sooner = invoice(fatura=2, vencimento="01/12/2026"), invoice(fatura="1")
    read_in_order = read(INVOICES, billed(later, sooner))
    assert isinstance(read_in_order, tuple)
    assert [each.id for each in read_in_order] == ["1", "2"]


@pytest.mark.parametrize("nothing", ["", None, "None", 0, "<img>", "https://x/pix.png", "0002\n01"])
def test_codes_that_are_not_there_are_empty(nothing: object) -> None:
    codes = {"codigopix": nothing, "linhadigitavel": None, "link": "None", "link_cobranca": ""}
    assert read(INVOICES, billed(invoice(**codes))) == (
        Invoice("9001", date(2026, 11, 10), Decimal("99.90")),
    )


def test_the_link_is_the_invoices_or_the_charges() -> None:
    (only,) = read(INVOICES, billed(invoice(link="")))  # type: ignore[misc]
    assert only.pdf_url == "https://isp.sgp.net.br/cobranca/9001"


@pytest.mark.parametrize(
    "answer",
    [
        billed(),
        {"status": 0, "msg": "Nenhum título em aberto", "links": []},
        {"status": 2, "msg": "Cliente não possui faturas em aberto"},
        {"status": 0, "msg": "Sem boletos em aberto", "links": None},
        [{"status": "0", "msg": "Não há nenhuma fatura"}],
        {"status": 0, "msg": "Fatura não encontrada"},
    ],
)
def test_no_open_invoice(answer: object) -> None:
    assert read(INVOICES, answer) == ()


@pytest.mark.parametrize(
    "msg", ["Contrato não encontrado", "Não foi possível consultar", "Não há comunicação"]
)
def test_a_complaint_is_never_told_as_no_open_invoice(msg: str) -> None:
    with pytest.raises(ErpRefused, match=msg):
        read(INVOICES, {"status": 0, "msg": msg})


@pytest.mark.parametrize(
    "broken",
    [
        {"fatura": None, "id": "None"},
        {"valor": None},
        {"valor": "-1"},
        {"valor": float("nan")},
        {"valor": float("inf")},
        {"valor": "1.234"},
        {"valor": 10**9},
        {"valor": True},
        {"vencimento": None},
        {"vencimento": "ontem"},
        {"vencimento": 20261110},
        {"vencimento": "0000-00-00"},
    ],
)
def test_an_invoice_that_cannot_be_read_does_not_disappear(broken: dict[str, object]) -> None:
    assert code_of(INVOICES, billed(invoice(fatura=1), invoice(**broken))) == "erp_malformed"


@pytest.mark.parametrize("row", [None, "x", 5, [], {}])
def test_an_invoice_that_is_no_object_does_not_disappear(row: object) -> None:
    assert code_of(INVOICES, {"links": [invoice(), row]}) == "erp_malformed"


@pytest.mark.parametrize("name", ["codigoPix", "codigopix", "pix", "emv", "qrcode"])
@pytest.mark.parametrize("around", [lambda a: a, lambda a: [a], lambda a: {"data": a}])
def test_a_pix_code_is_found_where_installations_put_it(name: str, around: object) -> None:
    assert callable(around)
    assert read(PIX_READ, around({name: f" {PIX} "})) == PIX


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"codigoPix": ""},
        {"codigoPix": "None", "qrcode": "data:image/png;base64,AAAA"},
        {"status": 0, "msg": "Cobrança sem PIX"},
        {"pix": {"emv": None}},
        {"pix": "0002" + "9" * 5000},
    ],
)
def test_no_pix_code_is_empty(answer: object) -> None:
    assert read(PIX_READ, answer) == ""


def test_a_picture_does_not_hide_the_code() -> None:
    assert read(PIX_READ, {"pix": "https://x/qr.png", "emv": PIX}) == PIX
    assert read(PIX_READ, {"pix": {"qrcode": "aW1n", "copiaecola": PIX}}) == PIX


PLAN = {"id": 12, "descricao": " FIBRA 500 ", "preco": "99,90", "qtd_servicos": 1}
FIBRE = Plan("12", "FIBRA 500", Decimal("99.90"))


@pytest.mark.parametrize("answer", [{"planos": [PLAN]}, [PLAN], [{"planos": [PLAN]}]])
def test_plans_in_every_shape(answer: object) -> None:
    assert read(PLANS, answer) == (FIBRE,)


def test_a_plan_without_a_price_is_not_for_sale() -> None:
    assert read(PLANS, {"planos": [{**PLAN, "preco": None}, PLAN]}) == (FIBRE,)


@pytest.mark.parametrize("answer", [[], {"planos": []}, {"status": 0, "msg": "Nenhum plano"}])
def test_no_plans(answer: object) -> None:
    assert read(PLANS, answer) == ()


@pytest.mark.parametrize(
    "broken", [{"preco": -1}, {"preco": "abc"}, {"id": ""}, {"descricao": 0.5}]
)
def test_a_plan_that_cannot_be_read_spoils_the_list(broken: dict[str, object]) -> None:
    assert code_of(PLANS, {"planos": [PLAN, {**PLAN, **broken}]}) == "erp_malformed"
