"""CPF and CNPJ: told from other numbers by their check digits (Receita Federal's rule)."""

import re
from collections.abc import Callable

from stdnum.br import cnpj, cpf

_BETWEEN = r"[ .\-/]{0,3}"
_WRITTEN = (
    *(re.compile(rf"(?<!\d)\d(?:{_BETWEEN}\d){{{digits - 1}}}(?!\d)") for digits in (11, 14)),
    # With letters only as it is printed, with or without its marks: words are letters too.
    re.compile(
        r"(?<![^\W_])[^\W_]{2}[. ]?[^\W_]{3}[. ]?[^\W_]{3}[/ ]?[^\W_]{4}[- ]?\d{2}(?![^\W_])", re.A
    ),
)
"""A CPF or CNPJ, however people part them. A CNPJ given out since July 2026 may have letters in its
first twelve places (Receita Federal, IN RFB 2.229/2024)."""
_CPF = re.compile(r"[0-9]{11}")
_CNPJ = re.compile(r"[0-9A-Z]{12}[0-9]{2}")


def parse_tax_id(text: str) -> str | None:
    """The eleven digits of a CPF, or the fourteen places of a CNPJ in capitals, with right check
    digits; else ``None``.

    A phone of eleven digits passes only by accident, once in a hundred.
    """
    bare = re.sub(r"[ .\-/]", "", text.strip()).upper()
    if not (_CPF.fullmatch(bare) or _CNPJ.fullmatch(bare)) or len(set(bare)) == 1:
        return None
    valid = cpf.is_valid(bare) if len(bare) == 11 else cnpj.is_valid(bare)
    return bare if valid else None


def find_tax_ids(text: str) -> list[str]:
    """Every valid document that is written in ``text``, in order."""
    written = [found for pattern in _WRITTEN for found in pattern.finditer(text)]
    ordered = sorted(written, key=lambda found: found.start())
    documents = (parse_tax_id(found[0]) for found in ordered)
    return list(dict.fromkeys(document for document in documents if document is not None))


def replace_tax_ids(text: str, mask: Callable[[str], str]) -> str:
    """The text with every valid document in it replaced by what ``mask`` makes of it as written."""
    for pattern in _WRITTEN:
        text = pattern.sub(
            lambda found: mask(found[0]) if parse_tax_id(found[0]) else found[0], text
        )
    return text


def format_tax_id(document: str) -> str:
    """As people write it: ``529.982.247-25`` or ``11.222.333/0001-81``."""
    if len(document) == 11:
        return f"{document[:3]}.{document[3:6]}.{document[6:9]}-{document[9:]}"
    rest = f"{document[5:8]}/{document[8:12]}-{document[12:]}"
    return f"{document[:2]}.{document[2:5]}.{rest}"


def format_masked_tax_id(document: str) -> str:
    """The same with its last two digits only: enough to compare with a paper at hand."""
    return re.sub(r"[0-9A-Z](?=.*\d.*\d)", "*", format_tax_id(document))
