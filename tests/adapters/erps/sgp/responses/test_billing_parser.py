"""Invoices, PIX codes and plans."""

from datetime import date
from decimal import Decimal

import pytest

from niochat.ports.erp import ErpError, ErpRefusedError, Invoice, PaidInvoice, ServicePlan
from tests.adapters.erps.sgp.sample_responses import (
    DIGIT_LINE,
    INVOICES,
    PAID,
    PIX,
    PIX_READ,
    PLANS,
    build_invoice_row,
    build_invoices_response,
    build_title_row,
    parse_value,
)

READ = Invoice(
    id="9001",
    due=date(2026, 11, 10),
    amount=Decimal("99.90"),
    pix=PIX,
    digit_line=DIGIT_LINE,
    pdf_url="https://isp.sgp.net.br/boleto/9001",
    original=Decimal("99.90"),
)


def code_of(request: object, answer: object) -> str:
    with pytest.raises(ErpError) as error:
        parse_value(request, answer)
    return error.value.code


def test_an_invoice_of_the_reference() -> None:
    assert parse_value(INVOICES, build_invoices_response(build_invoice_row())) == (READ,)


def test_invoices_come_earliest_due_first() -> None:
    later, sooner = (
        build_invoice_row(fatura=2, vencimento="01/12/2026"),
        build_invoice_row(fatura="1"),
    )
    read_in_order = parse_value(INVOICES, build_invoices_response(later, sooner))
    assert isinstance(read_in_order, tuple)
    assert [each.id for each in read_in_order] == ["1", "2"]


@pytest.mark.parametrize("nothing", ["", None, "None", 0, "<img>", "https://x/pix.png", "0002\n01"])
def test_codes_that_are_not_there_are_empty(nothing: object) -> None:
    codes = {"codigopix": nothing, "linhadigitavel": None, "link": "None", "link_cobranca": ""}
    assert parse_value(INVOICES, build_invoices_response(build_invoice_row(**codes))) == (
        Invoice("9001", date(2026, 11, 10), Decimal("99.90"), original=Decimal("99.90")),
    )


def test_the_parts_of_an_amount_are_told() -> None:
    late = build_invoice_row(valor="102.29", multa="2,00", juros=0.39, desconto_vencimento="None")
    (one,) = parse_value(INVOICES, build_invoices_response(late))
    parts = (one.original, one.fine, one.interest, one.discount)
    assert parts == tuple(map(Decimal, ("99.90", "2.00", "0.39", "0")))


@pytest.mark.parametrize("odd", [None, "", "None", "-3", "abc", True, [], float("nan")])
def test_a_part_that_cannot_be_read_explains_nothing(odd: object) -> None:
    (one,) = parse_value(
        INVOICES,
        build_invoices_response(build_invoice_row(multa=odd, juros=odd, valor_original=odd)),
    )
    assert (one.original, one.fine, one.interest) == (None, 0, 0)
    assert one.amount == Decimal("99.90")


def test_the_link_is_the_invoices_or_the_charges() -> None:
    (only,) = parse_value(INVOICES, build_invoices_response(build_invoice_row(link="")))
    assert only.pdf_url == "https://isp.sgp.net.br/cobranca/9001"


@pytest.mark.parametrize(
    "answer",
    [
        build_invoices_response(),
        {"status": 0, "msg": "Nenhum título em aberto", "links": []},
        {"status": 2, "msg": "Cliente não possui faturas em aberto"},
        {"status": 0, "msg": "Sem boletos em aberto", "links": None},
        [{"status": "0", "msg": "Não há nenhuma fatura"}],
        {"status": 0, "msg": "Fatura não encontrada"},
    ],
)
def test_no_open_invoices_gives_an_empty_list(answer: object) -> None:
    assert parse_value(INVOICES, answer) == ()


@pytest.mark.parametrize(
    "msg", ["Contrato não encontrado", "Não foi possível consultar", "Não há comunicação"]
)
def test_a_complaint_is_never_told_as_no_open_invoice(msg: str) -> None:
    with pytest.raises(ErpRefusedError, match=msg):
        parse_value(INVOICES, {"status": 0, "msg": msg})


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
    assert (
        code_of(
            INVOICES,
            build_invoices_response(build_invoice_row(fatura=1), build_invoice_row(**broken)),
        )
        == "erp_malformed"
    )


@pytest.mark.parametrize("row", [None, "x", 5, [], {}])
def test_an_invoice_that_is_no_object_does_not_disappear(row: object) -> None:
    assert code_of(INVOICES, {"links": [build_invoice_row(), row]}) == "erp_malformed"


BOUGHT = PaidInvoice(
    "8001", date(2026, 10, 10), Decimal("99.90"), Decimal("99.90"), date(2026, 10, 8)
)


@pytest.mark.parametrize(
    "answer",
    [
        {"paginacao": {"total": 1}, "titulos": [build_title_row()]},
        {"titulos": build_title_row()},
        [build_title_row()],
        {"titulos": [build_title_row(status=" Liquidado ")]},
        {"titulos": [build_title_row(status=None)]},
        {"titulos": [build_title_row(status=2)]},
    ],
)
def test_a_paid_invoice_of_the_reference(answer: object) -> None:
    assert parse_value(PAID, answer) == (BOUGHT,)


@pytest.mark.parametrize(
    "other",
    [
        {"status": "aberto"},
        {"status": "Não pago"},
        {"status": "Aguardando pagamento"},
        {"status": "pago (estornado)"},
        {"status": "cancelado", "dataPagamento": None},
        {"status": None, "dataPagamento": "None"},
        {"clienteContrato": 5502},
    ],
)
def test_what_does_not_say_that_it_is_paid_is_not_told_as_paid(other: dict[str, object]) -> None:
    assert parse_value(PAID, {"titulos": [build_title_row(**other), build_title_row()]}) == (
        BOUGHT,
    )


def test_paid_invoices_come_latest_due_first_and_lack_what_is_not_told() -> None:
    older = build_title_row(
        id=7, dataVencimento="10/09/2026", valor=None, valorPago="", dataPagamento=None
    )
    assert parse_value(PAID, [older, build_title_row()]) == (
        BOUGHT,
        PaidInvoice("7", date(2026, 9, 10), None),
    )


@pytest.mark.parametrize(
    "answer", [{"titulos": []}, {"status": 0, "msg": "Nenhum título encontrado"}]
)
def test_no_paid_invoices_gives_an_empty_list(answer: object) -> None:
    assert parse_value(PAID, answer) == ()


@pytest.mark.parametrize("msg", ["Contrato não encontrado", "Não foi possível consultar"])
def test_a_complaint_is_never_told_as_nothing_paid(msg: str) -> None:
    with pytest.raises(ErpRefusedError, match=msg):
        parse_value(PAID, {"status": 0, "msg": msg})


@pytest.mark.parametrize("broken", [{"id": None}, {"dataVencimento": "ontem"}])
def test_a_paid_invoice_that_cannot_be_read_spoils_the_list(broken: dict[str, object]) -> None:
    assert (
        code_of(PAID, {"titulos": [build_title_row(), build_title_row(**broken)]})
        == "erp_malformed"
    )


@pytest.mark.parametrize("name", ["codigoPix", "codigopix", "pix", "emv", "qrcode"])
@pytest.mark.parametrize("around", [lambda a: a, lambda a: [a], lambda a: {"data": a}])
def test_a_pix_code_is_found_where_installations_put_it(name: str, around: object) -> None:
    assert callable(around)
    assert parse_value(PIX_READ, around({name: f" {PIX} "})) == PIX


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
    assert parse_value(PIX_READ, answer) == ""


def test_a_picture_does_not_hide_the_code() -> None:
    assert parse_value(PIX_READ, {"pix": "https://x/qr.png", "emv": PIX}) == PIX
    assert parse_value(PIX_READ, {"pix": {"qrcode": "aW1n", "copiaecola": PIX}}) == PIX


PLAN = {"id": 12, "descricao": " FIBRA 500 ", "preco": "99,90", "qtd_servicos": 1}
FIBRE = ServicePlan("12", "FIBRA 500", Decimal("99.90"))


@pytest.mark.parametrize("answer", [{"planos": [PLAN]}, [PLAN], [{"planos": [PLAN]}]])
def test_plans_in_every_shape(answer: object) -> None:
    assert parse_value(PLANS, answer) == (FIBRE,)


def test_a_plan_without_a_price_is_not_for_sale() -> None:
    assert parse_value(PLANS, {"planos": [{**PLAN, "preco": None}, PLAN]}) == (FIBRE,)


@pytest.mark.parametrize("answer", [[], {"planos": []}, {"status": 0, "msg": "Nenhum plano"}])
def test_no_plans_gives_an_empty_list(answer: object) -> None:
    assert parse_value(PLANS, answer) == ()


@pytest.mark.parametrize(
    "broken", [{"preco": -1}, {"preco": "abc"}, {"id": ""}, {"descricao": 0.5}]
)
def test_a_plan_that_cannot_be_read_spoils_the_list(broken: dict[str, object]) -> None:
    assert code_of(PLANS, {"planos": [PLAN, {**PLAN, **broken}]}) == "erp_malformed"
