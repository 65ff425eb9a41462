"""Telephone numbers: one spelling to compare by, and the spellings that a look-up has to try.

Source: Anatel's numbering plan. A Brazilian number is 55, two digits of area code, then a land line
of eight digits (it begins with 2 to 5) or a mobile one of nine, which begins with 9. Until 2016
mobile numbers had eight digits (6 to 9 first); all of them got the 9 in front, so both spellings
are one line. WhatsApp still addresses many of them without it.
"""

import re
from collections.abc import Iterable

_WITHOUT_NINTH = re.compile(r"55([1-9][0-9])([6-9][0-9]{7})")
_BEGUN = re.compile(r"55([1-9][0-9])([6-9][0-9]{0,7})")
_LOCAL = re.compile(r"[1-9][0-9](?:[2-9][0-9]{7}|9[0-9]{8})")


def canonical_phone(digits: str) -> str:
    """``digits`` with country code, as the number is compared: a mobile with its ninth digit."""
    old = _WITHOUT_NINTH.fullmatch(digits)
    return f"55{old[1]}9{old[2]}" if old else digits


def phone_search_prefixes(written: str) -> list[str]:
    """What a canonical number may begin with that somebody writes, in part or whole.

    With or without country code, ninth digit, leading zero and dressing; ``+`` says that the
    country code is there. Empty when there is no digit. 55 is an area code as well as Brazil's
    code: without ``+`` both are tried.
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
    """``digits``, with country code or not, as the canonical number with it; empty when they are no
    whole Brazilian number.
    """
    if _LOCAL.fullmatch(digits):
        return canonical_phone(f"55{digits}")
    national = digits.removeprefix("55")
    return canonical_phone(f"55{national}") if _LOCAL.fullmatch(national) else ""


def is_same_number(phone: str, phones: Iterable[str]) -> bool:
    """Whether one of ``phones``, as an ERP has them, is the line of ``phone``."""
    mine = parse_brazilian_phone(phone)
    return bool(mine) and any(parse_brazilian_phone(each) == mine for each in phones)
