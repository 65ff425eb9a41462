"""Invented CPF and CNPJ numbers with valid check digits."""

_CNPJ_WEIGHTS = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)


def build_cpf(base: int) -> str:
    """Build the CPF (11 digits) whose first nine digits are ``base``."""
    digits = [int(each) for each in f"{base:09d}"]
    for _ in range(2):
        weights = range(len(digits) + 1, 1, -1)
        digits.append(_check_digit(digits, weights))
    return "".join(map(str, digits))


def build_cnpj(base: int) -> str:
    """Build the CNPJ (14 digits) of the head office ``0001`` of the company ``base`` (8 digits)."""
    digits = [int(each) for each in f"{base:08d}0001"]
    for _ in range(2):
        digits.append(_check_digit(digits, _CNPJ_WEIGHTS[-len(digits) :]))
    return "".join(map(str, digits))


def format_tax_id(document: str) -> str:
    """Format a tax id as the ERP does: ``123.456.789-09`` or ``12.345.678/0001-95``."""
    if len(document) == 11:
        return f"{document[:3]}.{document[3:6]}.{document[6:9]}-{document[9:]}"
    tail = f"{document[8:12]}-{document[12:]}"
    return f"{document[:2]}.{document[2:5]}.{document[5:8]}/{tail}"


def _check_digit(digits: list[int], weights: range | tuple[int, ...]) -> int:
    rest = sum(digit * weight for digit, weight in zip(digits, weights, strict=True)) % 11
    return 0 if rest < 2 else 11 - rest
