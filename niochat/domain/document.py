"""CPF and CNPJ: told from other numbers by their check digits (Receita Federal's rule)."""

import re
from collections.abc import Sequence

_BETWEEN = r"[ .\-/]{0,3}"
_WRITTEN = tuple(
    re.compile(rf"(?<!\d)\d(?:{_BETWEEN}\d){{{digits - 1}}}(?!\d)") for digits in (11, 14)
)
"""A number of eleven or fourteen digits, however people part them."""


def valid_document(text: str) -> str | None:
    """The digits of a CPF (11) or CNPJ (14) with right check digits, else ``None``.

    A phone of eleven digits passes only by accident, once in a hundred.
    """
    digits = re.sub(r"[ .\-/]", "", text.strip())
    if not digits.isascii() or not digits.isdigit() or len(set(digits)) == 1:
        return None
    return digits if _checks(digits) else None


def documents_in(text: str) -> list[str]:
    """Every valid document that is written in ``text``, in order."""
    written = [found for pattern in _WRITTEN for found in pattern.finditer(text)]
    ordered = sorted(written, key=lambda found: found.start())
    documents = (valid_document(found[0]) for found in ordered)
    return [document for document in documents if document is not None]


def _checks(digits: str) -> bool:
    weights: list[Sequence[int]]
    match len(digits):
        case 11:
            weights = [range(10, 1, -1), range(11, 1, -1)]
        case 14:
            first = [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]
            weights = [first, [6, *first]]
        case _:
            return False
    return all(_check_digit(digits, weight) == int(digits[len(weight)]) for weight in weights)


def _check_digit(digits: str, weights: Sequence[int]) -> int:
    total = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))
    rest = total % 11
    return 0 if rest < 2 else 11 - rest


def written(document: str) -> str:
    """As people write it: ``529.982.247-25`` or ``11.222.333/0001-81``."""
    if len(document) == 11:
        return f"{document[:3]}.{document[3:6]}.{document[6:9]}-{document[9:]}"
    rest = f"{document[5:8]}/{document[8:12]}-{document[12:]}"
    return f"{document[:2]}.{document[2:5]}.{rest}"


def masked_document(document: str) -> str:
    """The same with its last two digits only: enough to compare with a paper at hand."""
    return re.sub(r"\d(?=.*\d.*\d)", "*", written(document))
