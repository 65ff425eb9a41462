"""The payment data of an invoice: PIX code, digit line and PDF."""

import binascii
import uuid
from datetime import date
from decimal import Decimal

_BANK, _CURRENCY = "341", "9"
_FACTOR_ORIGIN, _FACTOR_CYCLE = date(1997, 10, 7), 9000
_PIX_KEYS = uuid.UUID("6b8f4f36-3f5f-4d6e-9a53-0d5a1f0c7e21")
_MERCHANT, _CITY = "PROVEDOR DEMO", "OLINDA"


def build_pix_code(invoice: int, amount: Decimal) -> str:
    """Build a static BR Code of ``amount`` BRL: numbered EMV fields with a CRC16 at the end."""
    key = str(uuid.uuid5(_PIX_KEYS, str(invoice)))
    fields = [
        ("00", "01"),
        ("26", _emv_field("00", "br.gov.bcb.pix") + _emv_field("01", key)),
        ("52", "0000"),
        ("53", "986"),
        ("54", f"{amount:.2f}"),
        ("58", "BR"),
        ("59", _MERCHANT),
        ("60", _CITY),
        ("62", _emv_field("05", f"FATURA{invoice}")),
    ]
    code = "".join(_emv_field(number, value) for number, value in fields) + "6304"
    return f"{code}{binascii.crc_hqx(code.encode(), 0xFFFF):04X}"


def build_digit_line(invoice: int, amount: Decimal, due: date) -> str:
    """Build the 47 digits of a bank slip with valid check digits, in the usual groups."""
    free = f"109{invoice:08d}{invoice * 7919 % 10**14:014d}"
    tail = f"{_due_factor(due):04d}{int(amount * 100):010d}"
    head = _BANK + _CURRENCY
    first = _with_check_digit(head + free[:5])
    second, third = _with_check_digit(free[5:15]), _with_check_digit(free[15:])
    check = _modulo_11(head + tail + free)
    groups = (_with_dots(first), _with_dots(second), _with_dots(third), str(check), tail)
    return " ".join(groups)


def build_bar_code(line: str) -> str:
    """The 44 digits of the bar code that belongs to a digit line."""
    digits = "".join(each for each in line if each.isdigit())
    free = digits[4:9] + digits[10:20] + digits[21:31]
    return digits[:4] + digits[32] + digits[33:] + free


def render_invoice_pdf(invoice: int) -> bytes:
    """Render the invoice as a PDF of one page that readers open without a repair."""
    text = f"BT /F1 18 Tf 40 780 Td (Boleto da fatura {invoice} - provedor de demonstracao) Tj ET"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        "/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(text)}>>stream\n{text}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    return _render_pdf(objects)


def _render_pdf(objects: list[str]) -> bytes:
    content, offsets = "%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        offsets.append(len(content))
        content += f"{number} 0 obj\n{each}\nendobj\n"
    entries = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    table = f"xref\n0 {size}\n0000000000 65535 f \n{entries}"
    end = f"trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{len(content)}\n%%EOF\n"
    return (content + table + end).encode("ascii")


def _emv_field(number: str, value: str) -> str:
    return f"{number}{len(value):02d}{value}"


def _due_factor(due: date) -> int:
    """Days since the origin as four digits; 1000 follows 9999 (FEBRABAN, 22/02/2025)."""
    days = (due - _FACTOR_ORIGIN).days
    return (days - 1000) % _FACTOR_CYCLE + 1000


def _with_check_digit(digits: str) -> str:
    return f"{digits}{_modulo_10(digits)}"


def _with_dots(digits: str) -> str:
    return f"{digits[:5]}.{digits[5:]}"


def _modulo_10(digits: str) -> int:
    doubled = (int(each) * (2 - place % 2) for place, each in enumerate(reversed(digits)))
    return -sum(value // 10 + value % 10 for value in doubled) % 10


def _modulo_11(digits: str) -> int:
    weighed = (int(each) * (2 + place % 8) for place, each in enumerate(reversed(digits)))
    check = 11 - sum(weighed) % 11
    return check if 2 <= check <= 9 else 1
