"""CPF and CNPJ, recognised by their check digits (Receita Federal's rule)."""

import re
from collections.abc import Callable

from stdnum.br import cnpj, cpf

_BETWEEN = r"[ .\-/]{0,3}"
_WRITTEN = (
    *(re.compile(rf"(?<!\d)\d(?:{_BETWEEN}\d){{{digits - 1}}}(?!\d)") for digits in (11, 14)),
    # With letters only in the printed grouping, because ordinary words are letters too.
    re.compile(
        r"(?<![^\W_])[^\W_]{2}[. ]?[^\W_]{3}[. ]?[^\W_]{3}[/ ]?[^\W_]{4}[- ]?\d{2}(?![^\W_])", re.A
    ),
)
"""A CPF or CNPJ in any usual grouping. A CNPJ issued since July 2026 may have letters in its first
twelve places (Receita Federal, IN RFB 2.229/2024)."""
_CPF = re.compile(r"[0-9]{11}")
_CNPJ = re.compile(r"[0-9A-Z]{12}[0-9]{2}")


def parse_tax_id(text: str) -> str | None:
    """Returns the eleven digits of a CPF, or the fourteen characters of a CNPJ in upper case;
    ``None`` if the check digits are wrong.

    About one in a hundred phone numbers of eleven digits passes by accident.
    """
    bare = re.sub(r"[ .\-/]", "", text.strip()).upper()
    if not (_CPF.fullmatch(bare) or _CNPJ.fullmatch(bare)) or len(set(bare)) == 1:
        return None
    valid = cpf.is_valid(bare) if len(bare) == 11 else cnpj.is_valid(bare)
    return bare if valid else None


def find_tax_ids(text: str) -> list[str]:
    """Returns every valid tax id in ``text`` once, in order of appearance."""
    matches = [match for pattern in _WRITTEN for match in pattern.finditer(text)]
    ordered = sorted(matches, key=lambda match: match.start())
    tax_ids = (parse_tax_id(match[0]) for match in ordered)
    return list(dict.fromkeys(tax_id for tax_id in tax_ids if tax_id is not None))


def replace_tax_ids(text: str, mask: Callable[[str], str]) -> str:
    """Replaces every valid tax id in ``text`` by the result of ``mask``, which gets it as typed."""
    for pattern in _WRITTEN:
        text = pattern.sub(
            lambda match: mask(match[0]) if parse_tax_id(match[0]) else match[0], text
        )
    return text


def format_tax_id(document: str) -> str:
    """Formats it for reading: ``529.982.247-25`` or ``11.222.333/0001-81``."""
    if len(document) == 11:
        return f"{document[:3]}.{document[3:6]}.{document[6:9]}-{document[9:]}"
    rest = f"{document[5:8]}/{document[8:12]}-{document[12:]}"
    return f"{document[:2]}.{document[2:5]}.{rest}"


def format_masked_tax_id(document: str) -> str:
    """Formats it with only the last two digits visible, enough to compare it with a document."""
    return re.sub(r"[0-9A-Z](?=.*\d.*\d)", "*", format_tax_id(document))
