"""Phone numbers: the canonical spelling for comparison, and the spellings that a search has to try.

Source: Anatel's numbering plan. A Brazilian number is 55, an area code of two digits, then a
landline number of eight digits that begins with 2 to 5, or a mobile number of nine digits that
begins with 9. Until 2016 mobile numbers had eight digits and began with 6 to 9; each then got a
leading 9, so both spellings name the same number. WhatsApp still uses many of the old spellings.
"""

import re
from collections.abc import Iterable

_WITHOUT_NINTH = re.compile(r"55([1-9][0-9])([6-9][0-9]{7})")
_BEGUN = re.compile(r"55([1-9][0-9])([6-9][0-9]{0,7})")
_LOCAL = re.compile(r"[1-9][0-9](?:[2-9][0-9]{7}|9[0-9]{8})")


def canonical_phone(digits: str) -> str:
    """Returns the canonical spelling of ``digits``, which begin with the country code: a Brazilian
    mobile number gets its ninth digit.
    """
    old = _WITHOUT_NINTH.fullmatch(digits)
    return f"55{old[1]}9{old[2]}" if old else digits


def phone_search_prefixes(written: str) -> list[str]:
    """Returns the prefixes of canonical numbers that match a number, or part of one, as typed.

    The input may have or lack the country code, the ninth digit, a leading zero and punctuation; a
    leading ``+`` says that the country code is present. Without ``+``, 55 is tried both as an area
    code and as Brazil's country code. The result is empty if the input has no digit.
    """
    digits = re.sub(r"\D", "", written)
    if not digits:
        return []
    if written.strip().startswith("+"):
        whole = [digits]
    else:
        digits = digits.lstrip("0") or digits
        whole = [digits, f"55{digits}"]
    with_ninth = [f"55{m[1]}9{m[2]}" for each in whole if (m := _BEGUN.fullmatch(each))]
    return list(dict.fromkeys([*whole, *with_ninth]))


def parse_brazilian_phone(digits: str) -> str:
    """Returns the canonical number with country code for ``digits`` with or without it; empty if
    they are not a complete Brazilian number.
    """
    if _LOCAL.fullmatch(digits):
        return canonical_phone(f"55{digits}")
    national = digits.removeprefix("55")
    return canonical_phone(f"55{national}") if _LOCAL.fullmatch(national) else ""


def parse_dialled_phone(written: str) -> str:
    """Returns the digits of a complete number with country code, as a person typed it: a number
    with ``+`` of any country, or else a Brazilian number; empty if it is neither.
    """
    digits = re.sub(r"[\s().+/-]", "", written)
    if not (digits.isascii() and digits.isdigit()):
        return ""
    if written.strip().startswith("+") and not digits.startswith("55"):
        return digits if 8 <= len(digits) <= 15 and digits[0] != "0" else ""
    return parse_brazilian_phone(digits.lstrip("0"))


def is_same_number(phone: str, phones: Iterable[str]) -> bool:
    """Whether one of ``phones``, in an ERP's spelling, is the same number as ``phone``."""
    number = parse_brazilian_phone(phone)
    return bool(number) and any(parse_brazilian_phone(each) == number for each in phones)
