"""Invented documents and means of payment are as well formed as real ones."""

import binascii
import re
from datetime import date
from decimal import Decimal

import pytest

from niochat_sandbox.sgp.boletos import (
    build_bar_code,
    build_digit_line,
    build_pix_code,
    render_invoice_pdf,
)
from niochat_sandbox.sgp.erp_subscribers import SgpOpenInvoice
from niochat_sandbox.sgp.invented_tax_ids import build_cnpj, build_cpf, format_tax_id
from niochat_sandbox.sgp.seed_subscribers import SUBSCRIBER_CASES

INVOICES = [
    invoice
    for each in SUBSCRIBER_CASES
    for contract in each.contracts
    for invoice in contract.invoices
]


def emv_fields(code: str) -> dict[str, str]:
    fields = {}
    while code:
        length = int(code[2:4])
        fields[code[:2]], code = code[4 : 4 + length], code[4 + length :]
    return fields


def modulo_10(digits: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        product = int(digit) * (1 if place % 2 else 2)
        total += product - 9 if product > 9 else product
    return (10 - total % 10) % 10


def test_known_documents_get_their_known_check_digits() -> None:
    assert build_cpf(123456789) == "12345678909"
    assert build_cpf(111444777) == "11144477735"
    assert build_cnpj(11222333) == "11222333000181"
    assert format_tax_id("12345678909") == "123.456.789-09"
    assert format_tax_id("11222333000181") == "11.222.333/0001-81"


def test_every_subscriber_is_somebody_else() -> None:
    assert len({each.document for each in SUBSCRIBER_CASES}) == len(SUBSCRIBER_CASES)
    assert len({each.phone for each in SUBSCRIBER_CASES}) == len(SUBSCRIBER_CASES)
    assert len({each.name for each in SUBSCRIBER_CASES}) == len(SUBSCRIBER_CASES)
    assert all(re.fullmatch(r"55819\d{8}", each.phone) for each in SUBSCRIBER_CASES)
    numbers = [contract.id for each in SUBSCRIBER_CASES for contract in each.contracts]
    assert len(set(numbers)) == len(numbers)
    assert len({invoice.id for invoice in INVOICES}) == len(INVOICES)


@pytest.mark.parametrize("invoice", INVOICES, ids=lambda each: str(each.id))
def test_a_pix_code_is_closed_by_its_checksum(invoice: SgpOpenInvoice) -> None:
    code = build_pix_code(invoice.id, invoice.amount)
    assert code.startswith("000201")
    assert code[-8:-4] == "6304"
    assert code[-4:] == f"{binascii.crc_hqx(code[:-4].encode(), 0xFFFF):04X}"
    fields = emv_fields(code)
    assert fields["54"] == f"{invoice.amount:.2f}"
    assert (fields["53"], fields["58"]) == ("986", "BR")
    assert emv_fields(fields["26"])["00"] == "br.gov.bcb.pix"


def test_the_checksum_is_the_one_of_the_standard() -> None:
    assert binascii.crc_hqx(b"123456789", 0xFFFF) == 0x29B1


@pytest.mark.parametrize("invoice", INVOICES, ids=lambda each: str(each.id))
def test_a_digit_line_has_its_groups_and_check_digits(invoice: SgpOpenInvoice) -> None:
    line = build_digit_line(invoice.id, invoice.amount, invoice.due)
    shape = r"\d{5}\.\d{5} \d{5}\.\d{6} \d{5}\.\d{6} \d \d{14}"
    assert re.fullmatch(shape, line)
    first, second, third, _, tail = line.replace(".", "").split(" ")
    assert all(modulo_10(each[:-1]) == int(each[-1]) for each in (first, second, third))
    assert Decimal(tail[4:]) / 100 == invoice.amount
    bars = build_bar_code(line)
    weights = [2 + place % 8 for place in range(43)]
    digits = reversed(bars[:4] + bars[5:])
    total = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
    expected = 11 - total % 11
    assert int(bars[4]) == (expected if 2 <= expected <= 9 else 1)


@pytest.mark.parametrize(
    ("due", "factor"),
    [
        (date(2000, 7, 3), "1000"),
        (date(2025, 2, 21), "9999"),
        (date(2025, 2, 22), "1000"),
    ],
)
def test_the_due_factor_begins_again_after_9999(due: date, factor: str) -> None:
    assert build_digit_line(9001, Decimal("99.90"), due)[-14:-10] == factor


def test_a_paper_is_a_pdf_whose_table_points_at_its_objects() -> None:
    data = render_invoice_pdf(9001)
    assert data.startswith(b"%PDF-1.4")
    assert data.endswith(b"%%EOF\n")
    start = int(data.split(b"startxref\n")[1].split(b"\n")[0])
    assert data[start : start + 4] == b"xref"
    offsets = [int(each) for each in re.findall(rb"(\d{10}) 00000 n", data)]
    for number, offset in enumerate(offsets, start=1):
        assert data[offset:].startswith(b"%d 0 obj" % number)
    assert b"9001" in data
