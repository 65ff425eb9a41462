"""Extracts facts from the text of a PDF by rules; no model reads the text."""

import re
from collections.abc import Mapping

from niochat.attachments.attachment_facts import validate_facts

_LINE = re.compile(
    r"(?<!\d)(?:\d{5}[. ]?\d{5}[ ]+\d{5}[. ]?\d{6}[ ]+\d{5}[. ]?\d{6}[ ]+\d[ ]+\d{14}"
    r"|\d{11}[- ]?\d[ ]+\d{11}[- ]?\d[ ]+\d{11}[- ]?\d[ ]+\d{11}[- ]?\d|\d{47,48})(?!\d)"
)
_MONEY = r"R\$\s*(\d{1,3}(?:\.\d{3})*,\d{2}|\d+,\d{2})"
_DAY = r"(\d{2})/(\d{2})/(\d{4})"
_VALUE = re.compile(rf"valor[^\n]{{0,40}}?{_MONEY}", re.IGNORECASE)
_ANY_VALUE = re.compile(_MONEY)
_DUE = re.compile(rf"vencimento\D{{0,30}}{_DAY}", re.IGNORECASE)
_ANY_DAY = re.compile(_DAY)
_RECEIPT = re.compile(r"\bcomprovante\b", re.IGNORECASE)
_PAID = re.compile(r"\b(pix|transfer[eê]ncia|pagamento|dep[oó]sito|ted)\b", re.IGNORECASE)
_PAYEE = re.compile(
    r"\b(?:favorecido|recebedor|benefici[aá]rio|para|destino)\s*:\s*([^\n]{2,60})", re.IGNORECASE
)


def extract_pdf_facts(text: str) -> Mapping[str, object]:
    """The facts of a boleto, of a receipt, or ``other``."""
    line = _LINE.search(text)
    if line is not None:
        facts = {
            "kind": "boleto",
            "line": line[0],
            "value": _find_amount(text),
            "due": _find_date(_DUE, text),
        }
        return validate_facts(facts)
    if _RECEIPT.search(text) and _PAID.search(text):
        payee = _PAYEE.search(text)
        facts = {
            "kind": "receipt",
            "value": _find_amount(text),
            "date": _find_date(_ANY_DAY, text),
            "payee": payee[1] if payee else None,
        }
        return validate_facts(facts)
    return validate_facts(None)


def _find_amount(text: str) -> str | None:
    match = _VALUE.search(text) or _ANY_VALUE.search(text)
    return match[1].replace(".", "").replace(",", ".") if match else None


def _find_date(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return f"{match[3]}-{match[2]}-{match[1]}" if match else None
