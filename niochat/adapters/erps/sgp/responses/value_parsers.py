"""Parses SGP's loosely typed values. An unexpected value counts as absent; nothing raises.

SGP sends numbers as strings, ``"None"``, ``""`` or null for absent, ``" Ativo "`` with spaces,
money as number or text, flags as boolean or 0/1 (SGP reference 3.1).
"""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

MAX_TEXT_LENGTH = 200
"""Limit of names, addresses and other short texts, which reach a model's prompt."""
_NO_OBJECT: Mapping[str, object] = {}
_ABSENT = frozenset({"none", "null"})
_YES = frozenset({"1", "true", "sim", "s", "yes", "on"})
_NO = frozenset({"0", "false", "nao", "n", "no", "off"})
_MAX_MONEY = Decimal(1_000_000)
"""No subscriber's invoice or plan in BRL comes near it; a larger amount was misread."""
_CENT = Decimal("0.01")
_MAX_INTEGER = 10**15
_WHOLE = re.compile(r"(-?[0-9]{1,15})(?:\.0+)?")
_PLAIN_MONEY = re.compile(r"-?[0-9]{1,9}(?:[.,][0-9]{1,2}|\.[0-9]{4,8})?")
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:([.,])[0-9]{3})(?:\1[0-9]{3})*(?!\1)[.,][0-9]{1,2}")
_CLOCK = r"(?:[T ]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?\s*(?:Z|[+-][0-9:]{2,6})?)?"
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})" + _CLOCK)
_LOCAL = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})" + _CLOCK)
_FIRST_YEAR, _LAST_YEAR = 1990, 2100


class UnusableFieldError(ValueError):
    """A required field is missing or unusable. The message names the field, never its value."""


def to_object(value: object) -> Mapping[str, object]:
    """The object, also if it is the only item of a list; otherwise an empty one."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, Mapping) else _NO_OBJECT


def to_rows(value: object) -> Sequence[object] | None:
    """The list; a single object counts as a list of one. ``None`` for anything else."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, Mapping) and value else None


def first_present(source: Mapping[str, object], *names: str) -> object:
    """The value of the first field that is not absent; ``None`` if all are."""
    return next((source[name] for name in names if not is_absent(source.get(name))), None)


def is_absent(value: object) -> bool:
    """Whether the value is one of SGP's ways to send no value."""
    return value is None or (isinstance(value, str) and value.strip().lower() in {"", *_ABSENT})


def to_text(value: object, max_length: int = MAX_TEXT_LENGTH) -> str:
    """One clean line of at most ``max_length`` characters; ``""`` if there is no text.

    Control, format and unpaired surrogate characters are removed, white space is collapsed.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        whole = to_integer(value)
        value = str(whole) if whole is not None else ""
    if not isinstance(value, str) or is_absent(value):
        return ""
    folded = " ".join(value.split())
    return "".join(c for c in folded if unicodedata.category(c)[0] != "C")[:max_length].strip()


def first_present_text(
    source: Mapping[str, object], *names: str, max_length: int = MAX_TEXT_LENGTH
) -> str:
    """The text of the first field that has one, or ``""``."""
    texts = (to_text(source.get(name), max_length) for name in names)
    return next((text for text in texts if text), "")


def fold_text(text: str) -> str:
    """Lower case without accents, for comparing words."""
    split = unicodedata.normalize("NFKD", text)
    return "".join(c for c in split if not unicodedata.combining(c)).casefold()


def to_digits(value: object) -> str:
    """The digits of a text or number."""
    return "".join(c for c in to_text(value) if c in "0123456789")


def to_integer(value: object) -> int | None:
    """The whole number, also of ``"4"``, ``" 4 "``, ``4.0`` or ``True``."""
    if isinstance(value, str):
        match = _WHOLE.fullmatch(value.strip())
        return int(match[1]) if match else None
    if isinstance(value, float) and not (math.isfinite(value) and value.is_integer()):
        return None
    if not isinstance(value, int | float) or abs(value) >= _MAX_INTEGER:
        return None
    return int(value)


def to_flag(value: object) -> bool | None:
    """True or false; ``None`` if the value means neither."""
    if isinstance(value, str):
        word = fold_text(value.strip())
        return True if word in _YES else (False if word in _NO else None)
    number = to_integer(value)
    return bool(number) if number in (0, 1) else None


def to_money(value: object) -> Decimal | None:
    """BRL with two decimal places; ``None`` if the value is no plausible amount.

    Accepts ``99.9``, ``"99,90"``, ``"99.90"``, ``"1.234,56"``, ``"R$ 1.234,56"``. Rejects
    ``"1.234"``, which is ambiguous, and negative, infinite and implausibly large amounts.
    """
    if isinstance(value, str):
        amount = _parse_money(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        # Compare before converting: NaN fails here, and an infinite amount is never converted.
        amount = Decimal(repr(value)) if 0 <= value <= _MAX_MONEY else None
    else:
        return None
    if amount is None or not 0 <= amount <= _MAX_MONEY:
        return None
    return abs(amount).quantize(_CENT, ROUND_HALF_UP)


def _parse_money(text: str) -> Decimal | None:
    bare = text.strip().removeprefix("R$").strip()
    if _PLAIN_MONEY.fullmatch(bare):
        return Decimal(bare.replace(",", "."))
    if len(bare) > 20 or not _GROUPED.fullmatch(bare):
        return None
    whole, cents = re.split(r"[.,](?=[0-9]{1,2}$)", bare)
    return Decimal(re.sub(r"[.,]", "", whole) + "." + cents)


def to_datetime(value: object) -> datetime | None:
    """A date with or without a time, in the provider's local time and without a zone.

    Accepts ``YYYY-MM-DD`` and ``dd/mm/YYYY``. A zone is the provider's own, so it is dropped.
    """
    if not isinstance(value, str):
        return None
    text = value.strip()
    if match := _ISO.fullmatch(text):
        year, month, day = match[1], match[2], match[3]
    elif match := _LOCAL.fullmatch(text):
        day, month, year = match[1], match[2], match[3]
    else:
        return None
    hour, minute, second = (int(part or 0) for part in match.groups()[3:])
    try:
        moment = datetime(int(year), int(month), int(day), hour, minute, second)
    except ValueError:
        return None
    return moment if _FIRST_YEAR <= moment.year <= _LAST_YEAR else None


def to_date(value: object) -> date | None:
    """The day of :func:`to_datetime`."""
    moment = to_datetime(value)
    return moment.date() if moment else None
